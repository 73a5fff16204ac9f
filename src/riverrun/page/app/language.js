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

const PAUSE = 900; // milliseconds without a key after which typing is a version of its own
const REDRAWN = 400; // symbols written anew while a slider moves
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
    this.seed = buildSeed(() => this.settingsChanged());
    this.branches = new Branches(this.versions, (id) => this.walk(id));
    this.units = new Units(about, this.tape, this.pad, () => this.unitsChanged());
    this.heats = new Heats(engine, about, this);
    /** @type {{logits: Float32Array, recent: number[], next: number | null} | null} */
    this.at = null;
    /** @type {{stop: () => void, done: Promise<any>} | null} */
    this.writing = null;
    this.resume = -1; // where the writing stopped, so that Write goes on with its draws
    this.turn = 0; // counts the questions for the next symbol: only the latest answer is shown
    this.timer = 0;
    this.drawing = false;
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
    const given = readFragment(location.hash);
    this.sliders.set(given.settings);
    if (given.seed !== null) {
      this.seed.value = given.seed;
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
    byId("write").addEventListener("click", () => this.toggle());
    byId("back").addEventListener("click", () => this.stepBy(-1));
    byId("forth").addEventListener("click", () => this.stepBy(1));
    byId("undo").addEventListener("click", () => this.go(this.versions.undo()));
    byId("redo").addEventListener("click", () => this.go(this.versions.redo()));
    byId("reset").addEventListener("click", () => {
      this.sliders.reset();
      this.settingsChanged();
    });
    byId("redraw").addEventListener("change", () => this.settingsChanged());
    byId("dice").addEventListener("click", () => {
      this.seed.value = newSeed();
      this.settingsChanged();
    });
    byId("copy").addEventListener("click", () => this.tell(copy(this.pad.text), "The text is copied."));
    byId("link").addEventListener("click", () => this.copyLink());
    byId("command").addEventListener("click", () => this.copyCommand());
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
    if (document.querySelector("dialog[open]")) return;
    if (command && event.key === "Enter") this.toggle();
    else if (event.key === "Escape" && this.writing) this.stop();
    else if (command && !event.shiftKey && event.key.toLowerCase() === "z") this.go(this.versions.undo());
    else if (command && (event.key.toLowerCase() === "y" || event.key.toLowerCase() === "z")) this.go(this.versions.redo());
    else if (event.altKey && !command && digit && this.chances.shown[Number(digit[1]) - 1]) {
      this.take(this.chances.shown[Number(digit[1]) - 1].id);
    } else if (event.altKey && event.key === "ArrowUp") this.branches.step(-1);
    else if (event.altKey && event.key === "ArrowDown") this.branches.step(1);
    else return;
    event.preventDefault();
  }

  // The text changes by hand.

  async edited() {
    this.stop();
    this.resume = -1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
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
    if (this.writing || this.pad.text !== this.tape.text) return;
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
    const before = this.pad.text.slice(Math.max(0, this.pad.caret - 16), this.pad.caret);
    const bits = this.at.next === null ? "" : ` · ${(surprisalOf(this.at.logits, this.at.next) / Math.LN2).toFixed(1)} bits`;
    byId("where").textContent = before ? `after “${[...before].map(visible).join("").replaceAll("␣", " ")}”${bits}` : "at the beginning";
  }

  /** @param {number} step */
  async stepBy(step) {
    this.stop();
    const k = this.tape.count(this.pad.caret);
    const inside = this.tape.start(k) !== this.pad.caret;
    const to = Math.max(0, Math.min(this.tape.length, k + step + (inside && step < 0 ? 1 : 0)));
    this.pad.move(this.tape.start(to));
    this.pad.area.focus({ preventScroll: true });
    await this.moved();
  }

  /** @param {import("./versions.js").Version | null} version */
  async go(version) {
    if (!version) return;
    this.stop();
    this.resume = -1;
    clearTimeout(this.timer);
    this.pad.show(version.text, Math.min(version.caret, version.text.length));
    this.branches.draw();
    if (await this.settle()) await this.moved();
  }

  /** @param {number} id */
  async walk(id) {
    this.keep();
    this.versions.walk(id);
    await this.go(this.versions.now);
  }

  /** Another symbol at the caret: a branch. @param {number} id */
  async take(id) {
    await this.halt();
    const { caret } = this.pad;
    if (/^<[0-9A-F]{2}>$/.test(this.about.symbols[id])) {
      this.say("This is part of a character: it cannot be taken alone.", true);
      return;
    }
    if (!(await this.settle())) return;
    this.keep();
    const position = await this.tape.at(caret);
    await this.cutTo(caret);
    const read = await this.engine.read(position, Int32Array.of(id), { surprisal: true, states: true, holds: this.units.holds });
    const symbol = this.about.symbols[id];
    this.tape.append([id], [caret + symbol.length], read.surprisal, read.states);
    this.tape.text += symbol;
    this.pad.show(this.tape.text, this.tape.text.length);
    this.resume = -1;
    this.sum();
    this.keep();
    await this.moved();
  }

  /** The tape and the text end at a place. @param {number} caret */
  async cutTo(caret) {
    const prefix = this.pad.text.slice(0, caret);
    if (prefix !== this.tape.text) {
      if (this.tape.exact) this.tape.cut(this.tape.count(caret));
      else await this.reader.become(prefix);
    }
    await this.tape.position(this.tape.length); // the states of its last block are needed to go on
  }

  // Writing.

  toggle() {
    if (this.writing) this.stop();
    else this.write();
  }

  stop() {
    this.writing?.stop();
  }

  async halt() {
    const { writing } = this;
    if (!writing) return;
    writing.stop();
    await writing.done;
  }

  async write() {
    this.keep();
    const { caret } = this.pad;
    const goesOn = this.resume === caret && caret === this.tape.text.length && this.tape.text === this.pad.text;
    if (!goesOn && byId("reseed").checked) this.seed.value = newSeed();
    const length = Number(byId("length").value);
    await this.run(caret, { count: length || Infinity, goesOn });
  }

  /**
   * Write from a place; the text behind it goes (it is kept among the branches).
   * @param {number} caret
   * @param {{count: number, goesOn?: boolean}} how
   */
  async run(caret, { count, goesOn = false }) {
    if (!(await this.settle())) return;
    this.turn++;
    try {
      const position = await this.tape.at(caret);
      if (!goesOn) position.written = 0;
      await this.cutTo(caret);
      let symbols = 0, characters = 0;
      const writing = this.engine.write(position, this.options(count), (/** @type {any} */ piece) => {
        symbols += piece.ids.length;
        characters += this.append(piece);
        this.pad.show(this.tape.text, this.tape.text.length);
        this.tape.written = piece.position.written;
        this.pace(characters, piece.seconds);
        if (symbols % 4096 < piece.ids.length) this.sum();
      });
      this.writing = writing;
      this.showWriting();
      const end = await writing.done;
      this.tape.written = end.position.written;
      this.pace(characters, end.seconds);
    } catch (error) {
      this.say(/** @type {Error} */ (error).message, true);
    }
    this.writing = null;
    this.showWriting();
    this.resume = this.tape.text.length;
    this.pad.show(this.tape.text, this.tape.text.length);
    this.sum();
    this.keep();
    await this.moved();
  }

  /** @param {number} count symbols */
  options(count) {
    const { sampling, units } = this;
    return { sampling, seed: BigInt(this.seed.value || 0), sequence: 0, count, stop: [], holds: units.holds, surprisal: true, states: true };
  }

  /** @param {any} piece @returns {number} characters */
  append(piece) {
    let at = this.tape.text.length;
    const ends = piece.texts.map((/** @type {string} */ text) => (at += text.length));
    this.tape.append(piece.ids, ends, piece.surprisal, piece.states);
    const text = piece.texts.join("");
    this.tape.text += text;
    if (this.tape.length >= this.tape.longest) this.stop();
    return [...text].length;
  }

  showWriting() {
    const button = byId("write");
    button.textContent = this.writing ? "Stop" : "Write";
    button.classList.toggle("busy", Boolean(this.writing));
  }

  // Settings.

  settingsChanged() {
    this.showChances();
    this.remember();
    if (byId("redraw").checked) this.redraw();
  }

  /** Write anew what stands behind the caret, with the same seed; the latest settings win. */
  async redraw() {
    if (this.drawing) {
      this.again = true;
      return;
    }
    this.drawing = true;
    try {
      do {
        this.again = false;
        await this.redrawOnce();
      } while (this.again);
    } finally {
      this.drawing = false;
    }
  }

  async redrawOnce() {
    await this.halt();
    const { caret } = this.pad;
    if (this.pad.text !== this.tape.text) return;
    const behind = this.tape.length - this.tape.count(caret);
    const count = Math.min(REDRAWN, behind || Number(byId("length").value) || REDRAWN);
    const position = await this.tape.at(caret);
    position.written = 0;
    /** @type {any[]} */
    const pieces = [];
    await this.engine.write(position, this.options(count), (/** @type {any} */ piece) => pieces.push(piece)).done;
    if (caret !== this.pad.caret || this.pad.text !== this.tape.text) return;
    await this.cutTo(caret);
    pieces.forEach((piece) => this.append(piece));
    this.pad.show(this.tape.text, caret);
    this.resume = -1;
    this.sum();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
    await this.moved();
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
    await this.halt();
    this.keep();
    this.resume = -1;
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
    if (all > 20_000) byId("sums").textContent = `${grouped(read)} of ${grouped(all)} symbols read`;
    this.pad.draw();
  }

  sum() {
    const { tape } = this;
    const nats = tape.surprisal.reduce((total, each) => total + each, 0);
    const characters = [...tape.text].length;
    const bits = nats / Math.LN2;
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
      seed: now || !byId("reseed").checked ? this.seed.value : null, unit: this.units.chosen, holds: this.units.held,
    };
    return writeFragment(state, now);
  }

  async copyLink() {
    if (!this.remember(true)) this.say("The text is too long for an address: the link holds the settings only.", true);
    else await this.tell(copy(location.href), "The link is copied.");
  }

  async copyCommand() {
    const { caret } = this.pad;
    const version = this.versions.now;
    const parent = version.parent === null ? null : this.versions.get(version.parent);
    const prompt = parent && caret === this.pad.text.length ? this.pad.text.slice(0, parent.text.length) : this.pad.text.slice(0, caret);
    const length = Math.max(1, this.tape.length - this.tape.count(prompt.length)) || 400;
    const line = commandLine(this.about.name, prompt, length, this.seed.value, this.sliders.changed);
    await this.tell(copy(line), "The command is copied: it writes the same text.");
  }
}

/** A seed nobody chose, short enough to be read out. */
function newSeed() {
  return String(crypto.getRandomValues(new Uint32Array(1))[0]);
}

/** @param {() => void} changed @returns {HTMLInputElement} */
function buildSeed(changed) {
  const input = byId("seed");
  input.value = newSeed();
  input.addEventListener("input", () => {
    input.value = input.value.replace(/\D/g, "").slice(0, 18);
    byId("reseed").checked = false;
    changed();
  });
  return input;
}
