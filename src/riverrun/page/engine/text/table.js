/** Tokenizers whose symbols stand in a table: characters, words, clauses, and symbols with spaces between them. */

import { InputError, ModelError } from "../errors.js";
import { splitAtBlanks, splitChineseWords, splitClauses, splitWords } from "./splitting.js";
import { START, UNKNOWN, Vocabulary } from "./vocabulary.js";

/**
 * @typedef {import("./tokenizer.js").Tokenizer} Tokenizer
 * @typedef {import("./normalizing.js").Normalizer} Normalizer
 * @typedef {{unit: string, symbols: string[], unknown: string}} Table
 */

/**
 * Splits text into units and looks each up. Under the policy `spell` a unit outside the vocabulary is spelled: each of
 * its characters is a symbol.
 * @param {Table} table
 * @param {Normalizer} normalize
 * @returns {Tokenizer}
 */
export function tableTokenizer({ unit, symbols, unknown }, normalize) {
  const vocabulary = new Vocabulary(symbols);
  const split = splitter(unit, vocabulary);
  const spell = (/** @type {string} */ piece) => (vocabulary.ids.has(piece) ? [piece] : Array.from(piece));
  const unitsOf = (/** @type {string} */ text) => {
    const units = split(normalize(text));
    return unknown === "spell" ? units.flatMap(spell) : units;
  };
  return {
    unit,
    size: vocabulary.size,
    normalize,
    encode: (text) => lookUp(unitsOf(text), vocabulary, unknown),
    decoder: () => ({ push: (id) => vocabulary.text(id), flush: () => "" }),
    unseen: (text) => unseen(unitsOf(text), vocabulary),
    shown: (id) => vocabulary.text(id),
  };
}

/**
 * Splits at spaces and joins with one.
 * @param {Table} table
 * @param {Normalizer} normalize
 * @returns {Tokenizer}
 */
export function spacedTokenizer({ symbols, unknown }, normalize) {
  const vocabulary = new Vocabulary(symbols);
  return {
    unit: "symbols",
    size: vocabulary.size,
    normalize,
    encode: (text) => lookUp(splitAtBlanks(normalize(text)), vocabulary, unknown),
    decoder: () => spacedDecoder(vocabulary),
    unseen: (text) => unseen(splitAtBlanks(normalize(text)), vocabulary),
    shown: (id) => vocabulary.text(id),
  };
}

/**
 * @param {string} unit
 * @param {Vocabulary} vocabulary
 * @returns {(text: string) => string[]}
 */
function splitter(unit, vocabulary) {
  switch (unit) {
    case "char":
      return (text) => Array.from(text);
    case "word":
      return splitWords;
    case "clause":
      return splitClauses;
    case "jieba": {
      const longest = vocabulary.symbols.reduce((most, word) => Math.max(most, Array.from(word).length), 1);
      return (text) => splitChineseWords(text, vocabulary.ids, longest);
    }
    default:
      throw new ModelError(`tokenizer.json: unit '${unit}' is not known to this version of riverrun`);
  }
}

/**
 * Ids of units, with unknown ones kept, left out or refused.
 * @param {string[]} units
 * @param {Vocabulary} vocabulary
 * @param {string} policy
 */
function lookUp(units, vocabulary, policy) {
  const ids = Int32Array.from(units, (unit) => vocabulary.ids.get(unit) ?? UNKNOWN);
  if (policy === "unknown" || policy === "spell" || !ids.includes(UNKNOWN)) return ids;
  if (policy === "refuse") {
    throw new InputError(
      `${describe(unseen(units, vocabulary))} not in the model's vocabulary, ` +
        "and its settings refuse unknown symbols (text.unknown = refuse)",
    );
  }
  return ids.filter((id) => id !== UNKNOWN);
}

/**
 * Units outside the vocabulary, with counts.
 * @param {string[]} units
 * @param {Vocabulary} vocabulary
 */
function unseen(units, vocabulary) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const unit of units) {
    if (!vocabulary.ids.has(unit)) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  }
  return counts;
}

/**
 * `'é', 'ß' (2 times) and 3 more` for messages.
 * @param {Map<string, number>} units
 * @param {number} most
 */
export function describe(units, most = 5) {
  let named = Array.from(units, ([unit, count]) => quoted(unit) + (count > 1 ? ` (${count} times)` : ""));
  if (named.length > most) named = [...named.slice(0, most), `${named.length - most} more`];
  return named.length < 2 ? named.join("") : `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
}

/** @param {string} unit */
function quoted(unit) {
  return `'${JSON.stringify(unit).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/**
 * @param {Vocabulary} vocabulary
 * @returns {import("./tokenizer.js").StreamDecoder}
 */
function spacedDecoder(vocabulary) {
  let begun = false;
  return {
    push: (id) => {
      if (id === START) return "";
      const text = vocabulary.text(id);
      const space = begun && text ? " " : "";
      begun ||= text !== "";
      return space + text;
    },
    flush: () => "",
  };
}
