/** The sliders: each walks along the values that make sense for it, and says in one sentence what it does. */

import { DEFAULT_SAMPLING, DEFAULT_SEARCH } from "../engine/index.js";
import { make } from "./elements.js";

/**
 * @typedef {object} Control
 * @property {string} name the field of the settings
 * @property {string} label
 * @property {string} about one sentence
 * @property {number[]} stops rising values
 * @property {number} initial
 * @property {(value: number) => string} [format]
 */

/** Rising numbers from a to b, evenly spaced. @param {number} a @param {number} b @param {number} step */
function even(a, b, step) {
  return Array.from({ length: Math.round((b - a) / step) + 1 }, (_, k) => Number((a + k * step).toFixed(4)));
}

/** Rising numbers from a to b, evenly spaced in their logarithm, with two digits. @param {number} a @param {number} b @param {number} count @param {number[]} round */
function logarithmic(a, b, count, round) {
  const values = Array.from({ length: count }, (_, k) => Number((a * (b / a) ** (k / (count - 1))).toPrecision(2)));
  return [...new Set([...values, ...round])].sort((x, y) => x - y);
}

/** @param {number} off @param {(value: number) => string} [format] */
const orOff = (off, format = String) => (/** @type {number} */ value) => (value === off ? "off" : format(value));

/** @type {Control[]} */
export const SAMPLING = [
  {
    name: "temperature", label: "Temperature", initial: DEFAULT_SAMPLING.temperature,
    stops: [0, ...logarithmic(0.1, 4, 80, [0.2, 0.5, 0.8, 1, 1.2, 1.5, 2])],
    format: (value) => (value ? value.toFixed(2) : "greedy"),
    about: "Below 1 the likely becomes likelier, above 1 everything has a chance; at the far left only the likeliest is taken.",
  },
  {
    name: "topK", label: "Top k", initial: DEFAULT_SAMPLING.topK, stops: [0, ...even(1, 20, 1), 25, 30, 40, 50, 75, 100, 200, 500, 1000],
    format: orOff(0), about: "Only this many of the likeliest symbols may be drawn.",
  },
  {
    name: "topP", label: "Top p", initial: DEFAULT_SAMPLING.topP, stops: even(0.05, 1, 0.01), format: orOff(1, (value) => value.toFixed(2)),
    about: "Only the fewest likely symbols that together have this probability may be drawn.",
  },
  {
    name: "minP", label: "Min p", initial: DEFAULT_SAMPLING.minP, stops: [0, ...logarithmic(0.001, 1, 40, [])], format: orOff(0),
    about: "Only symbols at least this share as likely as the likeliest may be drawn.",
  },
  {
    name: "typicalP", label: "Typical", initial: DEFAULT_SAMPLING.typicalP, stops: even(0.05, 1, 0.01), format: orOff(1, (value) => value.toFixed(2)),
    about: "Only symbols about as surprising as is usual here may be drawn, up to this probability.",
  },
  {
    name: "repetitionPenalty", label: "Repetition", initial: DEFAULT_SAMPLING.repetitionPenalty, stops: even(0.8, 2, 0.01),
    format: orOff(1, (value) => value.toFixed(2)), about: "Above 1 the latest symbols are held back, below 1 they are asked for again.",
  },
];

/** @type {Control[]} */
export const SEARCH = [
  { name: "beam", label: "Beam", initial: DEFAULT_SEARCH.beam, stops: even(1, 16, 1), about: "How many unfinished outputs are kept side by side; 1 takes the likeliest symbol each time." },
  { name: "nBest", label: "Outputs", initial: DEFAULT_SEARCH.beam, stops: even(1, 10, 1), about: "How many different outputs are shown, at most as many as the beam is wide." },
  { name: "lengthPenalty", label: "Length", initial: DEFAULT_SEARCH.lengthPenalty, stops: even(0, 2, 0.05), format: (value) => value.toFixed(2), about: "0 prefers short outputs; the larger, the longer they may be." },
];

export class Sliders {
  /**
   * @param {HTMLElement} room
   * @param {Control[]} controls
   * @param {() => void} changed
   */
  constructor(room, controls, changed) {
    this.controls = controls;
    /** @type {Record<string, number>} */
    this.values = {};
    this.inputs = new Map(controls.map((control) => [control.name, this.build(room, control, changed)]));
    this.reset();
  }

  /** @param {HTMLElement} room @param {Control} control @param {() => void} changed */
  build(room, control, changed) {
    const id = `slider-${control.name}`, about = `${id}-about`;
    const input = make("input", { type: "range", id, min: 0, max: control.stops.length - 1, step: 1, "data-about": control.about, "aria-describedby": about });
    const output = make("output", { for: id });
    const described = make("span", { id: about, class: "unseen" }, control.about);
    room.append(make("div", { class: "slider", "data-about": control.about }, make("label", { for: id }, control.label), input, output, described));
    input.addEventListener("input", () => {
      this.values[control.name] = control.stops[Number(input.value)];
      this.say(control, input, output);
      changed();
    });
    return { input, output };
  }

  /** @param {Control} control @param {HTMLInputElement} input @param {HTMLOutputElement} output */
  say(control, input, output) {
    const text = (control.format ?? String)(this.values[control.name]);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--share", `${(100 * Number(input.value)) / Number(input.max)}%`);
  }

  /** Put sliders at values; what is not a number there stays. @param {Record<string, unknown>} values */
  set(values) {
    for (const control of this.controls) {
      const value = values[control.name];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      const { input, output } = /** @type {any} */ (this.inputs.get(control.name));
      const place = nearest(control.stops, value);
      this.values[control.name] = control.stops[place];
      input.value = String(place);
      this.say(control, input, output);
    }
  }

  reset() {
    this.set(Object.fromEntries(this.controls.map(({ name, initial }) => [name, initial])));
  }

  /** Values that are not the initial ones. */
  get changed() {
    return Object.fromEntries(this.controls.filter(({ name, initial }) => this.values[name] !== initial).map(({ name }) => [name, this.values[name]]));
  }
}

/** @param {number[]} stops @param {number} value */
export function nearest(stops, value) {
  let best = 0;
  stops.forEach((stop, place) => {
    if (Math.abs(stop - value) < Math.abs(stops[best] - value)) best = place;
  });
  return best;
}
