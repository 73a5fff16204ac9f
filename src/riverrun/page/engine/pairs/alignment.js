/** Which source symbol each target symbol belongs to: the actions of a transducer that write a given target. */

import { START } from "../text/vocabulary.js";

/**
 * @typedef {object} Aligner log-probabilities of the edits that turn a source into a target
 * @property {Float64Array} substitution [Vs, Vt], row by row
 * @property {Float64Array} insertion [Vt]
 * @property {Float64Array} deletion [Vs]
 */

/**
 * @param {import("../files.js").Tensors} tensors
 * @param {number} source
 * @param {number} target
 * @returns {Aligner}
 */
export function readAligner(tensors, source, target) {
  const logs = (/** @type {Float32Array} */ values) =>
    Float64Array.from(values, (value) => Math.log(Math.max(value, 1e-30)));
  return {
    substitution: logs(tensors.read("substitution", [source, target])),
    insertion: logs(tensors.read("insertion", [target])),
    deletion: logs(tensors.read("deletion", [source])),
  };
}

/**
 * Actions of the most likely alignment, the boundary symbol last: a < V writes a and stays, V + a writes a and moves
 * on, 2V moves on.
 * @param {Aligner} aligner
 * @param {ArrayLike<number>} source
 * @param {ArrayLike<number>} target
 * @returns {number[]}
 */
export function actions({ substitution, insertion, deletion }, source, target) {
  const vocabulary = insertion.length;
  const [n, m] = [source.length, target.length];
  const best = new Float64Array((n + 1) * (m + 1)).fill(-Infinity);
  const edit = new Uint8Array(best.length); // 0 substitution, 1 deletion, 2 insertion
  best[0] = 0;
  const at = (/** @type {number} */ i, /** @type {number} */ j) => i * (m + 1) + j;
  const offer = (/** @type {number} */ cell, /** @type {number} */ value, /** @type {number} */ kind) => {
    if (value > best[cell]) [best[cell], edit[cell]] = [value, kind];
  };
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      const [from, to] = [source[i - 1], target[j - 1]];
      if (i && j) offer(at(i, j), best[at(i - 1, j - 1)] + substitution[from * vocabulary + to], 0);
      if (i) offer(at(i, j), best[at(i - 1, j)] + deletion[from], 1);
      if (j) offer(at(i, j), best[at(i, j - 1)] + insertion[to], 2);
    }
  }
  const path = [START];
  for (let i = n, j = m; i > 0 || j > 0;) {
    const kind = edit[at(i, j)];
    path.push(kind === 0 ? vocabulary + target[j - 1] : kind === 1 ? 2 * vocabulary : target[j - 1]);
    if (kind !== 2) i -= 1;
    if (kind !== 1) j -= 1;
  }
  return path.reverse();
}
