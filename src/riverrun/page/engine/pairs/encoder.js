/** The encoder: reads a whole source, in both directions if the model does. */

import { embedding, reader } from "./layers.js";

/**
 * @typedef {object} Memory a source as it was read
 * @property {Float32Array[]} outputs [S] of width C each, the boundary symbol's last
 * @property {Float32Array} ends what the readers end with
 */

/**
 * @param {import("../kernel.js").Kernel} kernel
 * @param {import("../files.js").Tensors} tensors
 * @param {string} prefix
 * @param {Record<string, any>} model the `[model]` section of the settings
 * @param {number} vocabulary
 * @returns {(ids: ArrayLike<number>) => Memory} ids with the boundary symbol
 */
export function makeEncoder(kernel, tensors, prefix, model, vocabulary) {
  const shape = { core: model.core, hidden: model.hidden, layers: 1, kernel: model.kernel };
  const directions = model.bidirectional ? ["forwards", "backwards"] : ["forwards"];
  const width = directions.length * model.hidden;
  const vector = embedding(tensors, `${prefix}embedding.weight`, vocabulary, model.embedding);
  const layers = Array.from({ length: model.layers }, (_, layer) =>
    directions.map((name) =>
      reader(kernel, tensors, `${prefix}${name}.${layer}.`, shape, layer ? width : model.embedding),
    ),
  );
  return (ids) => {
    let rows = Array.from(ids, (id) => vector(id));
    let ends = new Float32Array(width);
    for (const readers of layers) {
      const read = readers.map((each, direction) => readAll(each, rows, direction === 1));
      rows = rows.map((_, place) => joined(read.map((outputs) => outputs[place])));
      ends = joined(read.map((outputs, direction) => outputs[direction ? 0 : rows.length - 1]));
    }
    return { outputs: rows, ends };
  };
}

/**
 * Outputs at each place of vectors read in order, or backwards.
 * @param {import("./layers.js").Reader} reader
 * @param {Float32Array[]} rows
 * @param {boolean} backwards
 */
function readAll({ core, read }, rows, backwards) {
  const outputs = Array.from(rows, () => new Float32Array(core.width));
  core.restore(new Float32Array(core.stateSize));
  for (let t = 0; t < rows.length; t++) {
    const place = backwards ? rows.length - 1 - t : t;
    outputs[place].set(read(rows[place]));
  }
  return outputs;
}

/** @param {Float32Array[]} parts */
function joined(parts) {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
