/** Keeps the tape in step with a text that changes: only what is new is read, in slices, and newer text overtakes. */

import { common, ends } from "./tape.js";

const FIRST = 256; // symbols of the first slice, so that colours come at once
const SLICE = 4096;

export class Reader {
  /**
   * @param {import("./tape.js").Tape} tape
   * @param {{progress: (read: number, all: number) => void, said: (sentence: string) => void}} heard
   */
  constructor(tape, heard) {
    this.tape = tape;
    this.heard = heard;
    this.wanted = "";
    /** @type {Promise<void> | null} */
    this.running = null;
  }

  /** Read a text; resolves when the tape holds the latest text wanted. @param {string} text */
  become(text) {
    this.wanted = text;
    this.running ??= this.follow().finally(() => (this.running = null));
    return this.running;
  }

  async follow() {
    let wanted;
    do {
      wanted = this.wanted;
      await this.read(wanted);
    } while (wanted !== this.wanted);
  }

  /** @param {string} text */
  async read(text) {
    const { tape } = this;
    if (text === tape.text && !tape.pending) return;
    const { ids, texts, warnings } = await tape.engine.encode(text);
    this.heard.said(warnings.join(" "));
    if (ids.length > tape.longest) {
      throw new RangeError(
        `This text has ${ids.length.toLocaleString("en-US")} symbols; the page has room for ` +
          `${tape.longest.toLocaleString("en-US")} of this model: take a shorter piece.`,
      );
    }
    const places = ends(text, texts);
    const same = common(ids, tape.ids);
    tape.cut(same);
    tape.keep(text, places);
    tape.pending = ids;
    let position = await tape.position(same);
    position.written = 0;
    for (let from = same, size = FIRST; from < ids.length; from += size, size = SLICE) {
      if (text !== this.wanted) break;
      const slice = Int32Array.from(ids.slice(from, from + size));
      const read = await tape.engine.read(position, slice, { surprisal: true, states: true });
      const until = Math.min(from + size, ids.length);
      const added = text.slice(tape.start(from), until === ids.length ? text.length : places[until - 1]);
      tape.append(added, slice, places.slice(from, until), read.surprisal, read.states);
      position = read.position;
      this.heard.progress(tape.length, ids.length);
    }
    if (tape.length === ids.length) tape.pending = null;
    tape.written = 0;
  }
}
