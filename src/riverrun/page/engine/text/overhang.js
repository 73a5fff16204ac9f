/**
 * How the end of a prompt may be read otherwise, as Python's `text/overhang.py` finds it: as the beginning of a symbol
 * that goes on after it.
 */

import { SPECIAL } from "./vocabulary.js";

export const MOST = 64; // symbols at the end of a prompt that are read otherwise

/** Finds them among the symbols of a tokenizer. */
export class Readings {
  /** @param {import("./tokenizer.js").Tokenizer} tokenizer */
  constructor(tokenizer) {
    this.pieces = Array.from({ length: tokenizer.size }, (_, id) => pieceOf(tokenizer, id));
    const { pieces } = this;
    this.order = Array.from(pieces.keys()).sort((a, b) => (pieces[a] < pieces[b] ? -1 : Number(pieces[a] > pieces[b])));
    this.longest = pieces.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /**
   * For each of the last N of a prompt's ids the symbols that begin with the text from there on and are longer; none
   * where no symbol goes on after the prompt.
   * @param {ArrayLike<number>} ids
   * @param {number} kept ids that must be read as they are
   * @returns {number[][]} [N], in the order of the text
   */
  overhang(ids, kept) {
    const longer = [];
    let length = 0;
    let text = "";
    for (let back = 1; back <= Math.min(MOST, ids.length - kept); back++) {
      const piece = this.pieces[ids[ids.length - back]];
      text = piece + text;
      if (!piece || text.length >= this.longest) break;
      longer.push(this.goingOn(text));
      if (longer[back - 1].length) length = back;
    }
    return longer.slice(0, length).reverse();
  }

  /**
   * Symbols that begin with a text and are longer.
   * @param {string} text
   */
  goingOn(text) {
    const { order, pieces } = this;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pieces[order[middle]] <= text) low = middle + 1;
      else high = middle;
    }
    const first = low;
    while (low < order.length && pieces[order[low]].startsWith(text)) low += 1;
    return order.slice(first, low);
  }
}

/**
 * The bytes of UTF-8 that an id stands for, each a character: so they are compared as bytes. Special ones are nothing.
 * @param {import("./tokenizer.js").Tokenizer} tokenizer
 * @param {number} id
 */
function pieceOf(tokenizer, id) {
  if (id < SPECIAL) return "";
  const bytes = tokenizer.bytesOf?.(id) ?? new TextEncoder().encode(tokenizer.shown(id));
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
