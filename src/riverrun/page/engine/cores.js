/**
 * Recurrent cores, and the convolution: one symbol's input in, one output out.
 *
 * A core works in registers of the kernel's memory. A state, as a value, is a Float32Array that is copied into the
 * registers (`restore`) and out of them (`save`); nothing else is kept from step to step.
 */

import { sigmoid } from "./kernel.js";

/**
 * @typedef {import("./kernel.js").Kernel} Kernel
 * @typedef {import("./kernel.js").Matrix} Matrix
 * @typedef {import("./files.js").Tensors} Tensors
 */

/**
 * @typedef {object} Held a hidden unit that is kept at a value
 * @property {number} layer
 * @property {number} part 0 hidden, 1 cell
 * @property {number} unit
 * @property {number} value
 */

/**
 * @typedef {object} Core
 * @property {number} width of the output, H
 * @property {number} rows of the first layer's input products
 * @property {number} stateSize
 * @property {import("./units.js").Units} units
 * @property {number} output its place, after `step`
 * @property {(state: Float32Array) => void} restore
 * @property {(state: Float32Array, start: number) => void} save into an array that has room for it from `start` on
 * @property {(given: number, held: Held[]) => void} step from the place of the first layer's input products,
 *   their bias included
 */

/**
 * What the cores are told of a layer's recurrence.
 * @typedef {object} Shape
 * @property {"lstm" | "gru" | "conv"} core
 * @property {number} hidden H
 * @property {number} layers L
 * @property {number} kernel of the convolution
 */

const GATES = { lstm: 4, gru: 3 };

/**
 * The input matrix of the first layer and its bias: what turns a symbol's vector into `given`.
 * @param {Tensors} tensors
 * @param {string} prefix of the core's weights
 * @param {Shape} shape
 * @param {number} inputs width E of the input
 * @returns {{values: Float32Array, bias: Float32Array, rows: number}}
 */
export function entryOf(tensors, prefix, { core, hidden }, inputs) {
  if (core === "conv") {
    const values = tensors.read(`${prefix}entry.weight`, [hidden, inputs]);
    return { values, bias: tensors.read(`${prefix}entry.bias`, [hidden]), rows: hidden };
  }
  const rows = GATES[core] * hidden;
  const values = tensors.read(`${prefix}rnn.weight_ih_l0`, [rows, inputs]);
  return { values, bias: inputBias(tensors, prefix, core, 0, rows), rows };
}

/**
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Shape} shape
 * @returns {Core}
 */
export function makeCore(kernel, tensors, prefix, shape) {
  return shape.core === "conv"
    ? convolution(kernel, tensors, prefix, shape)
    : recurrence(kernel, tensors, prefix, shape);
}

/**
 * Both biases of an LSTM are one; a GRU's recurrent bias stays apart, since the reset gate multiplies it.
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {"lstm" | "gru"} core
 * @param {number} layer
 * @param {number} rows
 */
function inputBias(tensors, prefix, core, layer, rows) {
  const bias = tensors.read(`${prefix}rnn.bias_ih_l${layer}`, [rows]);
  if (core === "gru") return bias;
  const more = tensors.read(`${prefix}rnn.bias_hh_l${layer}`, [rows]);
  return bias.map((value, row) => value + more[row]);
}

/**
 * Stacked LSTM (Hochreiter & Schmidhuber 1997) or GRU (Cho et al. 2014). State: hidden [L, H], for an LSTM cell [L, H].
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Shape} shape
 * @returns {Core}
 */
function recurrence(kernel, tensors, prefix, shape) {
  const { hidden: width, layers } = shape;
  const core = shape.core === "gru" ? "gru" : "lstm";
  const rows = GATES[core] * width;
  const depth = Array.from({ length: layers }, (_, layer) => layer);
  const below = depth.map(
    (layer) => layer && matrixOf(kernel, tensors, `${prefix}rnn.weight_ih_l${layer}`, rows, width),
  );
  const biases = depth.map((layer) => layer && place(kernel, inputBias(tensors, prefix, core, layer, rows)));
  const recurrent = depth.map((layer) =>
    matrixOf(kernel, tensors, `${prefix}rnn.weight_hh_l${layer}`, rows, width),
  );
  const keptBiases = depth.map((layer) =>
    core === "gru" ? place(kernel, tensors.read(`${prefix}rnn.bias_hh_l${layer}`, [rows])) : 0,
  );
  const hidden = depth.map(() => kernel.allocate(width));
  const cells = depth.map(() => (core === "lstm" ? kernel.allocate(width) : 0));
  const registers = core === "lstm" ? [hidden, cells] : [hidden];
  const places = registers.flat();
  const [sums, gates] = [kernel.allocate(rows), kernel.allocate(rows)];
  const starts = registers.map((_, part) => depth.map((layer) => (part * layers + layer) * width));
  return {
    width,
    rows,
    stateSize: registers.length * layers * width,
    units: { layers, width, parts: ["hidden", "cell"].slice(0, registers.length), starts },
    output: hidden[layers - 1],
    restore(state) {
      places.forEach((at, index) =>
        kernel.memory.set(state.subarray(index * width, (index + 1) * width), at),
      );
    },
    save(state, start) {
      const { memory } = kernel;
      for (let index = 0, to = start; index < places.length; index++) {
        for (let unit = 0; unit < width; unit++) state[to++] = memory[places[index] + unit];
      }
    },
    step(given, held) {
      for (let layer = 0; layer < layers; layer++) {
        if (layer) {
          kernel.product(/** @type {Matrix} */ (below[layer]), hidden[layer - 1], biases[layer], sums);
          given = sums;
        }
        if (core === "lstm") {
          kernel.product(recurrent[layer], hidden[layer], given, gates);
          kernel.lstm(gates, cells[layer], hidden[layer], width);
        } else {
          kernel.product(recurrent[layer], hidden[layer], keptBiases[layer], gates);
          kernel.gru(given, gates, hidden[layer], width);
        }
        for (const each of held) if (each.layer === layer) hold(each, layer);
      }
    },
  };

  /**
   * @param {Held} held
   * @param {number} layer
   */
  function hold({ part, unit, value }, layer) {
    const { memory } = kernel;
    memory[registers[part][layer] + unit] = value;
    if (part === 1)
      memory[hidden[layer] + unit] = sigmoid(memory[gates + 3 * width + unit]) * Math.tanh(value);
  }
}

/**
 * Dilated causal convolution with gates and residuals (van den Oord et al. 2016). State: for each layer its last
 * (kernel - 1) * 2^l inputs [that many, H], oldest first. In the registers they lie in a ring.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Shape} shape
 * @returns {Core}
 */
function convolution(kernel, tensors, prefix, { hidden: width, layers, kernel: taps }) {
  const depth = Array.from({ length: layers }, (_, layer) => {
    const past = (taps - 1) * 2 ** layer;
    return {
      past,
      products: tapsOf(kernel, tensors, `${prefix}convolutions.${layer}.weight`, width, taps),
      bias: place(kernel, tensors.read(`${prefix}convolutions.${layer}.bias`, [2 * width])),
      mixer: matrixOf(kernel, tensors, `${prefix}mixers.${layer}.weight`, width, width),
      mixerBias: place(kernel, tensors.read(`${prefix}mixers.${layer}.bias`, [width])),
      ring: kernel.allocate((past + 1) * width),
    };
  });
  const [both, mixed, added, output] = [2 * width, width, width, width].map((length) =>
    kernel.allocate(length),
  );
  const before = depth.map(
    (_, layer) => depth.slice(0, layer).reduce((sum, each) => sum + each.past, 0) * width,
  );
  const stateSize = depth.reduce((sum, each) => sum + each.past, 0) * width;
  const newest = depth.map(() => 0); // where in its ring each layer's latest input lies
  return {
    width,
    rows: width,
    stateSize,
    units: {
      layers,
      width,
      parts: ["hidden"],
      starts: [depth.map(({ past }, layer) => before[layer] + (past - 1) * width)],
    },
    output,
    restore(state) {
      depth.forEach(({ past, ring }, layer) => {
        kernel.memory.set(state.subarray(before[layer], before[layer] + past * width), ring);
        newest[layer] = past - 1;
      });
    },
    save(state, start) {
      depth.forEach(({ past, ring }, layer) => {
        for (let age = 0; age < past; age++) {
          const from = ring + ((newest[layer] + past + 1 - age) % (past + 1)) * width;
          state.set(
            kernel.memory.subarray(from, from + width),
            start + before[layer] + (past - 1 - age) * width,
          );
        }
      });
    },
    step(given, held) {
      const { memory } = kernel;
      memory.copyWithin(output, given, given + width);
      for (let layer = 0; layer < layers; layer++) {
        const { past, products, bias, mixer, mixerBias, ring } = depth[layer];
        for (const each of held) if (each.layer === layer) memory[output + each.unit] = each.value;
        newest[layer] = (newest[layer] + 1) % (past + 1);
        memory.copyWithin(ring + newest[layer] * width, output, output + width);
        for (let tap = 0; tap < taps; tap++) {
          const slot = (newest[layer] + 1 + tap * 2 ** layer) % (past + 1);
          kernel.product(products[tap], ring + slot * width, tap ? both : bias, both);
        }
        kernel.gated(both, mixed, width);
        kernel.product(mixer, mixed, mixerBias, added);
        for (let unit = 0; unit < width; unit++) memory[output + unit] += memory[added + unit];
      }
    },
  };
}

/**
 * The matrices [2H, H] of a convolution's weights [2H, H, K], one for each tap.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} name
 * @param {number} width
 * @param {number} taps
 * @returns {Matrix[]}
 */
function tapsOf(kernel, tensors, name, width, taps) {
  const all = tensors.read(name, [2 * width, width, taps]);
  return Array.from({ length: taps }, (_, tap) => {
    const values = Float32Array.from({ length: 2 * width * width }, (_, index) => all[index * taps + tap]);
    return kernel.matrix(values, 2 * width, width);
  });
}

/**
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} name
 * @param {number} rows
 * @param {number} columns
 */
export function matrixOf(kernel, tensors, name, rows, columns) {
  return kernel.matrix(tensors.read(name, [rows, columns]), rows, columns);
}

/**
 * Values as a vector in the kernel's memory.
 * @param {Kernel} kernel
 * @param {Float32Array} values
 * @returns {number} its place
 */
export function place(kernel, values) {
  const at = kernel.allocate(values.length);
  kernel.memory.set(values, at);
  return at;
}
