/**
 * The arithmetic of a step. A kernel has one memory of float32; a *place* is where in it a vector begins.
 * `plainKernel` is the definition, and serves where there is no WebAssembly SIMD; `simdKernel` does the same faster.
 */

import { ModelError } from "./errors.js";
import { KERNEL } from "./kernel_binary.js";

/**
 * @typedef {object} Matrix
 * @property {number} place
 * @property {number} rows
 * @property {number} columns
 */

/**
 * @typedef {object} Kernel
 * @property {boolean} simd
 * @property {Float32Array} memory changes when room is made: take it anew after `allocate` and `matrix`
 * @property {(length: number) => number} allocate room for a vector of zeros; returns its place
 * @property {(values: Float32Array, rows: number, columns: number) => Matrix} matrix row by row
 * @property {(matrix: Matrix, x: number, start: number, out: number) => void} product out = start + matrix x
 * @property {(gates: number, cells: number, hidden: number, width: number) => void} lstm
 *   gates [4, width]: input, forget, content, output (torch's order)
 * @property {(given: number, kept: number, hidden: number, width: number) => void} gru
 *   given and kept [3, width]: reset, update, content
 * @property {(both: number, mixed: number, width: number) => void} gated content times gate, [2, width]
 * @property {(x: number, length: number) => void} squash hyperbolic tangent, in place
 */

const BLOCK = 32; // numbers; every vector begins and ends with a whole one
const PAGE = 65536 / 4; // numbers in a page of WebAssembly's memory
const MOST = 1 << 28; // numbers: one gigabyte

/** @param {number} length */
export function rounded(length) {
  return Math.ceil(length / BLOCK) * BLOCK;
}

/**
 * The fastest kernel there is.
 * @param {boolean} simd false asks for the plain one
 * @returns {Kernel}
 */
export function makeKernel(simd = true) {
  return (simd && simdKernel()) || plainKernel();
}

/** @returns {Kernel} */
export function plainKernel() {
  let used = 0;
  /** @type {Kernel} */
  const kernel = {
    simd: false,
    memory: new Float32Array(PAGE),
    allocate(length) {
      const place = used;
      used = withinBounds(used + rounded(length));
      if (used > kernel.memory.length) {
        const larger = new Float32Array(Math.max(used, Math.min(MOST, 2 * kernel.memory.length)));
        larger.set(kernel.memory);
        kernel.memory = larger;
      }
      return place;
    },
    matrix(values, rows, columns) {
      const place = kernel.allocate(Math.ceil(rows / 4) * 4 * columns);
      kernel.memory.set(values, place);
      return { place, rows, columns };
    },
    product({ place, rows, columns }, x, start, out) {
      const { memory } = kernel;
      // Four rows share each number of x; behind the last row there is room for whole fours.
      for (let row = 0; row < rows; row += 4) {
        const first = place + row * columns;
        const [second, third, fourth] = [first + columns, first + 2 * columns, first + 3 * columns];
        let a = memory[start + row];
        let b = memory[start + row + 1];
        let c = memory[start + row + 2];
        let d = memory[start + row + 3];
        for (let column = 0; column < columns; column++) {
          const given = memory[x + column];
          a += memory[first + column] * given;
          b += memory[second + column] * given;
          c += memory[third + column] * given;
          d += memory[fourth + column] * given;
        }
        memory[out + row] = a;
        memory[out + row + 1] = b;
        memory[out + row + 2] = c;
        memory[out + row + 3] = d;
      }
    },
    lstm(gates, cells, hidden, width) {
      const { memory } = kernel;
      for (let unit = 0; unit < width; unit++) {
        const [first, forget] = [memory[gates + unit], memory[gates + width + unit]];
        const [content, last] = [memory[gates + 2 * width + unit], memory[gates + 3 * width + unit]];
        memory[cells + unit] = sigmoid(forget) * memory[cells + unit] + sigmoid(first) * Math.tanh(content);
        memory[hidden + unit] = sigmoid(last) * Math.tanh(memory[cells + unit]);
      }
    },
    gru(given, kept, hidden, width) {
      const { memory } = kernel;
      for (let unit = 0; unit < width; unit++) {
        const [second, third] = [unit + width, unit + 2 * width];
        const reset = sigmoid(memory[given + unit] + memory[kept + unit]);
        const update = sigmoid(memory[given + second] + memory[kept + second]);
        const content = Math.tanh(memory[given + third] + reset * memory[kept + third]);
        memory[hidden + unit] = (1 - update) * content + update * memory[hidden + unit];
      }
    },
    gated(both, mixed, width) {
      const { memory } = kernel;
      for (let unit = 0; unit < width; unit++) {
        memory[mixed + unit] = Math.tanh(memory[both + unit]) * sigmoid(memory[both + width + unit]);
      }
    },
    squash(x, length) {
      const { memory } = kernel;
      for (let unit = x; unit < x + length; unit++) memory[unit] = Math.tanh(memory[unit]);
    },
  };
  return kernel;
}

/**
 * Through tanh, which cannot overflow.
 * @param {number} value
 */
export function sigmoid(value) {
  return 0.5 + 0.5 * Math.tanh(0.5 * value);
}

/**
 * The kernel of kernel.wat; none where WebAssembly or its vectors are missing or forbidden.
 * @returns {Kernel | null}
 */
export function simdKernel() {
  const memory = makeMemory();
  const code = memory && instantiate(memory);
  if (!memory || !code) return null;
  let used = 0;
  /** @type {Kernel} */
  const kernel = {
    simd: true,
    memory: new Float32Array(memory.buffer),
    allocate(length) {
      const place = used;
      used = withinBounds(used + rounded(length));
      if (used > kernel.memory.length) {
        grow(memory, used - kernel.memory.length);
        kernel.memory = new Float32Array(memory.buffer);
      }
      return place;
    },
    matrix(values, rows, columns) {
      const place = kernel.allocate(rounded(rows) * columns);
      const panels = kernel.memory;
      for (let row = 0; row < rows; row++) {
        let at = place + (row - (row % BLOCK)) * columns + (row % BLOCK);
        for (let column = 0; column < columns; column++, at += BLOCK)
          panels[at] = values[row * columns + column];
      }
      return { place, rows, columns };
    },
    product({ place, rows, columns }, x, start, out) {
      code.product(4 * place, 4 * x, 4 * start, 4 * out, columns, rounded(rows) / BLOCK);
    },
    lstm: (gates, cells, hidden, width) => code.lstm(4 * gates, 4 * cells, 4 * hidden, width),
    gru: (given, kept, hidden, width) => code.gru(4 * given, 4 * kept, 4 * hidden, width),
    gated: (both, mixed, width) => code.gated(4 * both, 4 * mixed, width),
    squash: (x, length) => code.squash(4 * x, length),
  };
  return kernel;
}

/** @returns {WebAssembly.Memory | null} */
function makeMemory() {
  try {
    return new WebAssembly.Memory({ initial: 1 });
  } catch {
    return null;
  }
}

/**
 * @param {WebAssembly.Memory} memory
 * @returns {Record<string, (...numbers: number[]) => void> | null}
 */
function instantiate(memory) {
  const bytes = Uint8Array.from(KERNEL.trim().split(/\s+/), (pair) => Number.parseInt(pair, 16));
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { page: { memory } });
    return /** @type {any} */ (exports);
  } catch {
    return null;
  }
}

/**
 * @param {WebAssembly.Memory} memory
 * @param {number} numbers more that are needed
 */
function grow(memory, numbers) {
  try {
    memory.grow(Math.ceil(numbers / PAGE));
  } catch {
    throw tooWide();
  }
}

/** @param {number} numbers */
function withinBounds(numbers) {
  if (numbers > MOST) throw tooWide();
  return numbers;
}

function tooWide() {
  return new ModelError(
    "the model is too wide for a page: its weights need more memory than a browser gives",
  );
}
