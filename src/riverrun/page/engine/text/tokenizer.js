/** Tokenizers: text to ids and back, exactly as Python's `text/` does. */

import { InputError, ModelError } from "../errors.js";
import { bpeTokenizer } from "./bpe.js";
import { byteTokenizer } from "./bytes.js";
import { normalizer } from "./normalizing.js";
import { describe, spacedTokenizer, tableTokenizer } from "./table.js";

/**
 * @typedef {object} StreamDecoder ids into text as they come; never gives out part of a character
 * @property {(id: number) => string} push text that became certain with this id
 * @property {() => string} flush text still held back at the end
 */

/**
 * @typedef {object} Tokenizer id 0 is the unknown symbol, id 1 the start of a document
 * @property {string} unit
 * @property {number} size ids V, the two special ones included
 * @property {import("./normalizing.js").Normalizer} normalize
 * @property {(text: string) => Int32Array} encode
 * @property {() => StreamDecoder} decoder
 * @property {(text: string) => Map<string, number>} unseen units outside the vocabulary, with counts
 * @property {(id: number) => string} shown one symbol for the eye
 * @property {(id: number) => Uint8Array} [bytesOf] where symbols stand for bytes
 */

/**
 * @param {any} document what tokenizer.json holds, or one side of it
 * @returns {Tokenizer}
 */
export function tokenizerFrom(document) {
  const unit = document?.unit;
  const normalize = normalizer(document?.normalizer ?? {});
  if (unit === "byte") return byteTokenizer(normalize);
  if (unit === "bpe") return bpeTokenizer(document.model, normalize);
  const { symbols, unknown } = document ?? {};
  if (!Array.isArray(symbols) || symbols.some((symbol) => typeof symbol !== "string")) {
    throw new ModelError("tokenizer.json cannot be read: it has no table of symbols");
  }
  const table = { unit, symbols, unknown };
  return unit === "symbols" ? spacedTokenizer(table, normalize) : tableTokenizer(table, normalize);
}

/**
 * The text of ids.
 * @param {Tokenizer} tokenizer
 * @param {Iterable<number>} ids
 */
export function decode(tokenizer, ids) {
  const decoder = tokenizer.decoder();
  let text = "";
  for (const id of ids) text += decoder.push(id);
  return text + decoder.flush();
}

/**
 * What each id adds to the text; what was held back at the end goes to the last.
 * @param {Tokenizer} tokenizer
 * @param {ArrayLike<number>} ids
 * @returns {string[]}
 */
export function pieces(tokenizer, ids) {
  const decoder = tokenizer.decoder();
  const texts = Array.from(ids, (id) => decoder.push(id));
  if (texts.length) texts[texts.length - 1] += decoder.flush();
  return texts;
}

/**
 * What to say about units that the model has not met; nothing if there are none.
 * @param {Map<string, number>} unseen
 * @param {string} policy
 * @returns {string[]}
 */
export function unseenWarnings(unseen, policy) {
  const action = policy === "skip" ? "left out" : "read as <unknown>";
  return unseen.size ? [`never seen in training and ${action}: ${describe(unseen)}`] : [];
}

/**
 * Refuse what is not text: half of a character.
 * @param {string} text
 */
export function checkText(text) {
  const place = text.search(/\p{Surrogate}/u);
  if (place >= 0) throw new InputError(`what was given is not text: half a character at place ${place}`);
}
