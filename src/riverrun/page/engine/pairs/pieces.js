/** Sources far longer than any in training are translated in pieces, as Python's `generation/long_sources.py` cuts them. */

const FAR = 10; // a source is cut from so many times the longest of training on,
const LONG = 1000; // and from so many symbols

/**
 * Symbols of a source that is translated as a whole.
 * @param {number} longest source of training
 */
export function mostAtOnce(longest) {
  return Math.max(LONG, FAR * longest);
}

/**
 * Pieces of a source [S], each of at most so many symbols, cut at its last blank if it has one, else anywhere. Blanks at
 * the ends of pieces are left out, and so are pieces of nothing else.
 * @param {ArrayLike<number>} source
 * @param {(id: number) => boolean} isBlank
 * @param {number} most
 * @returns {number[][]}
 */
export function pieces(source, isBlank, most) {
  const ids = Array.from(source);
  const found = [];
  for (let start = 0, stop = 0; start < ids.length; start = stop) {
    stop = start + most;
    if (stop < ids.length) {
      let cut = stop;
      while (cut > start && !isBlank(ids[cut])) cut -= 1;
      if (cut > start) stop = cut;
    }
    const piece = ids.slice(start, stop);
    while (piece.length && isBlank(piece[0])) piece.shift();
    while (piece.length && isBlank(/** @type {number} */ (piece.at(-1)))) piece.pop();
    if (piece.length) found.push(piece);
  }
  return found;
}
