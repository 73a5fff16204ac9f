/** Greedy and beam search, and random outputs, for one source, as Python's `generation/beam.py` does for many. */

import { uniform } from "../draws.js";
import { InputError } from "../errors.js";
import { Sampler } from "../sampling.js";
import { SPECIAL, START } from "../text/vocabulary.js";

export const MOST = 1000; // hypotheses kept side by side, at most

/**
 * @typedef {object} How
 * @property {number} beam hypotheses K kept side by side; 1 is greedy
 * @property {number} nBest outputs given, at most
 * @property {number} lengthPenalty alpha in score = log-probability / ((5 + length) / 6) ** alpha (Wu et al. 2016)
 */

/**
 * @typedef {object} Hypothesis
 * @property {number[]} ids without the end
 * @property {number} logProbability in nats, the end included if it was reached
 * @property {number} score the same, normalised for length
 * @property {boolean} finished the end was reached; if not, the bound on its length was met first
 */

/**
 * @typedef {object} Traced one continuation that was looked at
 * @property {number[]} ids the end included
 * @property {number} parent among the going ones of the step before
 * @property {number} logProbability
 * @property {number} score
 * @property {"going" | "ended" | "dropped"} fate
 */

/** @typedef {{ids: number[], logProbability: number, parent: number, states: import("./networks.js").States}} Going */

/** As `generation/search.py` has them. @type {Readonly<{beam: number, nBest: number, lengthPenalty: number}>} */
export const DEFAULT_SEARCH = Object.freeze({ beam: 4, nBest: 1, lengthPenalty: 0.6 });

/**
 * @param {Partial<How>} given
 * @returns {How}
 */
export function checkSearch({
  beam = DEFAULT_SEARCH.beam,
  nBest = DEFAULT_SEARCH.nBest,
  lengthPenalty = DEFAULT_SEARCH.lengthPenalty,
} = {}) {
  const faults = [];
  if (!(Number.isInteger(beam) && beam >= 1 && beam <= MOST)) {
    faults.push(`beam = ${beam}: give 1 (greedy) to ${MOST}`);
  }
  if (!(Number.isInteger(nBest) && nBest >= 1 && nBest <= Math.max(1, beam))) {
    faults.push(`n-best = ${nBest}: give 1 to the beam (${beam}), or raise it`);
  }
  if (!(lengthPenalty >= 0 && lengthPenalty <= 10)) {
    faults.push(`length-penalty = ${lengthPenalty}: must be between 0 and 10`);
  }
  if (faults.length) throw new InputError(faults.join("; "));
  return { beam, nBest, lengthPenalty };
}

/**
 * The best hypotheses for a source, best first. A search is done when K hypotheses have ended and no living one scores
 * better than they, or at the bound, where the living ones compete as they are.
 * @param {import("./networks.js").Networks} networks
 * @param {ArrayLike<number>} source
 * @param {number} bound outputs written at most
 * @param {How} how
 * @returns {Generator<Traced[], Hypothesis[]>} what each step looked at; in the end the hypotheses
 */
export function* search(networks, source, bound, how) {
  const width = how.beam;
  /** @type {Hypothesis[]} */
  const ended = [];
  /** @type {Going[]} */
  let going = [{ ids: [], logProbability: 0, parent: 0, states: networks.start(source) }];
  for (let length = 1; ; length++) {
    const candidates = best(going, networks, 2 * width);
    going = candidates.filter(({ ids }) => ids.at(-1) !== START).slice(0, width);
    const ending = candidates.slice(0, width).filter(({ ids }) => ids.at(-1) === START);
    for (const { ids, logProbability } of ending) {
      const said = ids.slice(0, -1);
      ended.push({ ids: said, logProbability, score: score(logProbability, length, how), finished: true });
    }
    yield candidates.map((each) => ({
      ids: each.ids,
      parent: each.parent,
      logProbability: each.logProbability,
      score: score(each.logProbability, length, how),
      fate: going.includes(each) ? "going" : ending.includes(each) ? "ended" : "dropped",
    }));
    const toBeat =
      ended.length < width ? -Infinity : ended.map((each) => each.score).sort((a, b) => b - a)[width - 1];
    // A living hypothesis is judged as if it ended now. In greedy search the first to end is the last.
    const hopeful =
      going.length > 0 &&
      (toBeat === -Infinity || (width > 1 && score(going[0].logProbability, length, how) > toBeat));
    if (hopeful && length < bound) continue;
    if (hopeful) {
      for (const { ids, logProbability } of going) {
        ended.push({ ids, logProbability, score: score(logProbability, length, how), finished: false });
      }
    }
    return ended.sort((first, second) => second.score - first.score).slice(0, Math.max(how.nBest, width));
  }
}

/**
 * A random output for a source; it depends on the seed and on its number.
 * @param {import("./networks.js").Networks} networks
 * @param {ArrayLike<number>} source
 * @param {number} bound outputs written at most
 * @param {import("../sampling.js").Sampling} sampling
 * @param {[number, number]} stream of random draws
 * @param {How} how
 * @returns {Generator<undefined, Hypothesis>} a step at a time
 */
export function* sample(networks, source, bound, sampling, stream, how) {
  const sampler = new Sampler(SPECIAL + networks.outputs);
  const logits = new Float64Array(SPECIAL + networks.outputs).fill(-Infinity); // behind these the end may be drawn
  /** @type {number[]} */
  const ids = [];
  let states = networks.start(source);
  let logProbability = 0;
  let finished = false;
  while (ids.length < bound) {
    const step = networks.step(ids.at(-1) ?? START, states);
    logits.set(step.logs, SPECIAL);
    for (const symbol of networks.forbidden) logits[SPECIAL + symbol] = -Infinity;
    const recent = ids.map((id) => id + SPECIAL);
    const symbol = sampler.choose(logits, recent, sampling, uniform(stream, ids.length)) - SPECIAL;
    logProbability += step.logs[symbol];
    finished = symbol === START;
    if (finished) break;
    ids.push(symbol);
    states = step.states;
    yield;
  }
  const length = ids.length + (finished ? 1 : 0);
  return { ids, logProbability, score: score(logProbability, length, how), finished };
}

/**
 * @param {number} logProbability
 * @param {number} length
 * @param {How} how
 */
export function score(logProbability, length, { lengthPenalty }) {
  return logProbability / ((5 + length) / 6) ** lengthPenalty;
}

/**
 * The best continuations, best first; equal ones in the order of their parents and symbols.
 * @param {Going[]} going
 * @param {import("./networks.js").Networks} networks
 * @param {number} count
 * @returns {Going[]}
 */
function best(going, networks, count) {
  /** @type {{total: number, parent: number, symbol: number}[]} */
  const found = [];
  const stepped = going.map(({ ids, states }) => networks.step(ids.at(-1) ?? START, states));
  stepped.forEach(({ logs }, parent) => {
    for (let symbol = 0; symbol < logs.length; symbol++) {
      const total = going[parent].logProbability + logs[symbol];
      if (networks.forbidden.has(symbol) || !(total > (found[count - 1]?.total ?? -Infinity))) continue;
      let place = Math.min(found.length, count - 1);
      while (place > 0 && total > found[place - 1].total) place -= 1;
      found.splice(place, 0, { total, parent, symbol });
      if (found.length > count) found.pop();
    }
  });
  return found.map(({ total, parent, symbol }) => ({
    ids: [...going[parent].ids, symbol],
    logProbability: total,
    parent,
    states: stepped[parent].states,
  }));
}
