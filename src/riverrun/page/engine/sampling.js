/**
 * Sampling: from logits to the next symbol, step by step as Python's `generation/sampling.py` defines it.
 * Removed symbols have logit -Infinity.
 */

import { InputError } from "./errors.js";
import { SPECIAL } from "./text/vocabulary.js";

/**
 * @typedef {object} Sampling how the next symbol is chosen; the steps apply in this order
 * @property {number} repetitionPenalty logits of recent symbols are divided by this if positive, else multiplied
 * @property {number} repetitionWindow how many of the latest symbols count as recent
 * @property {number} temperature logits are divided by this; 0 takes the most likely symbol
 * @property {number} topK only the k most likely symbols; 0 is off
 * @property {number} topP only the fewest symbols that together have this probability
 * @property {number} minP only symbols at least this share as likely as the most likely
 * @property {number} typicalP only symbols whose surprisal is nearest to the entropy, up to this probability
 * @property {boolean} uniform ignore the model: every symbol with equal chance
 */

/** @type {Readonly<Sampling>} */
export const DEFAULT_SAMPLING = Object.freeze({
  temperature: 0.8,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  repetitionWindow: 64,
  uniform: false,
});

const NONE = -Infinity;
const NEVER = 255; // in a row of what may be written

/**
 * Settings with the defaults filled in; refuses every value that is out of range.
 * @param {Partial<Sampling>} given
 * @returns {Sampling}
 */
export function checkSampling(given = {}) {
  const sampling = { ...DEFAULT_SAMPLING, ...given };
  const share = (/** @type {number} */ value) => value >= 0 && value <= 1;
  const count = (/** @type {number} */ value) => Number.isInteger(value) && value >= 0;
  /** @type {[string, number, boolean, string][]} */
  const rules = [
    [
      "temperature",
      sampling.temperature,
      sampling.temperature >= 0 && sampling.temperature < Infinity,
      "0 (greedy) or a larger finite number",
    ],
    ["top-k", sampling.topK, count(sampling.topK), "0 (off) or more"],
    ["top-p", sampling.topP, share(sampling.topP), "between 0 and 1"],
    ["min-p", sampling.minP, share(sampling.minP), "between 0 and 1"],
    ["typical-p", sampling.typicalP, share(sampling.typicalP), "between 0 and 1"],
    [
      "repetition-penalty",
      sampling.repetitionPenalty,
      sampling.repetitionPenalty > 0 && sampling.repetitionPenalty < Infinity,
      "above 0",
    ],
    ["repetition-window", sampling.repetitionWindow, count(sampling.repetitionWindow), "0 or more"],
  ];
  const faults = rules.filter(([, , allowed]) => !allowed);
  if (faults.length) {
    throw new InputError(
      faults.map(([name, value, , wanted]) => `${name} = ${value}: must be ${wanted}`).join("; "),
    );
  }
  return sampling;
}

/** Chooses symbols of a vocabulary; its arrays are room to work in, nothing is kept in them from call to call. */
export class Sampler {
  /** @param {number} size of the vocabulary */
  constructor(size) {
    this.kept = new Float64Array(size);
    this.chances = new Float64Array(size);
    this.keys = new Float64Array(size);
    this.order = new Int32Array(size);
  }

  /**
   * The next symbol.
   * @param {Float32Array | Float64Array} logits [V]
   * @param {ArrayLike<number>} recent the latest symbols, oldest first, at most the repetition window
   * @param {Sampling} sampling
   * @param {number} draw in [0, 1)
   * @param {Uint8Array} [allowed] [V], 255 for symbols that may not be written; without it all text may
   * @returns {number}
   */
  choose(logits, recent, sampling, draw, allowed) {
    this.transform(logits, recent, sampling, allowed);
    if (sampling.temperature === 0 && !sampling.uniform) return mostLikely(this.kept);
    soften(this.kept, this.chances);
    const { kept, chances } = this;
    let total = 0;
    for (let id = 0; id < chances.length; id++) total += chances[id];
    const bound = draw * total;
    let last = 0;
    total = 0;
    for (let id = 0; id < chances.length; id++) {
      total += chances[id];
      if (total > bound) return id;
      if (kept[id] > NONE) last = id;
    }
    return last;
  }

  /**
   * All steps but the draw, into `kept`; at least one symbol remains.
   * @param {Float32Array | Float64Array} logits [V]
   * @param {ArrayLike<number>} recent
   * @param {Sampling} sampling
   * @param {Uint8Array} [allowed]
   */
  transform(logits, recent, sampling, allowed) {
    const { kept, chances, keys } = this;
    mend(logits, kept, allowed);
    if (sampling.uniform) {
      fillAllowed(kept, allowed);
      return;
    }
    if (sampling.repetitionPenalty !== 1) penalise(kept, recent, sampling);
    if (sampling.temperature === 0) return;
    const highest = kept[mostLikely(kept)];
    for (let id = 0; id < kept.length; id++) kept[id] = (kept[id] - highest) / sampling.temperature;
    if (sampling.topK > 0 && sampling.topK < kept.length) {
      for (let id = 0; id < kept.length; id++) keys[id] = -kept[id];
      this.keepFirst(sampling.topK, Infinity);
    }
    if (sampling.topP < 1) {
      soften(kept, chances);
      for (let id = 0; id < kept.length; id++) keys[id] = -kept[id];
      this.keepFirst(kept.length, sampling.topP);
    }
    if (sampling.minP > 0) {
      const least = Math.log(sampling.minP); // the largest is 0 still
      for (let id = 0; id < kept.length; id++) if (kept[id] < least) kept[id] = NONE;
    }
    if (sampling.typicalP < 1) {
      soften(kept, chances);
      untypical(chances, keys);
      this.keepFirst(kept.length, sampling.typicalP);
    }
  }

  /**
   * Keep the symbols of smallest key, equal ones by id, until there are `most` or they are likely enough.
   * A heap gives them in order one at a time: a nucleus is small beside a vocabulary of words.
   * @param {number} most
   * @param {number} enough
   */
  keepFirst(most, enough) {
    const { kept, chances, keys, order } = this;
    let size = kept.length;
    for (let id = 0; id < size; id++) order[id] = id;
    for (let place = (size >> 1) - 1; place >= 0; place--) sink(order, keys, place, size);
    let total = 0;
    for (let count = 0; count < most && size > 0 && (count === 0 || total < enough); count++) {
      const first = order[0];
      size -= 1;
      order[0] = order[size];
      order[size] = first;
      sink(order, keys, 0, size);
      total += chances[first];
    }
    for (let place = 0; place < size; place++) kept[order[place]] = NONE;
  }
}

/**
 * Make logits usable: no special symbols; nan is -Infinity; Infinity wins over all finite ones; if nothing is left, all
 * are equal.
 * @param {Float32Array | Float64Array} logits
 * @param {Float64Array} kept
 * @param {Uint8Array} [allowed]
 */
function mend(logits, kept, allowed) {
  let highest = NONE;
  for (let id = SPECIAL; id < kept.length; id++) {
    const value = logits[id] === logits[id] && allowed?.[id] !== NEVER ? logits[id] : NONE;
    kept[id] = value;
    if (value > highest) highest = value;
  }
  if (highest === Infinity) {
    for (let id = SPECIAL; id < kept.length; id++) kept[id] = kept[id] === Infinity ? 0 : NONE;
  } else if (highest === NONE) {
    fillAllowed(kept, allowed);
  }
  kept.fill(NONE, 0, SPECIAL);
}

/**
 * Every symbol that may be written as likely as any other.
 * @param {Float64Array} kept
 * @param {Uint8Array} [allowed]
 */
function fillAllowed(kept, allowed) {
  for (let id = SPECIAL; id < kept.length; id++) kept[id] = allowed?.[id] === NEVER ? NONE : 0;
}

/**
 * Repetition penalty: once for each different recent symbol.
 * @param {Float64Array} kept
 * @param {ArrayLike<number>} recent
 * @param {Sampling} sampling
 */
function penalise(kept, recent, { repetitionPenalty, repetitionWindow }) {
  const seen = new Set();
  for (let place = Math.max(0, recent.length - repetitionWindow); place < recent.length; place++) {
    const id = recent[place];
    if (seen.has(id)) continue;
    seen.add(id);
    kept[id] = kept[id] > 0 ? kept[id] / repetitionPenalty : kept[id] * repetitionPenalty;
  }
}

/**
 * The first of the largest.
 * @param {Float64Array} kept
 */
function mostLikely(kept) {
  let best = 0;
  for (let id = 1; id < kept.length; id++) if (kept[id] > kept[best]) best = id;
  return best;
}

/**
 * Softmax.
 * @param {Float64Array} kept
 * @param {Float64Array} chances
 */
function soften(kept, chances) {
  const highest = kept[mostLikely(kept)];
  let total = 0;
  for (let id = 0; id < kept.length; id++) {
    chances[id] = kept[id] === NONE ? 0 : Math.exp(kept[id] - highest);
    total += chances[id];
  }
  for (let id = 0; id < kept.length; id++) chances[id] /= total;
}

/**
 * How far each symbol's surprisal lies from their mean, the entropy.
 * @param {Float64Array} chances
 * @param {Float64Array} keys
 */
function untypical(chances, keys) {
  let entropy = 0;
  for (let id = 0; id < chances.length; id++) {
    keys[id] = -Math.log(chances[id]);
    if (chances[id] > 0) entropy += chances[id] * keys[id];
  }
  for (let id = 0; id < chances.length; id++) {
    keys[id] = chances[id] > 0 ? Math.abs(keys[id] - entropy) : Infinity;
  }
}

/**
 * Restore a heap whose element at a place may come too early.
 * @param {Int32Array} order
 * @param {Float64Array} keys
 * @param {number} place
 * @param {number} size
 */
function sink(order, keys, place, size) {
  for (;;) {
    let child = 2 * place + 1;
    if (child >= size) return;
    if (child + 1 < size && before(keys, order[child + 1], order[child])) child += 1;
    if (!before(keys, order[child], order[place])) return;
    const moved = order[place];
    order[place] = order[child];
    order[child] = moved;
    place = child;
  }
}

/**
 * Smaller key, or the same key and lower id.
 * @param {Float64Array} keys
 * @param {number} first
 * @param {number} second
 */
function before(keys, first, second) {
  return keys[first] < keys[second] || (keys[first] === keys[second] && first < second);
}

/**
 * The probabilities [V] that the next symbol is drawn with.
 * @param {Float32Array} logits
 * @param {ArrayLike<number>} recent
 * @param {Partial<Sampling>} sampling
 * @returns {Float64Array}
 */
export function distribution(logits, recent, sampling) {
  const checked = checkSampling(sampling);
  const sampler = new Sampler(logits.length);
  sampler.transform(logits, recent, checked);
  if (checked.temperature === 0 && !checked.uniform) {
    return new Float64Array(logits.length).fill(1, mostLikely(sampler.kept), mostLikely(sampler.kept) + 1);
  }
  soften(sampler.kept, sampler.chances);
  return sampler.chances;
}

/**
 * The likeliest next symbols, those that the settings removed last.
 * @param {Float32Array} logits
 * @param {ArrayLike<number>} recent
 * @param {Partial<Sampling>} sampling
 * @param {number} count
 * @returns {{id: number, probability: number, model: number}[]} `model` is the model's own probability
 */
export function alternatives(logits, recent, sampling, count) {
  const drawn = distribution(logits, recent, sampling);
  const own = distribution(logits, [], { ...DEFAULT_SAMPLING, temperature: 1 });
  const ids = Array.from(drawn.keys()).filter((id) => id >= SPECIAL);
  ids.sort((first, second) => drawn[second] - drawn[first] || own[second] - own[first] || first - second);
  return ids.slice(0, count).map((id) => ({ id, probability: drawn[id], model: own[id] }));
}

/**
 * Surprisal of a symbol, in nats, given logits [V]: log-softmax over all symbols, as scoring takes it.
 * @param {Float32Array | Float64Array} logits
 * @param {number} id
 */
export function surprisalOf(logits, id) {
  return logTotal(logits) - logits[id];
}

/**
 * The logarithm of the sum of the exponentials of logits [V].
 * @param {Float32Array | Float64Array} logits
 */
export function logTotal(logits) {
  let highest = NONE;
  for (let each = 0; each < logits.length; each++) if (logits[each] > highest) highest = logits[each];
  let total = 0;
  for (let each = 0; each < logits.length; each++) total += Math.exp(logits[each] - highest);
  return highest + Math.log(total);
}
