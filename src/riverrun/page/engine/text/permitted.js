/** Which symbols may be written where, when symbols stand for bytes: whole characters only, as Python's `permitted.py`. */

const NEVER = 255;
const LOOK_BACK = 4; // symbols that tell the condition: of four bytes in a row one begins a character

// For each condition the ranges of bytes that may follow, and the condition after each (Unicode Standard, table 3-7).
const FOLLOWING = [
  "00-7f:0 c2-df:1 e0-e0:4 e1-ec:2 ed-ed:5 ee-ef:2 f0-f0:6 f1-f3:3 f4-f4:7",
  "80-bf:0",
  "80-bf:1",
  "80-bf:2",
  "a0-bf:1",
  "80-9f:1",
  "90-bf:2",
  "80-8f:2",
].map((ranges) => ranges.split(" ").map((each) => ({ first: parseInt(each, 16), last: parseInt(each.slice(3), 16), after: Number(each[6]) })));

export class Permitted {
  /**
   * @param {(id: number) => Uint8Array} bytesOf
   * @param {number} size of the vocabulary
   */
  constructor(bytesOf, size) {
    const pieces = Array.from({ length: size }, (_, id) => bytesOf(id));
    this.table = Array.from({ length: FOLLOWING.length }, (_, condition) =>
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
  return FOLLOWING[condition].find(({ first, last }) => byte >= first && byte <= last)?.after ?? NEVER;
}

