/** Writing: what the model adds behind the caret, shown as it comes, stopped and gone on with. */

import { byId, grouped } from "./elements.js";
import { begin } from "./prompt.js";

const REDRAWN = 400; // symbols written anew while a slider moves
const MOST = 100_000; // symbols that one press of Write adds, at most
const BURST = 512; // symbols written between two looks at the screen, at first
const LARGEST = 4096;
const SLOW = 50; // milliseconds; bursts that take longer to write and show become smaller

export class Writer {
  /** @param {import("./language.js").Language} language whose text is written on */
  constructor(language) {
    this.language = language;
    this.engine = language.engine;
    this.tape = language.tape;
    this.pad = language.pad;
    this.seed = buildSeed(() => language.settingsChanged());
    /** @type {Promise<void> | null} the writing that goes on now */
    this.going = null;
    this.stopped = false;
    /** @type {(() => void) | null} stops the burst that goes on now */
    this.interrupt = null;
    this.resume = -1; // where it stopped, so that Write goes on with its draws
    this.drawing = false;
    /** @type {number | undefined} the painting that is waited for */
    this.waiting = undefined;
    byId("write").addEventListener("click", () => this.toggle());
    byId("dice").addEventListener("click", () => {
      this.seed.value = newSeed();
      language.settingsChanged();
    });
  }

  get busy() {
    return this.going !== null;
  }

  toggle() {
    if (this.busy) this.stop();
    else this.write();
  }

  /** From now on nothing is added any more. */
  stop() {
    this.stopped = true;
    this.interrupt?.();
  }

  /** Stop, and wait until it has stopped. */
  async halt() {
    if (!this.busy) return;
    this.stop();
    await this.going;
  }

  write() {
    const { language, pad, tape } = this;
    language.keep();
    const { caret } = pad;
    const goesOn = this.resume === caret && caret === tape.text.length && tape.text === pad.text;
    if (!goesOn && byId("reseed").checked) this.seed.value = newSeed();
    this.stopped = false;
    this.going = this.run(caret, Number(byId("length").value) || MOST, goesOn);
    return this.going;
  }

  /**
   * Write from a place; the text behind it goes (it is kept among the branches).
   * @param {number} caret
   * @param {number} count symbols
   * @param {boolean} goesOn with the draws of the writing that stopped there
   */
  async run(caret, count, goesOn) {
    const { language, pad, tape } = this;
    language.turn++;
    this.showState(true);
    try {
      if (await language.settle()) {
        const start = goesOn ? { position: await tape.at(caret), symbol: null } : await this.beginAt(caret);
        if (start && !this.stopped) {
          pad.show(tape.text, caret);
          await this.bursts(start.position, start.symbol === null ? count : count - 1);
        }
      }
    } catch (error) {
      language.say(/** @type {Error} */ (error).message, true);
    }
    this.going = null;
    this.showState(false);
    if (pad.text !== tape.text) return; // edited meanwhile
    this.resume = tape.text.length;
    if (pad.caret === caret) pad.move(this.resume);
    language.sum();
    language.keep();
    await language.moved();
  }

  /**
   * Write in bursts, each shown before the next is asked for, so that the page stands still for nobody.
   * @param {import("./tape.js").Position} position
   * @param {number} count
   */
  async bursts(position, count) {
    const { language, tape } = this;
    const room = Math.min(count, tape.longest - tape.length);
    let characters = 0, seconds = 0, size = BURST;
    for (let left = room; left > 0 && !this.stopped; ) {
      const began = performance.now();
      const { done, stop } = this.engine.write(position, this.options(Math.min(size, left)), (/** @type {any} */ piece) => {
        if (this.stopped) return;
        characters += this.append(piece);
        language.pace(characters, seconds + piece.seconds);
        this.showSoon();
      });
      this.interrupt = stop;
      const end = await done;
      this.interrupt = null;
      position = end.position;
      left -= end.written;
      seconds += end.seconds;
      language.pace(characters, seconds);
      language.sum();
      this.show();
      if (left > 0) await frame();
      size = performance.now() - began < SLOW ? Math.min(LARGEST, 2 * size) : Math.max(BURST, size >> 1);
    }
    if (this.stopped) return;
    if (room < count) language.say(`There is no room for more: the page keeps ${grouped(tape.longest)} symbols of this model.`, true);
    else if (count === MOST) language.say(`It paused after ${grouped(MOST)} symbols: press Write to go on.`);
  }

  /** What was written, at most once for each time that the screen is painted. */
  showSoon() {
    this.waiting ??= requestAnimationFrame(() => this.show());
  }

  show() {
    if (this.waiting !== undefined) cancelAnimationFrame(this.waiting);
    this.waiting = undefined;
    if (this.stopped && !this.tape.text.startsWith(this.pad.text)) return; // edited meanwhile
    this.pad.extend(this.tape.text.slice(this.pad.text.length));
  }

  /** @param {number} count symbols */
  options(count) {
    const { sampling, units } = this.language;
    return { sampling, seed: BigInt(this.seed.value || 0), sequence: 0, count, stop: [], holds: units.holds, surprisal: true, states: true };
  }

  /** @param {any} piece @returns {number} characters */
  append(piece) {
    const before = this.tape.characters;
    let at = this.tape.text.length;
    const ends = piece.texts.map((/** @type {string} */ text) => (at += text.length));
    this.tape.append(asShown(piece.texts.join("")), piece.ids, ends, piece.surprisal, piece.states);
    this.tape.written = piece.position.written;
    return this.tape.characters - before;
  }

  /** @param {boolean} busy */
  showState(busy) {
    byId("write").textContent = busy ? "Stop" : "Write";
    byId("write").classList.toggle("busy", busy);
  }

  /** The tape and the text end at a place. @param {number} caret */
  async cutTo(caret) {
    const prefix = this.pad.text.slice(0, caret);
    if (prefix !== this.tape.text) {
      if (this.tape.exact) this.tape.cut(this.tape.count(caret));
      else await this.language.reader.become(prefix);
    }
    await this.tape.position(this.tape.length); // the states of its last block are needed to go on
  }

  /** Where writing begins, the tape cut to there; null where the text was edited meanwhile. @param {number} caret */
  async beginAt(caret) {
    const start = await begin(this.tape, caret, this.options(0));
    return (await this.stand(caret, start)) ? start : null;
  }

  /**
   * The tape ends where writing begins: the text before a place is read as a prompt.
   * @param {number} caret
   * @param {import("./prompt.js").Beginning} start
   * @returns {Promise<boolean>} false where the text was edited meanwhile
   */
  async stand(caret, { same, keep, symbol, text }) {
    const { tape, pad, engine } = this;
    const prompt = pad.text.slice(0, caret);
    tape.cut(same);
    await this.cutTo(caret);
    if (tape.text !== prompt) return false;
    if (symbol === null) return true;
    tape.cut(keep);
    const read = await engine.read(await tape.position(keep), Int32Array.of(symbol), { surprisal: true, states: true, holds: this.language.units.holds });
    if (pad.text.slice(0, caret) !== prompt) return false;
    tape.append(prompt.slice(tape.start(keep)) + asShown(text), [symbol], [prompt.length + text.length], read.surprisal, read.states);
    tape.written = 1;
    return true;
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
    const { caret } = this.pad;
    if (this.busy || this.pad.text !== this.tape.text) return;
    const behind = this.tape.length - this.tape.count(caret);
    const count = Math.min(REDRAWN, behind || Number(byId("length").value) || REDRAWN);
    const start = await begin(this.tape, caret, this.options(0));
    const left = start.symbol === null ? count : count - 1;
    /** @type {any[]} */
    const pieces = [];
    await this.engine.write(start.position, this.options(left), (/** @type {any} */ piece) => pieces.push(piece)).done;
    if (this.busy || caret !== this.pad.caret || this.pad.text !== this.tape.text) return;
    if (!(await this.stand(caret, start))) return;
    pieces.forEach((piece) => this.append(piece));
    this.tape.written = 0;
    this.pad.show(this.tape.text, caret);
    this.resume = -1;
    this.language.sum();
    this.language.keepSoon();
    await this.language.moved();
  }
}

/** A text area has no other line ends. @param {string} text */
function asShown(text) {
  return text.replaceAll("\r", "\n");
}

/** The next time the screen is painted; a page out of sight is not, and does not wait. */
function frame() {
  return document.hidden ? Promise.resolve() : new Promise((resolve) => requestAnimationFrame(resolve));
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
