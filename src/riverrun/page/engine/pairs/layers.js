/** The pieces that translators are made of: linear maps, and cores that read vectors. */

import { entryOf, makeCore, matrixOf, place } from "../cores.js";

/**
 * @typedef {import("../kernel.js").Kernel} Kernel
 * @typedef {import("../files.js").Tensors} Tensors
 */

/**
 * A linear map of vectors that are not in the kernel's memory.
 * @typedef {object} Linear
 * @property {number} out place of the latest result
 * @property {number} rows
 * @property {(...parts: Float32Array[]) => Float32Array} apply to parts set end to end; the result is a view that the
 *   next one changes
 */

/**
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} name
 * @param {number} rows
 * @param {number} columns
 * @param {boolean} biased
 * @returns {Linear}
 */
export function linear(kernel, tensors, name, rows, columns, biased = true) {
  const matrix = matrixOf(kernel, tensors, `${name}.weight`, rows, columns);
  const bias = place(kernel, biased ? tensors.read(`${name}.bias`, [rows]) : new Float32Array(rows));
  const [x, out] = [kernel.allocate(columns), kernel.allocate(rows)];
  return {
    out,
    rows,
    apply(...parts) {
      setEndToEnd(kernel, x, parts);
      kernel.product(matrix, x, bias, out);
      return kernel.memory.subarray(out, out + rows);
    },
  };
}

/**
 * A core that reads vectors.
 * @typedef {object} Reader
 * @property {import("../cores.js").Core} core
 * @property {(...parts: Float32Array[]) => Float32Array} read the output after parts set end to end; a view
 */

/**
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {import("../cores.js").Shape} shape
 * @param {number} inputs
 * @returns {Reader}
 */
export function reader(kernel, tensors, prefix, shape, inputs) {
  const { values, bias, rows } = entryOf(tensors, prefix, shape, inputs);
  const matrix = kernel.matrix(values, rows, inputs);
  const biasPlace = place(kernel, bias);
  const [x, given] = [kernel.allocate(inputs), kernel.allocate(rows)];
  const core = makeCore(kernel, tensors, prefix, shape);
  return {
    core,
    read(...parts) {
      setEndToEnd(kernel, x, parts);
      kernel.product(matrix, x, biasPlace, given);
      core.step(given, []);
      return kernel.memory.subarray(core.output, core.output + core.width);
    },
  };
}

/**
 * @param {Kernel} kernel
 * @param {number} x
 * @param {Float32Array[]} parts
 */
function setEndToEnd(kernel, x, parts) {
  let at = x;
  for (const part of parts) {
    kernel.memory.set(part, at);
    at += part.length;
  }
}

/**
 * Vectors of symbols: a function from an id to its row of a table [V, E].
 * @param {Tensors} tensors
 * @param {string} name
 * @param {number} symbols
 * @param {number} width
 * @returns {(id: number) => Float32Array}
 */
export function embedding(tensors, name, symbols, width) {
  const table = tensors.read(name, [symbols, width]);
  return (id) => table.subarray(id * width, (id + 1) * width);
}
