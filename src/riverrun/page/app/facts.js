/** What is said of a model: one line at the top, a list further down. */

import { grouped, make } from "./elements.js";

/** @param {any} about @param {import("./source.js").Model} model */
export function headline({ kind, name, parameters, vocabulary, facts }, model) {
  const held = facts.validation_bits_per_character;
  return [
    model.alone ? name : "",
    `${kind === "language" ? "language model" : kind}`,
    `${grouped(parameters)} weights`,
    `${grouped(vocabulary)} symbols`,
    held ? `${held.toFixed(2)} bits per character on held-out text` : "",
  ].filter(Boolean).join(" · ");
}

/** @param {any} about @param {import("./source.js").Model} model @returns {Node[]} */
export function aboutFacts(about, model) {
  const { facts, settings, simd } = about;
  const shape = settings.model;
  const rows = {
    "Trained on": facts.corpus?.name?.split(/[\\/]/).pop(),
    "How long": facts.steps && `${grouped(facts.steps)} steps in ${grouped(facts.seconds)} s`,
    "Network": `${shape.core.toUpperCase()}, ${shape.layers ?? 1} × ${shape.hidden}`,
    "A symbol is": settings.text.unit,
    "Weights are kept in": model.precision,
    "What that costs": model.cost,
    "Products": simd ? "vector instructions of this browser (WebAssembly SIMD)" : "plain JavaScript: this browser has no vector instructions for pages",
  };
  return Object.entries(rows).flatMap(([name, value]) => (value ? [make("dt", {}, name), make("dd", {}, String(value))] : []));
}
