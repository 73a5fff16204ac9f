/**
 * Cutting text into units. The patterns are those of Python's `text/splitting.py`; blanks are Unicode's White_Space,
 * which JavaScript's own `\s` is not quite.
 */

const WORD = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}[\p{L}\p{M}]*)*|\p{N}+|\n|(?:(?!\n)\p{White_Space})+|./gsu;
const MARK = String.raw`(?![\p{Pd}\p{Pc}'’·&@#%*/\\])\p{P}`;
const CLAUSE = new RegExp(String.raw`${MARK}|\n|(?:(?!${MARK}|\n).)+`, "gsu");
const HAN_OR_NOT = /\p{Script=Han}+|\P{Script=Han}+/gu;
const HAN = /^\p{Script=Han}/u;
const BLANK = "[\\p{White_Space}\\x1c-\\x1f]"; // as Python's str.split takes them
const BLANKS = new RegExp(`${BLANK}+`, "u");
const VISIBLE = new RegExp(`(?!${BLANK}).`, "su");

/**
 * Words, numbers, punctuation marks, blanks and newlines; joined they are the text.
 * @param {string} text
 * @returns {string[]}
 */
export function splitWords(text) {
  return text.match(WORD) ?? [];
}

/**
 * Stretches of text between punctuation marks and newlines, and these.
 * @param {string} text
 * @returns {string[]}
 */
export function splitClauses(text) {
  return text.match(CLAUSE) ?? [];
}

/**
 * Chinese words by longest match in a vocabulary; all else as `splitWords` does. Python cuts Chinese by jieba's
 * dictionary, which is too large for a page.
 * @param {string} text
 * @param {{has: (word: string) => boolean}} known
 * @param {number} longest characters in the longest known word
 * @returns {string[]}
 */
export function splitChineseWords(text, known, longest) {
  const units = [];
  for (const run of text.match(HAN_OR_NOT) ?? []) {
    if (HAN.test(run)) units.push(...longestMatches(Array.from(run), known, longest));
    else units.push(...splitWords(run));
  }
  return units;
}

/**
 * @param {string[]} characters
 * @param {{has: (word: string) => boolean}} known
 * @param {number} longest
 */
function longestMatches(characters, known, longest) {
  const words = [];
  for (let start = 0; start < characters.length;) {
    let length = Math.min(longest, characters.length - start);
    while (length > 1 && !known.has(characters.slice(start, start + length).join(""))) length -= 1;
    words.push(characters.slice(start, start + length).join(""));
    start += length;
  }
  return words;
}

/**
 * Pieces between blanks.
 * @param {string} text
 * @returns {string[]}
 */
export function splitAtBlanks(text) {
  return text.split(BLANKS).filter((piece) => piece);
}

/**
 * Whether there is anything but blanks.
 * @param {string} text
 */
export function hasVisible(text) {
  return VISIBLE.test(text);
}
