/** The bars of the next symbol: from logits already there, moved by every slider. */

import { alternatives, distribution } from "../engine/index.js";
import { byId, make, percent, spoken, visible } from "./elements.js";

const SHOWN = 12;
const MODEL = { temperature: 1, topK: 0, topP: 1, minP: 0, typicalP: 1, repetitionPenalty: 1, repetitionWindow: 0, uniform: false };

/** @typedef {{id: number, own: number, used: number, symbol: string, stands: boolean}} Chance */

/**
 * What to show of a distribution: the likeliest, and the symbol that stands in the text.
 * @param {{logits: Float32Array, recent: number[], next: number | null}} at
 * @param {any} sampling
 * @param {string[]} symbols
 * @returns {Chance[]} in the model's own order, which no slider changes
 */
export function chances({ logits, recent, next }, sampling, symbols) {
  const used = distribution(logits, recent, sampling);
  const shown = alternatives(logits, [], MODEL, SHOWN).map(({ id, model }) => ({ id, own: model }));
  if (next !== null && next > 1 && !shown.some(({ id }) => id === next)) {
    shown[Math.min(shown.length, SHOWN - 1)] = { id: next, own: own(logits, next) };
  }
  return shown.map(({ id, own }) => ({ id, own, used: used[id], symbol: symbols[id], stands: id === next }));
}

/** The model's own probability of one symbol. @param {Float32Array} logits @param {number} id */
function own(logits, id) {
  let highest = -Infinity;
  for (let k = 0; k < logits.length; k++) highest = Math.max(highest, logits[k]);
  let total = 0;
  for (let k = 0; k < logits.length; k++) total += Math.exp(logits[k] - highest);
  return Math.exp(logits[id] - highest) / total;
}

export class Chances {
  /**
   * @param {string[]} symbols
   * @param {(id: number) => void} take
   */
  constructor(symbols, take) {
    this.symbols = symbols;
    this.take = take;
    this.list = byId("chances");
    /** @type {Chance[]} */
    this.shown = [];
    this.list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.walk(event));
  }

  /** @param {{logits: Float32Array, recent: number[], next: number | null}} at @param {any} sampling */
  show(at, sampling) {
    this.shown = chances(at, sampling, this.symbols);
    while (this.list.children.length > this.shown.length) this.list.lastElementChild.remove();
    while (this.list.children.length < this.shown.length) this.list.append(this.row());
    const scale = Math.max(0.25, ...this.shown.map(({ own, used }) => Math.max(own, used)));
    this.shown.forEach((chance, index) => this.fill(this.list.children[index].firstElementChild, chance, scale));
  }

  row() {
    const button = make(
      "button", { type: "button", class: "chance" },
      make("span", { class: "symbol" }),
      make("span", { class: "track" }, make("i", { class: "own" }), make("i", { class: "used" })),
      make("span", { class: "share" }),
      make("span", { class: "unseen" }),
    );
    button.addEventListener("click", () => {
      const index = [...this.list.children].indexOf(button.parentElement);
      this.take(this.shown[index].id);
    });
    return make("li", {}, button);
  }

  /** @param {any} button @param {Chance} chance @param {number} scale */
  fill(button, { own, used, symbol, stands }, scale) {
    const [name, track, share, more] = button.children;
    name.textContent = visible(symbol);
    track.children[0].style.width = `${(100 * own) / scale}%`;
    track.children[1].style.width = `${(100 * used) / scale}%`;
    share.textContent = percent(used);
    button.classList.toggle("stands", stands);
    button.classList.toggle("removed", used === 0);
    const word = spoken(symbol);
    name.setAttribute("aria-hidden", String(word !== symbol));
    const here = stands ? "; this one stands in the text" : "";
    more.textContent = `${word === symbol ? "" : ` ${word}`}, the model's own ${percent(own)}${here}`;
    button.dataset.about = "Takes this symbol instead and branches; the text that stood here is kept.";
    button.dataset.share = String(used);
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey) return;
    const buttons = [...this.list.querySelectorAll("button")];
    const to = buttons[buttons.indexOf(/** @type {any} */ (event.target)) + step];
    if (to) {
      event.preventDefault();
      to.focus();
    }
  }
}
