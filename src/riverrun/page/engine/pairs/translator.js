/** Translators and taggers: a text in, texts out. */

import { streamOf } from "../draws.js";
import { InputError } from "../errors.js";
import { checkSampling } from "../sampling.js";
import { decode, checkText, unseenWarnings } from "../text/tokenizer.js";
import { hasVisible } from "../text/splitting.js";
import { SPECIAL, START } from "../text/vocabulary.js";
import { bestPath } from "./best_path.js";
import { Networks } from "./networks.js";
import { mostAtOnce, pieces } from "./pieces.js";
import { MOST, checkSearch, sample, score, search } from "./search.js";

const WIDEST = 4; // times the beam that was asked for, where it holds too few different outputs

/** @typedef {import("../text/tokenizer.js").Tokenizer} Tokenizer */

/**
 * @typedef {object} Draws of random outputs
 * @property {Partial<import("../sampling.js").Sampling>} [sampling] draw `nBest` random outputs instead of searching
 * @property {number | bigint} [seed]
 */

/**
 * @typedef {object} Attention where in the source each symbol of an output was read
 * @property {string[]} source the last, the end, is empty
 * @property {string[]} output an output of nothing is empty
 * @property {Float32Array | null} weights [T, S], row by row
 */

export class Translator {
  /**
   * @param {import("../kernel.js").Kernel} kernel
   * @param {import("../files.js").Tensors} tensors
   * @param {{source: Tokenizer, target: Tokenizer}} sides
   * @param {Record<string, any>} settings
   * @param {Record<string, any>} facts
   */
  constructor(kernel, tensors, { source, target }, settings, facts) {
    this.tagging = facts.kind === "tagger";
    this.source = source;
    this.target = target;
    this.vocabulary = target.size;
    this.unknownPolicy = settings.text?.unknown;
    this.longestSource = facts.longest_source ?? 0;
    this.most = mostAtOnce(this.longestSource); // symbols of a source that is translated as a whole
    const sizes = { source: source.size, target: target.size };
    this.networks = new Networks(kernel, tensors, settings.model ?? {}, sizes, this.tagging);
    /** @type {{per_source: number, excess: number}} */
    this.lengths = facts.target_lengths ?? { per_source: 2, excess: 33 }; // of version 0.1.0, which did not keep them
  }

  /**
   * The best outputs for a text, best first, or as many random ones; none for a text of blanks, one for a text that is
   * translated in pieces. After each step control goes back to the caller, who may leave.
   * @param {string} text
   * @param {Partial<import("./search.js").How> & {trace?: boolean} & Draws} options
   */
  *translate(text, { trace = false, sampling, seed = 0, ...given } = {}) {
    const how = checkSearch(sampling ? { ...given, beam: given.nBest ?? 1 } : given);
    const draws = sampling ? { sampling, seed } : null;
    const { ids, warnings } = this.encode(text);
    /** @type {ReturnType<typeof this.show>[]} */
    const steps = [];
    if (!ids.length) return { outputs: [], warnings, steps };
    const outputs =
      ids.length > this.most
        ? [yield* this.inPieces(ids, how, draws)]
        : yield* this.inOne(ids, how, draws, trace ? steps : null);
    if (!outputs.reduce((best, each) => (each.score > best.score ? each : best)).finished) {
      warnings.push("the output ran into the bound on its length and is not finished");
    }
    return { outputs, warnings, steps };
  }

  /**
   * @param {ArrayLike<number>} source
   * @param {import("./search.js").How} how
   * @param {Required<Draws> | null} draws
   * @param {ReturnType<typeof this.show>[] | null} steps
   */
  *inOne(source, how, draws, steps) {
    const found = draws ? yield* this.draw(source, how, draws) : yield* this.different(source, how, steps);
    const outputs = found.map((each) => this.scored(source, each, how));
    if (!draws) outputs.sort((first, second) => second.score - first.score);
    return outputs.map((each) => this.output(source, each));
  }

  /**
   * One output from the best, or the first that is drawn, of each piece of a source.
   * @param {ArrayLike<number>} source
   * @param {import("./search.js").How} how
   * @param {Required<Draws> | null} draws
   */
  *inPieces(source, how, draws) {
    const isBlank = (/** @type {number} */ id) => id >= SPECIAL && !hasVisible(this.source.shown(id));
    const parts = [];
    for (const [number, ids] of pieces(source, isBlank, this.most).entries()) {
      const one = { ...how, nBest: 1 };
      const found = draws
        ? yield* this.draw(ids, one, draws, number * how.nBest)
        : yield* this.different(ids, one, null);
      parts.push(this.scored(ids, found[0], how));
    }
    const logProbability = parts.reduce((sum, part) => sum + part.logProbability, 0);
    const length = parts.reduce((sum, { ids }) => sum + ids.length + 1, 0);
    return {
      text: parts.map(({ ids }) => this.textOf(ids)).join(" "),
      ids: parts.flatMap(({ ids }) => ids),
      logProbability,
      score: score(logProbability, length, how),
      finished: parts.every(({ finished }) => finished),
      probability: Math.exp(logProbability),
      attention: null,
    };
  }

  /**
   * `nBest` hypotheses that do not say the same by other moves; where a beam holds fewer, wider ones add to them.
   * @param {ArrayLike<number>} ids
   * @param {import("./search.js").How} how
   * @param {ReturnType<typeof this.show>[] | null} steps of the first beam, for the eye
   */
  *different(ids, how, steps) {
    /** @type {Map<string, import("./search.js").Hypothesis>} */
    const found = new Map();
    for (let { beam } = how; found.size < how.nBest && beam <= Math.min(MOST, WIDEST * how.beam); beam *= 2) {
      const searching = search(this.networks, ids, this.bound(ids.length), { ...how, beam });
      let { value, done } = searching.next();
      while (!done) {
        if (beam === how.beam) steps?.push(this.show(/** @type {import("./search.js").Traced[]} */ (value)));
        yield;
        ({ value, done } = searching.next());
      }
      for (const hypothesis of /** @type {import("./search.js").Hypothesis[]} */ (value)) {
        const said = this.textOf(hypothesis.ids);
        if (!found.has(said)) found.set(said, hypothesis);
      }
    }
    return Array.from(found.values()).slice(0, how.nBest);
  }

  /**
   * @param {ArrayLike<number>} ids
   * @param {import("./search.js").How} how
   * @param {Required<Draws>} draws
   * @param {number} [first] number of the sequence that is drawn first
   */
  *draw(ids, how, { sampling, seed }, first = 0) {
    const found = [];
    const bound = this.bound(ids.length);
    const checked = checkSampling(sampling);
    for (let number = first; number < first + how.nBest; number++) {
      found.push(yield* sample(this.networks, ids, bound, checked, streamOf(seed, number), how));
    }
    return found;
  }

  /**
   * Outputs written at most for a source of so many symbols: half as many again as training suggests.
   * @param {number} source
   */
  bound(source) {
    const { per_source: perSource, excess } = this.lengths;
    return Math.ceil(1.5 * (perSource * source + excess)) + (this.networks.monotone ? source : 0);
  }

  /**
   * A hypothesis by the most likely path to what it writes, where a transducer has finished it.
   * @param {ArrayLike<number>} source
   * @param {import("./search.js").Hypothesis} hypothesis
   * @param {import("./search.js").How} how
   * @returns {import("./search.js").Hypothesis}
   */
  scored(source, hypothesis, how) {
    if (!this.networks.monotone || !hypothesis.finished) return hypothesis;
    const { outputs, logProbability } = bestPath(this.networks, source, this.written(hypothesis.ids));
    return { ids: outputs.slice(0, -1), logProbability, score: score(logProbability, outputs.length, how), finished: true };
  }

  /**
   * @param {ArrayLike<number>} source
   * @param {import("./search.js").Hypothesis} hypothesis
   */
  output(source, hypothesis) {
    return {
      text: this.textOf(hypothesis.ids),
      ...hypothesis,
      probability: Math.exp(hypothesis.logProbability),
      attention: this.attentionOf(source, [...hypothesis.ids, START]),
    };
  }

  /**
   * Where the model looks as it writes a given target.
   * @param {string} source
   * @param {string} target
   */
  attention(source, target) {
    const { ids } = this.encode(source);
    return this.attentionOf(ids, this.outputsOf(ids, target));
  }

  /**
   * Log-probability in nats of a given target; for a transducer that of its most likely path.
   * @param {string} source
   * @param {string} target
   */
  scorePair(source, target) {
    const { ids, warnings } = this.encode(source);
    const { logs } = this.networks.force(ids, this.outputsOf(ids, target));
    return { logProbability: logs.reduce((sum, log) => sum + log, 0), warnings };
  }

  /**
   * Ids of a source, and what is to be said about it.
   * @param {string} text
   */
  encode(text) {
    checkText(text);
    if (!hasVisible(text)) return { ids: new Int32Array(0), warnings: [] };
    const ids = this.source.encode(text);
    const warnings = unseenWarnings(this.source.unseen(text), this.unknownPolicy);
    if (ids.length > 2 * this.longestSource) {
      warnings.push(
        `a source of ${ids.length} symbols is far longer than any in training (${this.longestSource}): ` +
          (ids.length > this.most ? "it is translated in pieces" : "expect faults"),
      );
    }
    return { ids, warnings };
  }

  /**
   * What the decoder writes for a given target, the end last.
   * @param {Int32Array} source
   * @param {string} text
   */
  outputsOf(source, text) {
    checkText(text);
    const ids = this.target.encode(text);
    if (this.tagging && ids.length !== source.length) {
      throw new InputError(
        `the source has ${source.length} symbols and the output ${ids.length}: a tagger writes one for each`,
      );
    }
    return this.networks.monotone ? bestPath(this.networks, source, ids).outputs : [...ids, START];
  }

  /**
   * @param {ArrayLike<number>} source
   * @param {number[]} outputs
   * @returns {Attention}
   */
  attentionOf(source, outputs) {
    const { weights } = this.networks.force(source, outputs);
    const { size } = this.target;
    const flat = weights && Float32Array.from(weights.flatMap((row) => Array.from(row)));
    return {
      source: [...Array.from(source, (id) => this.source.shown(id)), ""],
      output: outputs.map((output) => (output < 2 * size ? this.target.shown(output % size) : "")),
      weights: flat,
    };
  }

  /**
   * The text of outputs: actions of a transducer lose their moves.
   * @param {number[]} outputs
   */
  textOf(outputs) {
    return decode(this.target, this.written(outputs));
  }

  /** @param {number[]} outputs */
  written(outputs) {
    const { size } = this.target;
    return outputs.filter((output) => output < 2 * size).map((output) => output % size);
  }

  /**
   * A step of the search for the eye.
   * @param {import("./search.js").Traced[]} step
   */
  show(step) {
    const { size } = this.target;
    return step.map(({ ids, fate, ...rest }) => {
      const last = /** @type {number} */ (ids.at(-1));
      const symbol = last === START || last === 2 * size ? "" : this.target.shown(last % size);
      return { ...rest, text: this.textOf(ids.filter((id) => id !== START)), symbol, state: fate };
    });
  }
}
