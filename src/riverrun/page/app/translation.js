/** The page of a translator: outputs while one types, where each was read, and the search step by step. */

import { Attention } from "./attention.js";
import { byId, make, percent } from "./elements.js";
import { readFragment, writeFragment } from "./fragment.js";
import { SEARCH, Sliders } from "./sliders.js";
import { copy, download } from "./take.js";

export class Translation {
  /**
   * @param {any} engine
   * @param {any} about
   */
  constructor(engine, about) {
    this.engine = engine;
    this.about = about;
    this.source = byId("source");
    this.sliders = new Sliders(byId("search-sliders"), SEARCH, () => this.translate());
    this.attention = new Attention();
    /** @type {any[]} */
    this.outputs = [];
    /** @type {any[][]} */
    this.steps = [];
    this.chosen = 0;
    this.turn = 0;
    this.listen();
  }

  async open() {
    byId("translator").hidden = false;
    await this.restore();
    addEventListener("hashchange", () => this.restore());
  }

  async restore() {
    const given = readFragment(location.hash);
    this.sliders.set(given.settings);
    if (given.text !== null && given.text !== this.source.value) this.source.value = given.text;
    await this.translate();
  }

  listen() {
    this.source.addEventListener("input", () => this.translate());
    byId("beam-step").addEventListener("input", () => this.showStep());
    byId("copy-output").addEventListener("click", () => this.tell(copy(this.outputs[this.chosen]?.text ?? ""), "The output is copied."));
    byId("link-translation").addEventListener("click", () => {
      const whole = this.remember(true);
      this.tell(copy(location.href), whole ? "The link is copied." : "The link is copied, without the source: it is too long for an address.");
    });
    byId("save-outputs").addEventListener("click", () => download("riverrun.txt", this.asText()));
  }

  asText() {
    return [this.source.value, ...this.outputs.map(({ text, logProbability }) => `${text}\t${logProbability.toFixed(4)}`), ""].join("\n");
  }

  async translate() {
    const turn = ++this.turn;
    this.remember();
    const text = this.source.value;
    const { beam, nBest, lengthPenalty } = this.sliders.values;
    const begun = performance.now();
    try {
      const answer = await this.engine.translate(text, { beam, nBest: Math.min(nBest, beam), lengthPenalty, trace: true });
      if (turn !== this.turn) return;
      this.outputs = answer.outputs;
      this.steps = answer.steps ?? [];
      this.say(answer.warnings.join(" "));
      byId("translated-in").textContent = answer.outputs.length ? `${Math.max(1, Math.round(performance.now() - begun))} ms` : "";
    } catch (error) {
      if (turn !== this.turn || /** @type {Error} */ (error).name === "Overtaken") return;
      [this.outputs, this.steps] = [[], []];
      this.say(/** @type {Error} */ (error).message, true);
    }
    this.choose(0);
    this.showBeam();
  }

  /** @param {number} index */
  choose(index) {
    this.chosen = index;
    const rows = this.outputs.map((output, place) => this.row(output, place));
    const focused = byId("outputs").contains(document.activeElement);
    byId("outputs").replaceChildren(...rows);
    if (focused) rows[index]?.firstElementChild.focus();
    this.attention.show(this.outputs[index]?.attention ?? null);
  }

  /** @param {any} output @param {number} place */
  row({ text, probability, logProbability }, place) {
    const here = place === this.chosen;
    const bar = make("i", { class: "used" });
    bar.style.width = `${100 * probability}%`;
    return make("li", {}, make(
      "button",
      { type: "button", class: "output", "aria-pressed": here, onclick: () => this.choose(place), "data-about": "Shows where this output was read.", title: `log-probability ${logProbability.toFixed(4)} nats` },
      make("span", { class: "words", lang: "" }, text || "(nothing)"), make("span", { class: "track" }, bar), make("span", { class: "share" }, percent(probability)),
    ));
  }

  /** The beam at the step in which the best output was ended. */
  showBeam() {
    const slider = byId("beam-step");
    const best = this.outputs[0]?.text;
    const ended = this.steps.findIndex((rows) => rows.some(({ text, state }) => state === "ended" && text === best));
    slider.max = Math.max(1, this.steps.length);
    slider.value = String(ended < 0 ? slider.max : ended + 1);
    this.showStep();
  }

  showStep() {
    const step = Number(byId("beam-step").value);
    const rows = this.steps[step - 1] ?? [];
    byId("beam-step-value").textContent = this.steps.length ? `${step} of ${this.steps.length}` : "";
    byId("beam").replaceChildren(...rows.map(hypothesis));
  }

  /** @param {boolean} [now] */
  remember(now = false) {
    return writeFragment({ text: this.source.value, caret: this.source.value.length, settings: this.sliders.changed }, now);
  }

  /** @param {string} sentence @param {boolean} [bad] */
  say(sentence, bad = false) {
    byId("source-notice").textContent = sentence;
    byId("source-notice").classList.toggle("bad", bad);
  }

  /** @param {Promise<boolean>} done @param {string} sentence */
  async tell(done, sentence) {
    this.say((await done) ? sentence : "The browser did not allow copying: mark the text and copy it by hand.");
  }
}

const STATES = { going: "goes on", ended: "ended", dropped: "dropped" };

/** @param {any} given one hypothesis of a step */
function hypothesis({ text, symbol, logProbability, state }) {
  const words = make("span", { class: "words" });
  const last = symbol && text.endsWith(symbol) ? symbol : "";
  words.append(text.slice(0, text.length - last.length), make("b", {}, last || (state === "ended" ? "∎" : "")));
  return make("li", { class: state }, words, make("span", { class: "quiet" }, `${logProbability.toFixed(2)} · ${STATES[/** @type {keyof typeof STATES} */ (state)] ?? state}`));
}

