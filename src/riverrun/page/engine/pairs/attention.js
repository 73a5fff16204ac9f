/** Soft attention: how much of each source position a decoder's output looks at. */

import { linear } from "./layers.js";

/**
 * @typedef {object} Attention
 * @property {(outputs: Float32Array[]) => Float32Array[]} keys [S] of a source's outputs, once a source
 * @property {(query: Float32Array, keys: Float32Array[]) => Float32Array} scores [S]; the query is not kept
 */

/**
 * @param {import("../kernel.js").Kernel} kernel
 * @param {import("../files.js").Tensors} tensors
 * @param {string} prefix
 * @param {"dot" | "additive"} kind
 * @param {number} query width H
 * @param {number} memory width C
 * @returns {Attention}
 */
export function makeAttention(kernel, tensors, prefix, kind, query, memory) {
  return kind === "dot"
    ? dotAttention(kernel, tensors, prefix, query, memory)
    : additiveAttention(kernel, tensors, prefix, query, memory);
}

/**
 * The product of a query and a projected source output (Luong et al. 2015, "general"), scaled.
 * @param {import("../kernel.js").Kernel} kernel
 * @param {import("../files.js").Tensors} tensors
 * @param {string} prefix
 * @param {number} query
 * @param {number} memory
 * @returns {Attention}
 */
function dotAttention(kernel, tensors, prefix, query, memory) {
  const projection = linear(kernel, tensors, `${prefix}projection`, query, memory, false);
  const scale = query ** -0.5;
  return {
    keys: (outputs) => outputs.map((output) => projection.apply(output).slice()),
    scores: (given, keys) => Float32Array.from(keys, (key) => dot(given, key) * scale),
  };
}

/**
 * One hidden layer on the sum of a projected query and a projected source output (Bahdanau et al. 2015).
 * @param {import("../kernel.js").Kernel} kernel
 * @param {import("../files.js").Tensors} tensors
 * @param {string} prefix
 * @param {number} query
 * @param {number} memory
 * @returns {Attention}
 */
function additiveAttention(kernel, tensors, prefix, query, memory) {
  const ofQuery = linear(kernel, tensors, `${prefix}of_query`, query, query, false);
  const ofMemory = linear(kernel, tensors, `${prefix}of_memory`, query, memory);
  const score = tensors.read(`${prefix}score.weight`, [1, query]);
  const hidden = kernel.allocate(query);
  return {
    keys: (outputs) => outputs.map((output) => ofMemory.apply(output).slice()),
    scores(given, keys) {
      const projected = ofQuery.apply(given).slice();
      return Float32Array.from(keys, (key) => {
        const room = kernel.memory.subarray(hidden, hidden + query);
        for (let unit = 0; unit < query; unit++) room[unit] = projected[unit] + key[unit];
        kernel.squash(hidden, query);
        return dot(score, room);
      });
    },
  };
}

/**
 * @param {Float32Array} first
 * @param {Float32Array} second
 */
function dot(first, second) {
  let sum = 0;
  for (let i = 0; i < first.length; i++) sum += first[i] * second[i];
  return sum;
}

/**
 * Softmax of scores [S], and the mean of the source's outputs by these weights.
 * @param {Float32Array} scores
 * @param {Float32Array[]} outputs
 */
export function look(scores, outputs) {
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const weights = scores.map((score) => Math.exp(score - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const context = new Float32Array(outputs[0].length);
  outputs.forEach((output, place) => {
    weights[place] /= total;
    for (let i = 0; i < context.length; i++) context[i] += weights[place] * output[i];
  });
  return { weights, context };
}
