/**
 * The text: a textarea one writes in, over a mirror of it that carries the colours. Both wrap in the same places.
 *
 * The mirror is made of pieces of some hundred symbols; only what changed is made anew, and only what is in sight is
 * coloured.
 */

import { byId, make } from "./elements.js";

const PIECE = 256; // symbols

/** @typedef {{element: HTMLElement, key: string, seen: boolean, first: number, last: number}} Piece */

export class Pad {
  /**
   * @param {import("./tape.js").Tape} tape
   * @param {{edited: () => void, moved: () => void}} heard
   */
  constructor(tape, heard) {
    this.tape = tape;
    this.area = /** @type {HTMLTextAreaElement} */ (byId("text"));
    this.mirror = byId("mirror");
    this.editor = byId("editor");
    /** @type {(k: number) => string} the colour of symbol k, or empty */
    this.colour = () => "";
    /** @type {Piece[]} */
    this.pieces = [];
    this.tail = make("span", {});
    this.mirror.append(this.tail);
    this.stamp = 0;
    this.at = 0;
    this.watcher = new IntersectionObserver((entries) => this.see(entries), { root: this.editor, rootMargin: "200px" });
    this.area.addEventListener("input", () => {
      this.at = this.area.selectionEnd;
      heard.edited();
    });
    document.addEventListener("selectionchange", () => {
      if (document.activeElement !== this.area || this.area.selectionEnd === this.at) return;
      this.at = this.area.selectionEnd;
      heard.moved();
    });
  }

  get text() {
    return this.area.value;
  }

  /** Where the model stands: the end of what is marked. */
  get caret() {
    return Math.min(this.at, this.area.value.length);
  }

  /** The marked stretch, in UTF-16 units. */
  get marked() {
    return [this.area.selectionStart, this.area.selectionEnd];
  }

  /** @param {string} text @param {number} caret */
  show(text, caret) {
    const follows = this.follows();
    if (text !== this.area.value) this.area.value = text;
    this.move(caret);
    this.draw();
    if (follows) this.editor.scrollTop = this.editor.scrollHeight;
  }

  /** Text was written at the end. @param {string} text */
  extend(text) {
    if (!text) return;
    const follows = this.follows();
    const { length } = this.area.value;
    this.area.setRangeText(text, length, length, "preserve");
    this.draw(this.pieces.length - 1);
    if (follows) this.editor.scrollTop = this.editor.scrollHeight;
  }

  /** @param {number} caret */
  move(caret) {
    this.at = caret;
    this.area.setSelectionRange(caret, caret);
  }

  /** Whether the end is in sight, so that new text may push it up; otherwise the reader is elsewhere. */
  follows() {
    const { scrollTop, clientHeight, scrollHeight } = this.editor;
    return scrollHeight > clientHeight && scrollTop + clientHeight > scrollHeight - 40;
  }

  /** Colours have changed: what is in sight is made anew. */
  recolour() {
    this.stamp++;
    this.draw();
  }

  /** Bring the mirror in step with the text and the tape. @param {number} [changed] the first piece that may have changed */
  draw(changed = 0) {
    const { tape } = this;
    const text = this.area.value;
    const known = text.startsWith(tape.text) ? tape.length : tape.count(sharedLength(text, tape.text));
    const wanted = Math.ceil(known / PIECE);
    while (this.pieces.length > wanted) {
      const gone = /** @type {Piece} */ (this.pieces.pop());
      this.watcher.unobserve(gone.element);
      gone.element.remove();
    }
    while (this.pieces.length < wanted) {
      const element = make("span", {});
      this.mirror.insertBefore(element, this.tail);
      const first = this.pieces.length * PIECE;
      const piece = { element, key: "", seen: wanted - this.pieces.length < 12, first, last: first };
      this.pieces.push(piece);
      this.watcher.observe(element);
    }
    for (const piece of this.pieces.slice(Math.max(0, changed))) {
      piece.last = Math.min(known, piece.first + PIECE);
      this.fill(piece, text);
    }
    const rest = text.slice(tape.start(known));
    const end = `${rest}\u200b`; // a line break at the very end must have a line of its own
    if (this.tail.textContent !== end) this.tail.textContent = end;
  }

  /** @param {Piece} piece @param {string} text */
  fill(piece, text) {
    const { tape } = this;
    const from = tape.start(piece.first), to = tape.start(piece.last);
    const whole = text.slice(from, to);
    const key = `${piece.seen ? this.stamp : "plain"} ${piece.last} ${whole}`;
    if (key === piece.key) return;
    piece.key = key;
    if (!piece.seen) {
      piece.element.textContent = whole;
      return;
    }
    /** @type {Node[]} */
    const parts = [];
    let begun = from, ground = "";
    for (let k = piece.first; k <= piece.last; k++) {
      const colour = k < piece.last ? this.colour(k) : "end";
      if (colour === ground) continue;
      const start = tape.start(k);
      if (start > begun) parts.push(coloured(text.slice(begun, start), ground));
      [begun, ground] = [start, colour];
    }
    piece.element.replaceChildren(...parts);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  see(entries) {
    const text = this.area.value;
    for (const { target, isIntersecting } of entries) {
      const piece = this.pieces.find((each) => each.element === target);
      if (!piece || piece.seen === isIntersecting) continue;
      piece.seen = isIntersecting;
      if (piece.last <= this.tape.length) this.fill(piece, text);
    }
  }
}

/** @param {string} text @param {string} ground */
function coloured(text, ground) {
  if (!ground) return document.createTextNode(text);
  const element = document.createElement("b");
  element.style.backgroundColor = ground;
  element.textContent = text;
  return element;
}

/** @param {string} a @param {string} b */
function sharedLength(a, b) {
  const most = Math.min(a.length, b.length);
  let k = 0;
  while (k < most && a.charCodeAt(k) === b.charCodeAt(k)) k++;
  return k;
}
