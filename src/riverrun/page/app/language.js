/** The scratchpad of a language model: one text, where one stands in it, and what happens there. */

import { surprisalOf } from "../engine/index.js";
import { Branches } from "./branches.js";
import { Chances } from "./chances.js";
import { byId, grouped, visible } from "./elements.js";
import { readFragment, writeFragment } from "./fragment.js";
import { Heats } from "./heats.js";
import { Pad } from "./pad.js";
import { Reader } from "./reader.js";
import { SAMPLING, Sliders } from "./sliders.js";
import { surprisalColour, unitColour, showLegend } from "./colours.js";
import { commandLine, copy, download } from "./take.js";
import { Tape } from "./tape.js";
import { Units } from "./units.js";
import { Versions } from "./versions.js";
import { Writer } from "./writer.js";

const PAUSE = 900; // milliseconds without a key after which typing is a version of its own
const LONG = 20_000; // symbols of a text that is coloured when all of it is read
const WINDOW = 64; // symbols that count as recent

export class Language {
  /**
   * @param {any} engine
   * @param {any} about
   */
  constructor(engine, about) {
    this.engine = engine;
    this.about = about;
    this.tape = new Tape(engine, about);
    this.versions = new Versions();
    this.reader = new Reader(this.tape, {
      progress: (read, all) => this.progress(read, all),
      said: (sentence) => this.say(sentence),
    });
    this.pad = new Pad(this.tape, { edited: () => this.edited(), moved: () => this.moved() });
    this.chances = new Chances(about.symbols, (id) => this.take(id));
    this.sliders = new Sliders(byId("sliders"), SAMPLING, () => this.settingsChanged());
    this.branches = new Branches(this.versions, (id) => this.walk(id));
    this.units = new Units(about, this.tape, this.pad, () => this.unitsChanged());
    this.writer = new Writer(this);
    this.heats = new Heats(engine, about, this);
    /** @type {{logits: Float32Array, recent: number[], next: number | null} | null} */
    this.at = null;
    this.turn = 0; // counts the questions for the next symbol: only the latest answer is shown
    this.timer = 0;
    this.listen();
  }

  get sampling() {
    return { ...this.sliders.values, repetitionWindow: WINDOW, uniform: false };
  }

  async open() {
    await this.tape.open();
    byId("language").hidden = false;
    await this.restore();
    addEventListener("hashchange", () => this.restore());
  }

  /** Take up what the address says. */
  async restore() {
    await this.writer.halt();
    const given = readFragment(location.hash);
    this.sliders.set(given.settings);
    if (given.seed !== null) {
      this.writer.seed.value = given.seed;
      byId("reseed").checked = false;
    }
    this.units.restore(given);
    if (given.colour) this.colourBy(given.colour);
    else this.recolour();
    const text = given.text ?? "";
    if (text !== this.pad.text) {
      this.pad.show(text, given.caret ?? text.length);
      await this.settle();
    } else if (given.caret !== null) {
      this.pad.move(given.caret);
    }
    await this.moved();
  }

  listen() {
    byId("back").addEventListener("click", () => this.stepBy(-1));
    byId("forth").addEventListener("click", () => this.stepBy(1));
    byId("undo").addEventListener("click", () => this.undo());
    byId("redo").addEventListener("click", () => this.redo());
    byId("reset").addEventListener("click", () => {
      this.sliders.reset();
      this.settingsChanged();
    });
    byId("redraw").addEventListener("change", () => this.settingsChanged());
    byId("copy").addEventListener("click", () => this.tell(copy(this.pad.text), "The text is copied."));
    byId("link").addEventListener("click", () => {
      const whole = this.remember(true);
      this.tell(copy(location.href), whole ? "The link is copied." : "The link is copied, without the text: it is too long for an address.");
    });
    byId("command").addEventListener("click", () => this.tell(copy(this.command()), "The command is copied: it writes the same text."));
    byId("save").addEventListener("click", () => download("riverrun.txt", this.pad.text));
    for (const radio of document.getElementsByName("colour")) radio.addEventListener("change", () => this.recolour());
    byId("editor").addEventListener("colour", (/** @type {any} */ event) => this.colourBy(event.detail));
    addEventListener("drawer", () => this.units.draw());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const command = event.ctrlKey || event.metaKey;
    const digit = /^Digit([1-9])$/.exec(event.code);
    const letter = command ? event.key.toLowerCase() : "";
    const field = event.target instanceof HTMLInputElement && ["number", "text"].includes(event.target.type);
    if (document.querySelector("dialog[open]") || (field && letter.length === 1)) return; // a field undoes its own
    if (command && event.key === "Enter") this.writer.toggle();
    else if (event.key === "Escape" && this.writer.busy) this.writer.stop();
    else if (letter === "z" && !event.shiftKey) this.undo();
    else if (letter === "y" || letter === "z") this.redo();
    else if (event.altKey && !command && digit && this.chances.shown[Number(digit[1]) - 1]) {
      this.take(this.chances.shown[Number(digit[1]) - 1].id);
    } else if (event.altKey && event.key === "ArrowUp") this.branches.step(-1);
    else if (event.altKey && event.key === "ArrowDown") this.branches.step(1);
    else return;
    event.preventDefault();
  }

  // The text changes by hand.

  async edited() {
    this.writer.stop();
    this.writer.resume = -1;
    this.keepSoon();
    this.pad.draw();
    if (await this.settle()) await this.moved();
  }

  /** Read the text as it stands; false where it cannot be read. */
  async settle() {
    try {
      await this.reader.become(this.pad.text);
      this.pad.draw();
      this.sum();
      return true;
    } catch (error) {
      this.say(/** @type {Error} */ (error).message, true);
      this.at = null;
      return false;
    }
  }

  /** After a pause the text is a version of its own. */
  keepSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
  }

  /** The text is a version of its own now. */
  keep() {
    clearTimeout(this.timer);
    if (this.versions.commit(this.pad.text, this.pad.caret)) this.branches.draw();
    this.remember();
  }

  // Where one stands.

  /** The caret is elsewhere: ask for what comes next there. */
  async moved() {
    const turn = ++this.turn;
    if (this.writer.busy || this.pad.text !== this.tape.text) return;
    const { caret } = this.pad;
    try {
      const position = await this.tape.at(caret);
      const { logits } = await this.engine.step(position, { holds: this.units.holds });
      if (turn !== this.turn) return;
      const k = this.tape.count(caret);
      const next = this.tape.start(k) === caret && k < this.tape.length ? this.tape.ids[k] : null;
      this.at = { logits, recent: position.recent, next };
      this.showChances();
      this.units.moved(k);
    } catch (error) {
      if (turn === this.turn) this.say(/** @type {Error} */ (error).message, true);
    }
    this.remember();
  }

  showChances() {
    if (!this.at) return;
    this.chances.show(this.at, this.sampling);
    const line = this.pad.text.slice(Math.max(0, this.pad.caret - 16), this.pad.caret);
    const before = /[\u2e80-\uffff]/.test(line) ? line.slice(-7) : line; // those are twice as wide
    const bits = this.at.next === null ? "" : ` · ${(surprisalOf(this.at.logits, this.at.next) / Math.LN2).toFixed(1)} bits`;
    byId("where").textContent = before ? `after “${[...before].map(visible).join("").replaceAll("␣", " ")}”${bits}` : "at the beginning";
  }

  /** @param {number} step */
  async stepBy(step) {
    await this.writer.halt();
    const k = this.tape.count(this.pad.caret);
    const inside = this.tape.start(k) !== this.pad.caret;
    const to = Math.max(0, Math.min(this.tape.length, k + step + (inside && step < 0 ? 1 : 0)));
    this.pad.move(this.tape.start(to));
    this.pad.area.focus({ preventScroll: true });
    await this.moved();
  }

  async undo() {
    await this.writer.halt();
    this.keep();
    await this.go(this.versions.undo());
  }

  async redo() {
    await this.writer.halt();
    await this.go(this.versions.redo());
  }

  /** @param {import("./versions.js").Version | null} version */
  async go(version) {
    if (!version) return;
    this.writer.resume = -1;
    clearTimeout(this.timer);
    this.pad.show(version.text, Math.min(version.caret, version.text.length));
    this.branches.draw();
    if (await this.settle()) await this.moved();
  }

  /** @param {number} id */
  async walk(id) {
    await this.writer.halt();
    this.keep();
    this.versions.walk(id);
    await this.go(this.versions.now);
  }

  /** Another symbol at the caret: a branch. @param {number} id */
  async take(id) {
    await this.writer.halt();
    const { caret } = this.pad;
    if (/^<[0-9A-F]{2}>$/.test(this.about.symbols[id])) {
      this.say("This is part of a character: it cannot be taken alone.", true);
      return;
    }
    if (!(await this.settle())) return;
    this.keep();
    const position = await this.tape.at(caret);
    await this.writer.cutTo(caret);
    const read = await this.engine.read(position, Int32Array.of(id), { surprisal: true, states: true, holds: this.units.holds });
    const symbol = this.about.symbols[id];
    this.tape.append(symbol, [id], [caret + symbol.length], read.surprisal, read.states);
    this.pad.show(this.tape.text, this.tape.text.length);
    this.writer.resume = -1;
    this.sum();
    this.keep();
    await this.moved();
  }

  // Settings.

  settingsChanged() {
    this.showChances();
    this.remember();
    if (byId("redraw").checked) this.writer.redraw();
  }

  // Colours.

  get colour() {
    return /** @type {any} */ (document.querySelector("input[name=colour]:checked")).value;
  }

  /** @param {string} what */
  colourBy(what) {
    for (const radio of /** @type {any} */ (document.getElementsByName("colour"))) radio.checked = radio.value === what;
    this.recolour();
  }

  recolour() {
    const { colour, tape } = this;
    this.pad.colour =
      colour === "surprisal" ? (k) => surprisalColour(tape.surprisal[k] / Math.LN2)
      : colour === "unit" ? (k) => unitColour(this.units.value(k))
      : () => "";
    showLegend(byId("legend"), colour);
    this.pad.recolour();
    this.remember();
  }

  unitsChanged() {
    if (this.colour === "unit") this.pad.recolour();
    this.moved();
  }

  // What is said.

  /** @param {string} sentence @param {boolean} [bad] */
  say(sentence, bad = false) {
    byId("notice").textContent = sentence;
    byId("notice").classList.toggle("bad", bad);
  }

  /** A text from elsewhere comes onto the pad, as a version of its own. @param {string} text */
  async place(text) {
    await this.writer.halt();
    this.keep();
    this.writer.resume = -1;
    this.pad.show(text, text.length);
    if (!(await this.settle())) return;
    this.keep();
    await this.moved();
  }

  /** @param {Promise<boolean>} done @param {string} sentence */
  async tell(done, sentence) {
    this.say((await done) ? sentence : "The browser did not allow copying: mark the text and copy it by hand.");
  }

  /** @param {number} read @param {number} all */
  progress(read, all) {
    if (all > LONG) byId("sums").textContent = `${grouped(read)} of ${grouped(all)} symbols read`;
    else this.pad.draw();
  }

  sum() {
    const { characters, nats } = this.tape;
    const bits = Math.max(0, nats) / Math.LN2;
    byId("sums").textContent = characters ? `${grouped(characters)} characters, ${(bits / characters).toFixed(2)} bits per character` : "";
  }

  /** @param {number} characters @param {number} seconds */
  pace(characters, seconds) {
    byId("pace").textContent = seconds > 0 ? `${grouped(characters / seconds)} characters/s` : "";
  }

  // Taking along.

  /** @param {boolean} [now] @returns {boolean} whether the address holds all */
  remember(now = false) {
    const state = {
      text: this.pad.text, caret: this.pad.caret, settings: this.sliders.changed, colour: this.colour,
      seed: now || !byId("reseed").checked ? this.writer.seed.value : null, unit: this.units.chosen, holds: this.units.held,
    };
    return writeFragment(state, now);
  }

  /** The command that writes what stands behind the text one wrote oneself, or behind the caret. */
  command() {
    const { caret, text } = this.pad;
    const { parent } = this.versions.now;
    const from = caret === text.length && parent !== null ? this.versions.get(parent).text.length : caret;
    const length = this.tape.length - this.tape.count(from) || Number(byId("length").value) || 400;
    return commandLine(this.about.name, text.slice(0, from), length, this.writer.seed.value, this.sliders.changed);
  }
}
