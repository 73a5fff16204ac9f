/** What the core is shown of a symbol: the first layer's products with its vector, looked up or computed. */

import { matrixOf, place } from "./cores.js";
import { rounded } from "./kernel.js";
import { SPECIAL } from "./text/vocabulary.js";

/**
 * @typedef {import("./kernel.js").Kernel} Kernel
 * @typedef {import("./files.js").Tensors} Tensors
 * @typedef {(ids: ArrayLike<number>) => number} Input the place of the products of the F symbols shown, bias included
 */

const LARGEST_TABLE = 1 << 21; // numbers; a larger table is not worth its making

/**
 * @typedef {object} Shown
 * @property {"embedding" | "one-hot" | "scaled-index"} input
 * @property {number} features F symbols shown side by side
 * @property {number} vocabulary V
 */

/**
 * Width E of a symbol's vector.
 * @param {Tensors} tensors
 * @param {Shown} shown
 */
export function inputWidth(tensors, { input, vocabulary }) {
  if (input === "one-hot") return vocabulary;
  return input === "scaled-index" ? 1 : tensors.shape("embedding.weight")[1];
}

/**
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {Shown} shown
 * @param {{values: Float32Array, bias: Float32Array, rows: number}} entry matrix [rows, F E] of the first layer
 * @returns {Input}
 */
export function makeInput(kernel, tensors, shown, entry) {
  const { features, vocabulary, input } = shown;
  const tabled = input === "one-hot" || features * vocabulary * rounded(entry.rows) <= LARGEST_TABLE;
  return tabled ? lookedUp(kernel, tensors, shown, entry) : computed(kernel, tensors, shown, entry);
}

/**
 * A table of the products of all symbols.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {Shown} shown
 * @param {{values: Float32Array, bias: Float32Array, rows: number}} entry
 * @returns {Input}
 */
function lookedUp(kernel, tensors, shown, { values, bias, rows }) {
  const { features, vocabulary } = shown;
  const stride = rounded(rows);
  const width = inputWidth(tensors, shown);
  const table = kernel.allocate(features * vocabulary * stride);
  const vectors = shown.input === "one-hot" ? null : vectorsOf(tensors, shown, width);
  for (let feature = 0; feature < features; feature++) {
    for (let id = 0; id < vocabulary; id++) {
      const at = table + (feature * vocabulary + id) * stride;
      for (let row = 0; row < rows; row++) {
        let sum = feature ? 0 : bias[row];
        const from = row * features * width + feature * width;
        if (vectors) for (let i = 0; i < width; i++) sum += values[from + i] * vectors[id * width + i];
        else sum += values[from + id];
        kernel.memory[at + row] = sum;
      }
    }
  }
  if (features === 1) return (ids) => table + ids[0] * stride;
  const given = kernel.allocate(rows);
  return (ids) => {
    const { memory } = kernel;
    memory.fill(0, given, given + rows);
    for (let feature = 0; feature < features; feature++) {
      const at = table + (feature * vocabulary + ids[feature]) * stride;
      for (let row = 0; row < rows; row++) memory[given + row] += memory[at + row];
    }
    return given;
  };
}

/**
 * The product with the symbols' vectors, set end to end.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {Shown} shown
 * @param {{values: Float32Array, bias: Float32Array, rows: number}} entry
 * @returns {Input}
 */
function computed(kernel, tensors, shown, { values, bias, rows }) {
  const width = inputWidth(tensors, shown);
  const vectors = vectorsOf(tensors, shown, width);
  const matrix = kernel.matrix(values, rows, shown.features * width);
  const biasPlace = place(kernel, bias);
  const [x, given] = [kernel.allocate(shown.features * width), kernel.allocate(rows)];
  return (ids) => {
    for (let feature = 0; feature < shown.features; feature++) {
      kernel.memory.set(
        vectors.subarray(ids[feature] * width, (ids[feature] + 1) * width),
        x + feature * width,
      );
    }
    kernel.product(matrix, x, biasPlace, given);
    return given;
  };
}

/**
 * The vector of each symbol [V, E].
 * @param {Tensors} tensors
 * @param {Shown} shown
 * @param {number} width
 */
function vectorsOf(tensors, { input, vocabulary }, width) {
  if (input === "embedding") return tensors.read("embedding.weight", [vocabulary, width]);
  return Float32Array.from(
    { length: vocabulary },
    (_, id) => (id - SPECIAL) / Math.max(1, vocabulary - SPECIAL),
  );
}

/**
 * From a core's output to logits: the projection, through a bottleneck where there is one.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {number} hidden
 * @param {number} vocabulary
 * @returns {{logits: number, project: (output: number) => void}} the place where `project` leaves logits [V]
 */
export function makeProjection(kernel, tensors, hidden, vocabulary) {
  const narrow = tensors.has("bottleneck.weight") ? tensors.shape("bottleneck.weight")[0] : 0;
  const bottleneck = narrow ? matrixOf(kernel, tensors, "bottleneck.weight", narrow, hidden) : null;
  const matrix = matrixOf(kernel, tensors, "projection.weight", vocabulary, narrow || hidden);
  const bias = place(kernel, tensors.read("projection.bias", [vocabulary]));
  const [zeros, narrowed, logits] = [
    kernel.allocate(narrow),
    kernel.allocate(narrow),
    kernel.allocate(vocabulary),
  ];
  return {
    logits,
    project(output) {
      if (bottleneck) kernel.product(bottleneck, output, zeros, narrowed);
      kernel.product(matrix, bottleneck ? narrowed : output, bias, logits);
    },
  };
}
