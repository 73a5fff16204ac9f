/** Attention: source and output in two lines, linked on hover and focus, and the same as a table. */

import { byId, make, spoken, visible } from "./elements.js";

export class Attention {
  constructor() {
    this.links = byId("links");
    this.matrix = byId("matrix");
  }

  /** @param {{source: string[], output: string[], weights: Float32Array | null} | null} given */
  show(given) {
    byId("attention-section").hidden = !given;
    if (!given) return;
    const { source, output, weights } = given;
    if (!weights) {
      this.links.replaceChildren(make("p", { class: "quiet" }, "This model has no attention: it reads the whole source first."));
      this.matrix.replaceChildren();
      return;
    }
    const weight = (/** @type {number} */ t, /** @type {number} */ s) => weights[t * source.length + s];
    const above = source.map((symbol) => symbolOf(symbol, true));
    const below = output.map((symbol, t) => symbolOf(symbol, t === output.length - 1));
    this.links.replaceChildren(line("Source", above), line("Output", below));
    const clear = () => [...above, ...below].forEach((each) => shade(each, 0));
    const link = (/** @type {any} */ here, /** @type {any[]} */ others, /** @type {(k: number) => number} */ of) => {
      clear();
      shade(here, 1);
      others.forEach((each, k) => shade(each, of(k)));
    };
    const wire = (/** @type {any[]} */ own, /** @type {any[]} */ others, /** @type {(k: number, other: number) => number} */ of) =>
      own.forEach((each, k) => {
        const on = () => link(each, others, (other) => of(k, other));
        each.addEventListener("pointerenter", on);
        each.addEventListener("focus", on);
        each.addEventListener("pointerleave", clear);
        each.addEventListener("blur", clear);
      });
    wire(below, above, weight);
    wire(above, below, (s, t) => weight(t, s));
    roving(below);
    roving(above);
    this.table(source, output, weight);
  }

  /** @param {string[]} source @param {string[]} output @param {(t: number, s: number) => number} weight */
  table(source, output, weight) {
    const head = make("tr", {}, make("td", {}), ...source.map((symbol) => make("th", { scope: "col" }, shown(symbol, true))));
    const rows = output.map((symbol, t) => {
      const cells = source.map((_, s) => {
        const cell = make("td", { title: weight(t, s).toFixed(3) }, make("span", { class: "unseen" }, weight(t, s).toFixed(2)));
        shade(cell, weight(t, s));
        return cell;
      });
      return make("tr", {}, make("th", { scope: "row" }, shown(symbol, t === output.length - 1)), ...cells);
    });
    this.matrix.replaceChildren(make("caption", { class: "unseen" }, "Rows are output symbols, columns the source; the darker, the more attention."), make("thead", {}, head), make("tbody", {}, ...rows));
  }
}

/** Colour an element by a weight; by its root, so that the small ones are seen too. @param {any} element @param {number} weight */
function shade(element, weight) {
  element.dataset.weight = weight.toFixed(3);
  element.style.setProperty("--shade", Math.sqrt(weight).toFixed(3));
}

/** The end is a square, as in riverrun's other pages; where a transducer writes nothing it moves on. @param {string} symbol @param {boolean} last */
function shown(symbol, last) {
  return symbol === "" ? (last ? "∎" : "→") : visible(symbol);
}

/** @param {string} symbol @param {boolean} last */
function symbolOf(symbol, last) {
  const name = symbol === "" ? (last ? "the end" : "moves on") : spoken(symbol);
  return make("button", { type: "button", class: "linked", tabindex: -1, "aria-label": name }, shown(symbol, last));
}

/** @param {string} name @param {any[]} symbols */
function line(name, symbols) {
  return make("div", { class: "line", role: "group", "aria-label": name }, make("span", { class: "quiet name" }, name), make("span", { class: "symbols" }, ...symbols));
}

/** One stop of Tab for a line, the arrow keys within it. @param {any[]} symbols */
function roving(symbols) {
  if (symbols.length) symbols[0].tabIndex = 0;
  symbols.forEach((each, k) =>
    each.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const to = symbols[k + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? NaN)];
      if (!to) return;
      event.preventDefault();
      each.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    }),
  );
}
