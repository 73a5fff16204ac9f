/** A language model: reads, steps, writes and scores. A state is a value; what it worked in last does not matter. */

import { entryOf, makeCore } from "./cores.js";
import { streamOf, uniform } from "./draws.js";
import { InputError, ModelError } from "./errors.js";
import { inputWidth, makeInput, makeProjection } from "./inputs.js";
import { Sampler, checkSampling, surprisalOf } from "./sampling.js";
import { Readings } from "./text/overhang.js";
import { permittedBy } from "./text/permitted.js";
import { checkText, pieces, unseenWarnings } from "./text/tokenizer.js";
import { START, UNKNOWN } from "./text/vocabulary.js";

/**
 * @typedef {object} Position where one stands in a text
 * @property {Float32Array} state the core's, after every symbol but the last
 * @property {number} last the latest symbol, not yet fed to the core
 * @property {ArrayLike<number>} recent the latest symbols, oldest first, for the repetition penalty
 * @property {number} written symbols drawn so far: the counter of the random draws
 */

/** @typedef {{index: number, value: number}} Hold an entry of the state that is kept at a value */

/**
 * @typedef {object} Wanted what reading and writing give beside the position
 * @property {boolean} [states] the state after each symbol
 * @property {boolean} [surprisal] in nats of each symbol
 * @property {Hold[]} [holds]
 */

/**
 * @typedef {object} Draws how symbols are chosen
 * @property {Partial<import("./sampling.js").Sampling>} [sampling]
 * @property {number | bigint} [seed]
 * @property {number} [sequence] of several with one seed
 */

export class LanguageModel {
  /**
   * @param {import("./kernel.js").Kernel} kernel
   * @param {import("./files.js").Tensors} tensors
   * @param {import("./text/tokenizer.js").Tokenizer} tokenizer
   * @param {Record<string, any>} settings
   */
  constructor(kernel, tensors, tokenizer, settings) {
    const { core, hidden, layers, kernel: taps, input = "embedding", features = 1 } = settings.model ?? {};
    const counts = [hidden, layers, features];
    if (
      !["lstm", "gru", "conv"].includes(core) ||
      !counts.every((each) => Number.isInteger(each) && each > 0)
    ) {
      throw new ModelError("config.toml does not say the shape of a language model");
    }
    if (tensors.shape("projection.bias")[0] !== tokenizer.size) {
      throw new ModelError("the tokenizer and the weights are of different models");
    }
    this.tokenizer = tokenizer;
    this.kernel = kernel;
    this.unknownPolicy = settings.text?.unknown;
    this.opensDocument = settings.data?.reading !== "windows";
    this.vocabulary = tokenizer.size;
    const shape = { core, hidden, layers, kernel: taps };
    const shown = { input, features, vocabulary: tokenizer.size };
    const entry = entryOf(tensors, "core.", shape, features * inputWidth(tensors, shown));
    this.core = makeCore(kernel, tensors, "core.", shape);
    this.input = makeInput(kernel, tensors, shown, entry);
    this.projection = makeProjection(kernel, tensors, hidden, tokenizer.size);
    this.sampler = new Sampler(tokenizer.size);
    /** @type {Readings | null} */
    this.sorted = null; // made when it is needed first
    this.permitted = permittedBy(tokenizer);
    this.shown = new Int32Array(features); // the symbols that the latest step was shown, in the registers
    this.stateSize = this.core.stateSize + features - 1;
  }

  /** How a prompt's end may be read otherwise; null where no symbol is the beginning of another. */
  get readings() {
    if (["byte", "char"].includes(this.tokenizer.unit)) return null;
    this.sorted ??= new Readings(this.tokenizer);
    return this.sorted;
  }

  /** @returns {Position} before the first symbol */
  opening() {
    const state = new Float32Array(this.stateSize).fill(START, this.core.stateSize);
    return { state, last: START, recent: [], written: 0 };
  }

  /**
   * Ids of a text, what each adds to it, and what is to be said of units that the model has not met.
   * @param {string} text
   */
  encode(text) {
    checkText(text);
    const ids = this.tokenizer.encode(text);
    const unseen = this.tokenizer.unseen(text);
    const warnings = unseenWarnings(unseen, this.unknownPolicy);
    return { ids, texts: pieces(this.tokenizer, ids), unseen: Array.from(unseen), warnings };
  }

  /**
   * The state after the latest symbol, and logits [V] of what comes next; what may not stand there is impossible.
   * @param {Position} position
   * @param {Wanted} wanted
   */
  step(position, { holds = [] } = {}) {
    this.restore(position.state);
    this.advance(position.last, this.heldBy(holds));
    this.projection.project(this.core.output);
    const logits = this.logits().slice();
    this.permitted?.mask(logits, this.permitted.after(position.recent));
    return { state: this.save(), logits };
  }

  /**
   * Read ids [T] on from a position, which then knows the `remember` latest: as many as the repetition window needs.
   * @param {Position} position
   * @param {ArrayLike<number>} ids
   * @param {Wanted & {remember?: number}} wanted
   */
  read(position, ids, { states = false, surprisal = false, holds = [], remember = REMEMBERED } = {}) {
    const held = this.heldBy(holds);
    const found = this.room(ids.length, states, surprisal);
    let { last } = position;
    this.restore(position.state);
    for (let t = 0; t < ids.length; t++) {
      this.checkId(ids[t]);
      const opens = last === START && !this.opensDocument; // such a model is not shown the start symbol
      this.advance(last, held);
      if (found.surprisal) found.surprisal[t] = this.surprisalOf(ids[t]);
      if (opens) this.restore(position.state);
      if (found.states) this.save(found.states, t * this.stateSize);
      last = ids[t];
    }
    const recent = [...Array.from(position.recent), ...Array.from(ids).slice(-remember)].slice(-remember);
    return { ...found, position: { state: this.save(), last, recent, written: position.written } };
  }

  /**
   * Write `count` symbols on from a position.
   * @param {Position} position
   * @param {import("./sampling.js").Sampling} sampling
   * @param {[number, number]} stream of random draws, see `streamOf`
   * @param {number} count
   * @param {Wanted} wanted
   */
  write(position, sampling, stream, count, { states = false, surprisal = false, holds = [] } = {}) {
    const held = this.heldBy(holds);
    const found = this.room(count, states, surprisal);
    const window = Math.max(KEPT, sampling.repetitionWindow);
    const before = Array.from(position.recent).slice(-window);
    const trail = new Int32Array(before.length + count);
    trail.set(before);
    const logits = this.logits();
    const penalised = sampling.repetitionPenalty !== 1;
    const { permitted } = this;
    let condition = permitted?.after(position.recent) ?? 0;
    let { last } = position;
    this.restore(position.state);
    for (let t = 0; t < count; t++) {
      this.advance(last, held);
      this.projection.project(this.core.output);
      const end = before.length + t;
      const recent = penalised ? trail.subarray(Math.max(0, end - window), end) : NOTHING;
      const allowed = permitted?.table[condition];
      last = this.sampler.choose(logits, recent, sampling, uniform(stream, position.written + t), allowed);
      if (permitted) condition = permitted.next(condition, last);
      trail[end] = last;
      if (found.surprisal) found.surprisal[t] = surprisalOf(logits, last);
      if (found.states) this.save(found.states, t * this.stateSize);
    }
    const recent = Array.from(trail.subarray(Math.max(0, trail.length - window)));
    const after = { state: this.save(), last, recent, written: position.written + count };
    return { ...found, ids: trail.slice(before.length), position: after };
  }

  /**
   * A function that writes on and on: same seed, same text as `riverrun generate`.
   * @param {Position} position
   * @param {Draws & Wanted} options
   */
  writer(position, { sampling = {}, seed = 0, sequence = 0, ...wanted }) {
    const checked = checkSampling(sampling);
    const stream = streamOf(checkSeed(seed), sequence);
    let place = position;
    return (/** @type {number} */ count) => {
      const written = this.write(place, checked, stream, count, wanted);
      place = written.position;
      return written;
    };
  }

  /**
   * Surprisal of every symbol of a text, and the sums: the figures of `riverrun score`.
   * @param {string} text
   */
  score(text) {
    const { ids, texts, warnings } = this.encode(text);
    if (!ids.length) throw new InputError("there is no text to score");
    const nats = new Float64Array(ids.length);
    let last = START; // shown here even to a model that reads windows
    this.restore(this.opening().state);
    for (let t = 0; t < ids.length; t++) {
      this.advance(last, []);
      nats[t] = this.surprisalOf(ids[t]);
      last = ids[t];
    }
    const characters = Array.from(this.tokenizer.normalize(text)).length;
    const sum = nats.reduce((total, each) => total + each, 0);
    const unknown = ids.filter((id) => id === UNKNOWN).length;
    const tokens = texts.map((each, t) => ({ text: each, bits: nats[t] / Math.LN2 }));
    return {
      tokens,
      nats: sum,
      characters,
      unknown,
      bitsPerCharacter: sum / Math.LN2 / characters,
      warnings,
    };
  }

  /**
   * Feed one symbol to the registers.
   * @param {number} id
   * @param {import("./cores.js").Held[]} held
   */
  advance(id, held) {
    this.shown.copyWithin(0, 1);
    this.shown[this.shown.length - 1] = id;
    this.core.step(this.input(this.shown), held);
  }

  /**
   * In nats, of a symbol after what was fed.
   * @param {number} id
   */
  surprisalOf(id) {
    this.projection.project(this.core.output);
    return surprisalOf(this.logits(), id);
  }

  /** The logits [V] of the latest projection: a view that the next one changes. */
  logits() {
    const { logits } = this.projection;
    return this.kernel.memory.subarray(logits, logits + this.vocabulary);
  }

  /** @param {Float32Array} state */
  restore(state) {
    if (state.length !== this.stateSize) {
      throw new InputError(
        `a state of ${state.length} numbers is not of this model, which has ${this.stateSize}`,
      );
    }
    this.core.restore(state);
    this.shown.set(state.subarray(this.core.stateSize), 1);
  }

  /**
   * The registers as a state, in an array that has room for it from `start` on.
   * @param {Float32Array} state
   * @param {number} start
   */
  save(state = new Float32Array(this.stateSize), start = 0) {
    this.core.save(state, start);
    for (let past = 1; past < this.shown.length; past++)
      state[start + this.core.stateSize + past - 1] = this.shown[past];
    return state;
  }

  /**
   * @param {number} length
   * @param {boolean} states
   * @param {boolean} surprisal
   */
  room(length, states, surprisal) {
    if (states && length * this.stateSize > MOST) {
      throw new InputError(
        `the states of ${length} symbols are more than a page can hold at once: ask for fewer`,
      );
    }
    return {
      states: states ? new Float32Array(length * this.stateSize) : undefined,
      surprisal: surprisal ? new Float64Array(length) : undefined,
    };
  }

  /**
   * @param {Hold[]} holds
   * @returns {import("./cores.js").Held[]}
   */
  heldBy(holds) {
    const { starts, width } = this.core.units;
    return holds.map(({ index, value }) => {
      for (const [part, layers] of starts.entries()) {
        for (const [layer, start] of layers.entries()) {
          if (index >= start && index < start + width) return { part, layer, unit: index - start, value };
        }
      }
      throw new InputError(`there is no unit ${index} in the model's state`);
    });
  }

  /** @param {number} id */
  checkId(id) {
    if (!(Number.isInteger(id) && id >= 0 && id < this.vocabulary)) {
      throw new InputError(`there is no symbol ${id}: the model has ${this.vocabulary}`);
    }
  }
}

const REMEMBERED = 1024;
const KEPT = 8; // latest symbols that a position always knows: they tell the place within a character
const MOST = 1 << 27; // numbers in the states that are given at once
const NOTHING = new Int32Array(0);

/** @param {number | bigint} seed */
function checkSeed(seed) {
  if (typeof seed === "bigint" ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0)
    return seed;
  throw new InputError(`seed = ${seed}: give a whole number from 0 on`);
}
