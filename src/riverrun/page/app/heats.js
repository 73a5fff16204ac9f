/** The same words at four temperatures, and the model's samples through its training. */

import { byId, grouped, make } from "./elements.js";
import { begin } from "./prompt.js";

const TEMPERATURES = [0.2, 0.5, 1, 1.2];
const LENGTH = 240; // symbols
const LEAD = 60; // characters of the prompt that are shown

export class Heats {
  /**
   * @param {any} engine
   * @param {any} about
   * @param {import("./language.js").Language} language
   */
  constructor(engine, about, language) {
    this.engine = engine;
    this.language = language;
    this.turn = 0;
    byId("heat-write").addEventListener("click", () => this.write());
    this.training(about);
  }

  async write() {
    const { language } = this;
    await language.writer.halt();
    if (!(await language.settle())) return;
    const turn = ++this.turn;
    const { caret, text } = language.pad;
    const prompt = text.slice(0, caret);
    const columns = TEMPERATURES.map((temperature) => this.column(prompt, temperature));
    byId("heat-columns").replaceChildren(...columns.map(({ element }) => element));
    const ways = TEMPERATURES.map((temperature) => ({ ...language.writer.options(LENGTH), sampling: { ...language.sampling, temperature }, surprisal: false, states: false }));
    /** @type {import("./prompt.js").Beginning[]} */
    const starts = [];
    for (const way of ways) starts.push(await begin(language.tape, caret, way));
    for (const [index, { say, done }] of columns.entries()) {
      if (turn !== this.turn) return;
      const { position, symbol, text: opening } = starts[index];
      say(opening);
      const way = { ...ways[index], count: symbol === null ? LENGTH : LENGTH - 1 };
      await this.engine.write(position, way, (/** @type {any} */ piece) => say(piece.texts.join(""))).done;
      done();
    }
  }

  /** @param {string} prompt @param {number} temperature */
  column(prompt, temperature) {
    const lead = prompt.length > LEAD ? `…${prompt.slice(-LEAD)}` : prompt;
    const words = make("span", {});
    const take = make("button", { type: "button", class: "plain", disabled: true, "data-about": "Puts this text on the pad, as a branch.", "aria-label": `Take the text at ${temperature}` }, "Take this");
    take.addEventListener("click", () => this.language.place(prompt + words.textContent));
    const element = make("article", {}, make("h3", {}, temperature.toFixed(1)), make("p", { class: "words" }, make("span", { class: "quiet" }, lead), words), take);
    return { element, say: (/** @type {string} */ text) => words.append(text), done: () => (take.disabled = false) };
  }

  /** @param {any} about */
  training({ samples, facts }) {
    const steps = [...new Set((samples ?? []).map((/** @type {any} */ each) => each.step))];
    const slider = byId("moment");
    if (!steps.length) {
      byId("tab-training").hidden = true;
      return;
    }
    slider.max = steps.length - 1;
    const show = () => {
      const step = steps[Number(slider.value)];
      const best = step === facts.best_step ? ", the weights that were kept" : "";
      byId("moment-value").textContent = `${grouped(step)} of ${grouped(steps[steps.length - 1])}${best}`;
      slider.setAttribute("aria-valuetext", `step ${step}`);
      const shown = samples.filter((/** @type {any} */ each) => each.step === step);
      byId("moment-samples").replaceChildren(...shown.map(sample));
    };
    slider.value = String(steps.length - 1);
    slider.addEventListener("input", show);
    show();
  }
}

/** @param {{label: string, prompt: string, text: string}} given */
function sample({ label, prompt, text }) {
  return make("article", {}, make("h3", {}, label.replace("temperature ", "")), make("p", { class: "words" }, make("span", { class: "quiet" }, prompt), make("span", {}, text)));
}
