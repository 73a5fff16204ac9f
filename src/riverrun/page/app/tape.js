/**
 * The tape: the symbols of one text, how surprising each was, and the model's state after each.
 *
 * States are kept for every symbol as long as there is room, in blocks; of a block that had to go, the state before it
 * stays, so that any place is reached again by reading at most one block.
 */

export const BLOCK = 256; // symbols
const ROOM = 192 << 20; // bytes for states
const ANCHORS = 64 << 20; // bytes for the states before blocks
const LONGEST = 2_000_000; // symbols
const WINDOW = 1024; // latest symbols a position carries for the repetition penalty, at most

/**
 * @typedef {{state: Float32Array, last: number, recent: number[], written: number}} Position
 * @typedef {{anchor: Float32Array, states: Float32Array | null, used: number}} Block
 */

export class Tape {
  /**
   * @param {any} engine an EngineClient
   * @param {any} about what its `load` answered
   */
  constructor(engine, about) {
    this.engine = engine;
    this.size = about.stateSize;
    this.exact = ["char", "byte"].includes(about.settings.text.unit); // a prefix has the same symbols as in the whole
    this.kept = Math.max(4, Math.floor(ROOM / (4 * this.size * BLOCK))); // blocks
    this.longest = Math.min(LONGEST, BLOCK * Math.floor(ANCHORS / (4 * this.size)));
    /** @type {Position} */
    this.opening = { state: new Float32Array(0), last: 1, recent: [], written: 0 };
    this.text = "";
    /** @type {number[]} */
    this.ids = [];
    /** @type {number[]} where each symbol ends in the text, in UTF-16 units */
    this.ends = [];
    /** @type {number[]} nats; NaN where it is not known yet */
    this.surprisal = [];
    /** @type {Block[]} */
    this.blocks = [];
    this.clock = 0;
    this.nats = 0; // surprisal of all symbols
    this.characters = 0; // code points of the text
    this.written = 0; // symbols drawn by the writing that ended the tape
    /** @type {number[] | null} the whole text's symbols, where reading was interrupted */
    this.pending = null;
  }

  async open() {
    this.opening = await this.engine.opening();
  }

  get length() {
    return this.ids.length;
  }

  /** Symbols that end at or before a place in the text. @param {number} caret */
  count(caret) {
    let low = 0, high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] <= caret) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where symbol k begins in the text. @param {number} k */
  start(k) {
    return k ? this.ends[k - 1] : 0;
  }

  /** Keep the first k symbols. @param {number} k */
  cut(k) {
    if (k >= this.length) return;
    for (let gone = k; gone < this.length; gone++) this.nats -= this.surprisal[gone];
    this.characters -= codePoints(this.text.slice(this.start(k)));
    this.ids.length = this.ends.length = this.surprisal.length = k;
    this.text = this.text.slice(0, this.start(k));
    this.blocks.length = Math.ceil(k / BLOCK);
    this.written = 0;
  }

  /**
   * The symbols kept stand at other places of another text that is read the same so far.
   * @param {string} text
   * @param {number[]} ends
   */
  keep(text, ends) {
    for (let k = 0; k < this.length; k++) this.ends[k] = ends[k];
    this.text = text.slice(0, this.length === ends.length ? text.length : this.start(this.length));
    this.characters = codePoints(this.text);
  }

  /**
   * Append symbols that were read or written.
   * @param {string} text what they add to it
   * @param {ArrayLike<number>} ids
   * @param {number[]} ends
   * @param {ArrayLike<number>} surprisal
   * @param {Float32Array} states [T, stateSize], after each
   */
  append(text, ids, ends, surprisal, states) {
    this.text += text;
    this.characters += codePoints(text);
    for (let t = 0; t < ids.length; t++) {
      const k = this.length, place = k % BLOCK;
      if (!place) this.blocks.push({ anchor: this.stateBefore(k), states: new Float32Array(BLOCK * this.size), used: 0 });
      const block = this.blocks[this.blocks.length - 1];
      if (block.states) block.states.set(states.subarray(t * this.size, (t + 1) * this.size), place * this.size);
      block.used = ++this.clock;
      this.ids.push(ids[t]);
      this.ends.push(ends[t]);
      this.surprisal.push(surprisal[t]);
      this.nats += surprisal[t];
      if (!place) this.forget();
    }
  }

  /** The kept state before symbol k; the block of the symbol before must be there. @param {number} k */
  stateBefore(k) {
    if (!k) return this.opening.state;
    const block = this.blocks[Math.floor((k - 1) / BLOCK)];
    const place = (k - 1) % BLOCK;
    if (!block.states) throw new Error("a block of states is missing");
    return block.states.slice(place * this.size, (place + 1) * this.size);
  }

  /** Let go of the blocks that were used longest ago, where there are too many. */
  forget() {
    const full = this.blocks.filter((block) => block.states);
    if (full.length <= this.kept) return;
    const last = this.blocks[this.blocks.length - 1];
    full.sort((a, b) => a.used - b.used);
    for (const block of full.slice(0, full.length - this.kept)) if (block !== last) block.states = null;
  }

  /** Make sure that the states of a block are there. @param {number} index */
  async block(index) {
    const block = this.blocks[index];
    block.used = ++this.clock;
    if (!block.states) {
      const from = index * BLOCK, ids = this.ids.slice(from, from + BLOCK);
      const { states } = await this.engine.read(this.standing(from, block.anchor), Int32Array.from(ids), { states: true });
      block.states = new Float32Array(BLOCK * this.size);
      block.states.set(states);
      this.forget();
    }
    return block;
  }

  /** @param {number} k @param {Float32Array} state @param {number} written @returns {Position} */
  standing(k, state, written = 0) {
    const last = k ? this.ids[k - 1] : this.opening.last;
    return { state, last, recent: this.ids.slice(Math.max(0, k - WINDOW), k), written };
  }

  /** The position before symbol k. @param {number} k @returns {Promise<Position>} */
  async position(k) {
    if (k) await this.block(Math.floor((k - 1) / BLOCK));
    return this.standing(k, this.stateBefore(k), k === this.length ? this.written : 0);
  }

  /**
   * The position at a place in the text, as a prompt that ends there would give it.
   * @param {number} caret
   * @returns {Promise<Position>}
   */
  async at(caret) {
    const k = this.count(caret);
    if (this.exact || caret === this.text.length) return this.position(k);
    const { ids } = await this.engine.encode(this.text.slice(0, caret));
    const same = common(ids, this.ids);
    const position = await this.position(same);
    if (same === ids.length) return position;
    return (await this.engine.read(position, Int32Array.from(ids.slice(same)), {})).position;
  }
}

/** Characters as Python counts them. @param {string} text */
function codePoints(text) {
  let count = text.length;
  for (let k = 0; k + 1 < text.length; k++) if ((text.charCodeAt(k) & 0xfc00) === 0xd800 && (text.charCodeAt(k + 1) & 0xfc00) === 0xdc00) count--;
  return count;
}

/** How many leading items two lists have in common. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function common(a, b) {
  const most = Math.min(a.length, b.length);
  let k = 0;
  while (k < most && a[k] === b[k]) k++;
  return k;
}

/**
 * Where each symbol ends in the text as it stands on the page. The model may read it lower-cased, normalised, or
 * without what it has never seen; then symbols are looked for in order.
 * @param {string} text
 * @param {string[]} texts of the symbols
 * @returns {number[]} never falling; the last is the text's length
 */
export function ends(text, texts) {
  let length = 0;
  const direct = texts.map((each) => (length += each.length));
  if (length === text.length) return direct;
  const plain = text.toLowerCase().length === text.length ? text.toLowerCase() : text;
  let cursor = 0;
  const found = texts.map((each, index) => {
    const wanted = each.toLowerCase();
    if (each === "\ufffd") {
      const next = plain.indexOf((texts[index + 1] ?? "").toLowerCase(), cursor + 1);
      cursor = next > 0 && next - cursor < 64 ? next : Math.min(text.length, cursor + 1);
    } else {
      const place = plain.indexOf(wanted, cursor);
      cursor = Math.min(text.length, (place >= 0 && place - cursor < 64 ? place : cursor) + each.length);
    }
    return cursor;
  });
  if (found.length) found[found.length - 1] = text.length;
  return found;
}
