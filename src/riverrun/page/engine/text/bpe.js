/** Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019), as Hugging Face tokenizers store it. */

import { ModelError } from "../errors.js";
import { NOTHING, showBytes, utf8Decoder } from "./bytes.js";
import { SPECIAL } from "./vocabulary.js";

// GPT-2's pattern, which byte-level models of that library cut text with.
const BLANK = "\\p{White_Space}";
const PIECE = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?(?:(?![${BLANK}\\p{L}\\p{N}]).)+|${BLANK}+(?!\\P{White_Space})|${BLANK}+`,
  "gsu",
);

/**
 * @param {any} model the `model` entry of tokenizer.json
 * @param {import("./normalizing.js").Normalizer} normalize
 * @returns {import("./tokenizer.js").Tokenizer}
 */
export function bpeTokenizer(model, normalize) {
  const { vocab, merges } = model?.model ?? {};
  if (!vocab || typeof vocab !== "object" || !Array.isArray(merges)) {
    throw new ModelError("tokenizer.json: its subwords are not byte-level BPE as riverrun writes it");
  }
  const characterOf = byteCharacters();
  const byteOf = new Map(characterOf.map((character, byte) => [character, byte]));
  /** @type {Map<string, number>} */
  const ids = new Map(Object.entries(vocab));
  /** @type {Map<string, number>} */
  const ranks = new Map(
    merges.map((/** @type {string | string[]} */ merge, /** @type {number} */ rank) => [
      typeof merge === "string" ? merge : merge.join(" "),
      rank,
    ]),
  );
  /** @type {Map<number, Uint8Array>} */
  const bytes = new Map();
  for (const [token, id] of ids) {
    bytes.set(
      id + SPECIAL,
      Uint8Array.from(token, (character) => byteOf.get(character) ?? 0),
    );
  }
  const bytesOf = (/** @type {number} */ id) => bytes.get(id) ?? NOTHING;
  const encodePiece = remembering((piece) => {
    const characters = Array.from(new TextEncoder().encode(piece), (byte) => characterOf[byte]);
    return merge(characters, ranks).map((token) => (ids.get(token) ?? -SPECIAL) + SPECIAL);
  });
  return {
    unit: "bpe",
    size: ids.size + SPECIAL,
    normalize,
    encode: (text) => Int32Array.from((normalize(text).match(PIECE) ?? []).flatMap(encodePiece)),
    decoder: () => utf8Decoder(bytesOf),
    bytesOf,
    unseen: () => new Map(),
    shown: (id) => showBytes(bytesOf(id)),
  };
}

/**
 * Join neighbours, always the pair that was learned first, the leftmost of several.
 * @param {string[]} tokens
 * @param {Map<string, number>} ranks
 */
function merge(tokens, ranks) {
  for (;;) {
    let best = Infinity;
    let place = -1;
    for (let i = 0; i + 1 < tokens.length; i++) {
      const rank = ranks.get(`${tokens[i]} ${tokens[i + 1]}`) ?? Infinity;
      if (rank < best) [best, place] = [rank, i];
    }
    if (place < 0) return tokens;
    tokens.splice(place, 2, tokens[place] + tokens[place + 1]);
  }
}

/**
 * The printable stand-in for each byte.
 * @returns {string[]}
 */
function byteCharacters() {
  const printable = (/** @type {number} */ byte) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : 256 + others++),
  );
}

const REMEMBERED = 10_000;

/**
 * A function of words that keeps what it has found.
 * @param {(piece: string) => number[]} find
 * @returns {(piece: string) => number[]}
 */
function remembering(find) {
  /** @type {Map<string, number[]>} */
  const known = new Map();
  return (piece) => {
    const found = known.get(piece) ?? find(piece);
    if (known.size < REMEMBERED) known.set(piece, found);
    return found;
  };
}
