/** Which symbols may be written where, when symbols stand for bytes: whole characters only, as Python's `permitted.py`. */

const NEVER = 255;
const LOOK_BACK = 4; // symbols that tell the condition: of four bytes in a row one begins a character

// First and last byte of a range, and the condition after it (Unicode Standard, table 3-7).
const FIRST = [
  [0x00, 0x7f, 0],
  [0xc2, 0xdf, 1],
  [0xe0, 0xe0, 4],
  [0xe1, 0xec, 2],
  [0xed, 0xed, 5],
  [0xee, 0xef, 2],
  [0xf0, 0xf0, 6],
  [0xf1, 0xf3, 3],
  [0xf4, 0xf4, 7],
];
// What may follow in conditions 1 to 7, and the condition after it.
const LATER = [
  [0x80, 0xbf, 0],
  [0x80, 0xbf, 1],
  [0x80, 0xbf, 2],
  [0xa0, 0xbf, 1],
  [0x80, 0x9f, 1],
  [0x90, 0xbf, 2],
  [0x80, 0x8f, 2],
];

export class Permitted {
  /**
   * @param {(id: number) => Uint8Array} bytesOf
   * @param {number} size of the vocabulary
   */
  constructor(bytesOf, size) {
    const pieces = Array.from({ length: size }, (_, id) => bytesOf(id));
    this.table = Array.from({ length: 1 + LATER.length }, (_, condition) =>
      Uint8Array.from(pieces, (piece) => (piece.length ? piece.reduce(afterByte, condition) : NEVER)),
    );
  }

  /**
   * The condition after the latest symbols, oldest first; one that may not stand where it does begins anew.
   * @param {ArrayLike<number>} latest
   */
  after(latest) {
    let possible = latest.length <= LOOK_BACK ? [0] : Array.from(this.table.keys());
    for (let place = Math.max(0, latest.length - LOOK_BACK); place < latest.length; place++) {
      const reached = possible.map((condition) => this.table[condition][latest[place]]);
      possible = reached.filter((condition) => condition !== NEVER);
      if (!possible.length) possible = [0];
    }
    return Math.min(...possible);
  }

  /**
   * The condition after one more symbol.
   * @param {number} condition
   * @param {number} id
   */
  next(condition, id) {
    const reached = this.table[condition][id];
    return reached === NEVER ? 0 : reached;
  }

  /**
   * Logits in which what may not stand there is impossible.
   * @param {Float32Array} logits
   * @param {number} condition
   */
  mask(logits, condition) {
    const row = this.table[condition];
    for (let id = 0; id < row.length; id++) if (row[id] === NEVER) logits[id] = -Infinity;
    return logits;
  }
}

/**
 * @param {import("./tokenizer.js").Tokenizer} tokenizer
 * @returns {Permitted | null} null where any symbol may follow any other
 */
export function permittedBy(tokenizer) {
  return tokenizer.bytesOf ? new Permitted(tokenizer.bytesOf, tokenizer.size) : null;
}

/**
 * @param {number} condition
 * @param {number} byte
 */
function afterByte(condition, byte) {
  if (condition === NEVER) return NEVER;
  const ranges = condition === 0 ? FIRST : [LATER[condition - 1]];
  return ranges.find(([first, last]) => byte >= first && byte <= last)?.[2] ?? NEVER;
}

