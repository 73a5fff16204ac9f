/**
 * Decoders: each writes a target given a source, one `step` at a time. A state is a value: the source as it was read
 * is shared by all hypotheses, the rest is copied.
 */

import { ModelError } from "../errors.js";
import { START } from "../text/vocabulary.js";
import { look, makeAttention } from "./attention.js";
import { embedding, linear, reader } from "./layers.js";

/**
 * @typedef {import("../kernel.js").Kernel} Kernel
 * @typedef {import("../files.js").Tensors} Tensors
 * @typedef {import("./encoder.js").Memory} Memory
 */

/**
 * @typedef {object} State
 * @property {Float32Array[]} outputs of the source
 * @property {Float32Array[]} [keys] of soft attention
 * @property {Float32Array} core
 * @property {Float32Array} [context] looked at last, under input feeding
 * @property {number} place in the source, of transducers and taggers
 */

/**
 * @typedef {object} Stepped
 * @property {Float32Array} logits [V] of what follows
 * @property {State} state
 * @property {Float32Array | null} weights [S], where in the source it looked
 */

/**
 * @typedef {object} Decoder
 * @property {(memory: Memory) => State} start
 * @property {(id: number, state: State) => Stepped} step
 */

/**
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Record<string, any>} model the `[model]` section of the settings
 * @param {number} vocabulary target symbols
 * @param {boolean} tagging
 * @returns {Decoder}
 */
export function makeDecoder(kernel, tensors, prefix, model, vocabulary, tagging) {
  if (tagging) return taggingDecoder(kernel, tensors, prefix, model, vocabulary);
  switch (model.attention) {
    case "monotone":
      return monotoneDecoder(kernel, tensors, prefix, model, vocabulary);
    case "none":
    case "dot":
    case "additive":
      return softDecoder(kernel, tensors, prefix, model, vocabulary);
    default:
      throw new ModelError(
        `config.toml: attention ${model.attention} is not known to this version of riverrun`,
      );
  }
}

/** @param {Record<string, any>} model */
function memoryWidth(model) {
  return model.hidden * (model.bidirectional ? 2 : 1);
}

/** @param {Record<string, any>} model */
function shapeOf(model) {
  return { core: model.core, hidden: model.hidden, layers: model.decoder_layers, kernel: model.kernel };
}

/**
 * From what a decoder knows to logits, through one hidden layer.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Record<string, any>} model
 * @param {number} known
 * @param {number} outputs
 * @param {boolean} tied
 * @returns {(...known: Float32Array[]) => Float32Array}
 */
function makeOutput(kernel, tensors, prefix, model, known, outputs, tied) {
  const width = tied ? model.embedding : model.hidden;
  const hidden = linear(kernel, tensors, `${prefix}output.hidden`, width, known);
  const projection = linear(kernel, tensors, `${prefix}output.projection`, outputs, width);
  return (...parts) => {
    const squashed = hidden.apply(...parts);
    kernel.squash(hidden.out, width);
    return projection.apply(squashed).slice();
  };
}

/**
 * A recurrent decoder with soft attention, or with none (Sutskever et al. 2014).
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Record<string, any>} model
 * @param {number} vocabulary
 * @returns {Decoder}
 */
function softDecoder(kernel, tensors, prefix, model, vocabulary) {
  const attends = model.attention !== "none";
  const feeding = attends && model.input_feeding;
  const width = memoryWidth(model);
  const vector = embedding(tensors, `${prefix}embedding.weight`, vocabulary, model.embedding);
  const inputs = model.embedding + (feeding ? width : 0);
  const { core, read } = reader(kernel, tensors, `${prefix}core.`, shapeOf(model), inputs);
  const bridge = linear(kernel, tensors, `${prefix}bridge`, core.stateSize, width);
  const attention = attends
    ? makeAttention(kernel, tensors, `${prefix}attention.`, model.attention, model.hidden, width)
    : null;
  const output = makeOutput(
    kernel,
    tensors,
    prefix,
    model,
    model.hidden + (attends ? width : 0),
    vocabulary,
    model.tied,
  );
  return {
    start({ outputs, ends }) {
      bridge.apply(ends);
      kernel.squash(bridge.out, bridge.rows);
      const bridged = kernel.memory.slice(bridge.out, bridge.out + bridge.rows);
      const context = feeding ? new Float32Array(width) : undefined;
      return { outputs, keys: attention?.keys(outputs), core: bridged, context, place: 0 };
    },
    step(id, state) {
      core.restore(state.core);
      const parts = state.context ? [vector(id), state.context] : [vector(id)];
      const query = read(...parts).slice();
      const reached = new Float32Array(core.stateSize);
      core.save(reached, 0);
      if (!attention || !state.keys) {
        return { logits: output(query), state: { ...state, core: reached }, weights: null };
      }
      const { weights, context } = look(attention.scores(query, state.keys), state.outputs);
      const after = { ...state, core: reached, context: feeding ? context : undefined };
      return { logits: output(query, context), state: after, weights };
    },
  };
}

/**
 * A transducer: it walks over the source, writing as it goes. For V target symbols, action a < V writes symbol a and
 * stays, V + a writes a and moves on, 2V moves on; the boundary symbol ends.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Record<string, any>} model
 * @param {number} vocabulary
 * @returns {Decoder}
 */
function monotoneDecoder(kernel, tensors, prefix, model, vocabulary) {
  const width = memoryWidth(model);
  const actions = 2 * vocabulary + 1;
  const vector = embedding(tensors, `${prefix}embedding.weight`, actions, model.embedding);
  const { core, read } = reader(kernel, tensors, `${prefix}core.`, shapeOf(model), model.embedding + width);
  const output = makeOutput(kernel, tensors, prefix, model, model.hidden + width, actions, model.tied);
  return {
    start: ({ outputs }) => ({ outputs, core: new Float32Array(core.stateSize), place: 0 }),
    step(id, state) {
      const place = Math.min(state.place + (id >= vocabulary ? 1 : 0), state.outputs.length - 1);
      const seen = state.outputs[place];
      core.restore(state.core);
      const known = read(vector(id), seen).slice();
      const reached = new Float32Array(core.stateSize);
      core.save(reached, 0);
      const after = { ...state, core: reached, place };
      return { logits: output(known, seen), state: after, weights: oneHot(state.outputs.length, place) };
    },
  };
}

/**
 * One output for each source symbol; the boundary symbol comes after as many, and only there.
 * @param {Kernel} kernel
 * @param {Tensors} tensors
 * @param {string} prefix
 * @param {Record<string, any>} model
 * @param {number} vocabulary
 * @returns {Decoder}
 */
function taggingDecoder(kernel, tensors, prefix, model, vocabulary) {
  const output = makeOutput(kernel, tensors, prefix, model, memoryWidth(model), vocabulary, false);
  return {
    start: ({ outputs }) => ({ outputs, core: NOTHING, place: 0 }),
    step(_id, state) {
      const last = state.outputs.length - 1;
      const { place } = state;
      const logits = output(state.outputs[place]).map((logit, id) =>
        (id === START) === (place === last) ? logit : -Infinity,
      );
      const after = { ...state, place: Math.min(place + 1, last) };
      return { logits, state: after, weights: oneHot(state.outputs.length, place) };
    },
  };
}

const NOTHING = new Float32Array(0);

/**
 * @param {number} length
 * @param {number} place
 */
function oneHot(length, place) {
  return new Float32Array(length).fill(1, place, place + 1);
}
