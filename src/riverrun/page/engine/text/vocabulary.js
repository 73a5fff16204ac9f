/** The table of symbols of a tokenizer. */

export const UNKNOWN = 0;
export const START = 1;
export const SPECIAL = 2; // ids below this are not text
const REPLACEMENT = "\ufffd"; // how the unknown symbol is shown

/** Symbols in order of id; the first has id `SPECIAL`. */
export class Vocabulary {
  /** @param {string[]} symbols */
  constructor(symbols) {
    this.symbols = symbols;
    /** @type {Map<string, number>} */
    this.ids = new Map(symbols.map((symbol, index) => [symbol, index + SPECIAL]));
    this.size = symbols.length + SPECIAL;
  }

  /**
   * What an id stands for; the start symbol is empty.
   * @param {number} id
   */
  text(id) {
    if (id < SPECIAL) return id === UNKNOWN ? REPLACEMENT : "";
    return this.symbols[id - SPECIAL];
  }
}
