/** Colours of symbols: how surprising, or how high a unit. The theme gives the hues, the value the strength. */

import { make } from "./elements.js";

const LEVELS = 24; // so that neighbours of like value share one coloured stretch
const FIRST = 0.8; // bits; less is not worth a colour
const STRONGEST = 10;

/** @param {number} share from 0 to 1 @param {string} hue a CSS variable */
function ground(share, hue) {
  const level = Math.round(LEVELS * Math.min(1, Math.max(0, share)));
  return level ? `color-mix(in srgb, var(${hue}) ${((100 * level) / LEVELS).toFixed(0)}%, transparent)` : "";
}

/** @param {number} bits */
export function surprisalColour(bits) {
  return Number.isFinite(bits) ? ground((bits - FIRST) / (STRONGEST - FIRST), "--surprise") : "";
}

/** @param {number | null} value between -1 and 1 */
export function unitColour(value) {
  if (value === null || !Number.isFinite(value)) return "";
  return value < 0 ? ground(-value, "--below") : ground(value, "--above");
}

/** @param {HTMLElement} room @param {string} kind */
export function showLegend(room, kind) {
  const steps = kind === "surprisal" ? [0, 2, 4, 6, 8, 10] : kind === "unit" ? [-1, -0.5, 0, 0.5, 1] : [];
  const chips = steps.map((value) => {
    const chip = make("span", { class: "chip" }, String(value).replace("-", "−"));
    chip.style.backgroundColor = kind === "unit" ? unitColour(value) : surprisalColour(value);
    return chip;
  });
  if (chips.length) chips.push(make("span", {}, kind === "surprisal" ? "bits" : ""));
  room.replaceChildren(...chips);
}
