/**
 * The first symbol after a prompt whose end may be the beginning of a longer one, as Python's `generation/healing.py`
 * draws it: each way to read the end has a probability, and one of them is drawn as any symbol is.
 */

import { streamOf, uniform } from "./draws.js";
import { Sampler, checkSampling, logTotal } from "./sampling.js";
import { decode } from "./text/tokenizer.js";
import { SPECIAL, START } from "./text/vocabulary.js";

const CONTEXT = 64; // symbols before those whose text is asked for: enough to know where its characters begin

/**
 * @typedef {object} Reading how the end of a prompt is read
 * @property {import("./language_model.js").Position} position to write on from
 * @property {number} keep how many of the prompt's latest ids are read as they are
 * @property {number | null} symbol the longer one that stands for the others; null where all are kept
 * @property {string} text what it adds to the prompt
 */

/**
 * Read the latest ids of a prompt on from a position, all that may be read otherwise among them.
 * @param {import("./language_model.js").LanguageModel} model
 * @param {import("./language_model.js").Position} position
 * @param {ArrayLike<number>} ids
 * @param {import("./language_model.js").Draws & import("./language_model.js").Wanted} options
 * @returns {Reading}
 */
export function heal(model, position, ids, { sampling = {}, seed = 0, sequence = 0, holds = [] }) {
  const all = Array.from(ids);
  const unopened = position.last === START && !model.opensDocument; // then the first symbol is what others come after
  const longer = model.readings?.overhang(all, unopened ? 1 : 0) ?? [];
  const kept = all.length - longer.length;
  const places = [model.read(position, all.slice(0, kept)).position];
  /** @type {{place: number, symbol: number, weight: number}[]} */
  const ways = [];
  let logarithm = 0; // of the probability of the ids up to a place
  for (const [place, others] of longer.entries()) {
    const logs = logProbabilities(model, places[place], holds);
    for (const symbol of others) ways.push({ place, symbol, weight: logarithm + logs[symbol] });
    logarithm += logs[all[kept + place]];
    places.push(model.read(places[place], [all[kept + place]]).position);
  }
  const whole = { position: places[longer.length], keep: all.length, symbol: null, text: "" };
  if (!longer.length) return whole;
  const weights = Float64Array.from([...ways.map(({ weight }) => weight), logarithm]);
  const draw = uniform(streamOf(seed, sequence), position.written);
  const way = ways[chosen(weights, { ...checkSampling(sampling), repetitionPenalty: 1 }, draw)];
  const written = position.written + 1;
  if (!way) return { ...whole, position: { ...whole.position, written } };
  const keep = kept + way.place;
  const read = model.read(places[way.place], [way.symbol], { holds }).position;
  const before = [...Array.from(position.recent), ...all.slice(0, keep)].slice(-CONTEXT);
  const decoder = model.tokenizer.decoder();
  const said = [...before, way.symbol].map(decoder.push).join("");
  const text = said.slice(decode(model.tokenizer, [...before, ...all.slice(keep)]).length);
  return { position: { ...read, written }, keep, symbol: way.symbol, text };
}

/**
 * Of each symbol [V] at a position, in nats.
 * @param {import("./language_model.js").LanguageModel} model
 * @param {import("./language_model.js").Position} position
 * @param {import("./language_model.js").Hold[]} holds
 */
function logProbabilities(model, position, holds) {
  model.restore(position.state);
  model.advance(position.last, model.heldBy(holds));
  model.projection.project(model.core.output);
  const logits = Float64Array.from(model.logits());
  const total = logTotal(logits);
  return logits.map((logit) => logit - total);
}

/**
 * One of several ways, drawn as a symbol is.
 * @param {Float64Array} weights logarithms
 * @param {import("./sampling.js").Sampling} sampling
 * @param {number} draw in [0, 1)
 */
function chosen(weights, sampling, draw) {
  const logits = new Float64Array(SPECIAL + weights.length); // behind the special symbols, which are never drawn
  logits.set(weights, SPECIAL);
  return new Sampler(logits.length).choose(logits, [], sampling, draw) - SPECIAL;
}
