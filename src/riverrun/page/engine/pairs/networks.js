/** One or more encoder-decoders that vote: what a search needs of them. */

import { ModelError } from "../errors.js";
import { START, UNKNOWN } from "../text/vocabulary.js";
import { makeDecoder } from "./decoders.js";
import { makeEncoder } from "./encoder.js";

/** @typedef {import("./decoders.js").State[]} States one for each network */

export class Networks {
  /**
   * @param {import("../kernel.js").Kernel} kernel
   * @param {import("../files.js").Tensors} tensors
   * @param {Record<string, any>} model the `[model]` section of the settings
   * @param {{source: number, target: number}} vocabularies
   * @param {boolean} tagging
   */
  constructor(kernel, tensors, model, { source, target }, tagging) {
    const counts = ["hidden", "embedding", "layers", "decoder_layers", "members"];
    if (!counts.every((name) => Number.isInteger(model[name]) && model[name] > 0)) {
      throw new ModelError("config.toml does not say the shape of a translator");
    }
    this.members = Array.from({ length: model.members }, (_, member) => ({
      encode: makeEncoder(kernel, tensors, `members.${member}.encoder.`, model, source),
      decoder: makeDecoder(kernel, tensors, `members.${member}.decoder.`, model, target, tagging),
    }));
    this.monotone = !tagging && model.attention === "monotone";
    this.vocabulary = target;
    this.outputs = this.monotone ? 2 * target + 1 : target;
    this.forbidden = new Set([UNKNOWN]);
    if (this.monotone) this.forbidden.add(target + UNKNOWN).add(target + START);
  }

  /**
   * @param {ArrayLike<number>} source ids, without the boundary symbol
   * @returns {States}
   */
  start(source) {
    const ids = [...Array.from(source), START];
    return this.members.map(({ encode, decoder }) => decoder.start(encode(ids)));
  }

  /**
   * Log-probabilities [V] of what follows an output: the normalised geometric mean of all networks.
   * @param {number} output
   * @param {States} states
   * @returns {{logs: Float32Array, states: States, weights: Float32Array | null}}
   */
  step(output, states) {
    const steps = this.members.map(({ decoder }, member) => decoder.step(output, states[member]));
    const each = steps.map(({ logits }) => logSoftmax(logits));
    const looked = steps.flatMap(({ weights }) => (weights ? [weights] : []));
    return {
      logs: each.length === 1 ? each[0] : logSoftmax(mean(each)),
      states: steps.map(({ state }) => state),
      weights: looked.length ? mean(looked) : null,
    };
  }

  /**
   * Log-probabilities [T] of given outputs, the end among them, and where each looked [T] of [S].
   * @param {ArrayLike<number>} source
   * @param {ArrayLike<number>} outputs
   */
  force(source, outputs) {
    let states = this.start(source);
    const logs = new Float32Array(outputs.length);
    const weights = [];
    for (let t = 0; t < outputs.length; t++) {
      const step = this.step(t ? outputs[t - 1] : START, states);
      logs[t] = step.logs[outputs[t]];
      states = step.states;
      if (step.weights) weights.push(step.weights);
    }
    return { logs, weights: weights.length ? weights : null };
  }
}

/** @param {Float32Array} logits */
function logSoftmax(logits) {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
  const shift = highest + Math.log(total);
  return logits.map((logit) => logit - shift);
}

/** @param {Float32Array[]} rows */
function mean(rows) {
  return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
}
