/** Hidden units: the text coloured by one, those that switch on in a marked stretch, and some held fixed. */

import { unitIndex } from "../engine/index.js";
import { byId, make } from "./elements.js";
import { BLOCK } from "./tape.js";

const SHOWN = 8; // units found
const AROUND = 2000; // symbols on either side that a marked stretch is compared with
const STEP = 9; // pixels a symbol takes in the strip

/** @typedef {{unit: number, inside: number, outside: number, score: number}} Found */

/**
 * Units whose value inside a stretch differs most from that outside, measured in their own spread.
 * @param {(k: number, unit: number) => number} value
 * @param {number} count units
 * @param {[number, number]} inside symbols
 * @param {[number, number]} around symbols that hold the stretch
 * @returns {Found[]} best first
 */
export function findUnits(value, count, inside, around) {
  const found = [];
  for (let unit = 0; unit < count; unit++) {
    let within = 0, without = 0, squares = 0;
    for (let k = around[0]; k < around[1]; k++) {
      const each = value(k, unit);
      squares += each * each;
      if (k >= inside[0] && k < inside[1]) within += each;
      else without += each;
    }
    const size = inside[1] - inside[0], rest = around[1] - around[0] - size;
    const mean = (within + without) / (size + rest);
    const spread = Math.sqrt(Math.max(1e-9, squares / (size + rest) - mean * mean));
    const difference = within / size - (rest ? without / rest : 0);
    found.push({ unit, inside: within / size, outside: rest ? without / rest : 0, score: Math.abs(difference) / (spread + 0.05) });
  }
  return found.sort((a, b) => b.score - a.score);
}

export class Units {
  /**
   * @param {any} about
   * @param {import("./tape.js").Tape} tape
   * @param {import("./pad.js").Pad} pad
   * @param {() => void} changed the colouring unit or what is held
   */
  constructor(about, tape, pad, changed) {
    this.about = about;
    this.tape = tape;
    this.pad = pad;
    this.changed = changed;
    this.count = about.units.layers * about.units.width;
    this.chosen = 0;
    /** @type {{unit: number, value: number}[]} */
    this.held = [];
    this.here = 0;
    this.listen();
    this.showHeld();
  }

  listen() {
    const input = byId("unit");
    input.max = this.count - 1;
    input.addEventListener("input", () => this.choose(Number(input.value)));
    byId("unit-colour").addEventListener("click", () => byId("editor").dispatchEvent(new CustomEvent("colour", { detail: "unit" })));
    byId("hold").addEventListener("input", () => (byId("hold-value").textContent = signed(Number(byId("hold").value))));
    byId("hold-on").addEventListener("click", () => this.hold(this.chosen, Number(byId("hold").value)));
    byId("find").addEventListener("click", () => this.find());
  }

  /** What the engine is told to hold. */
  get holds() {
    return this.held.map(({ unit, value }) => ({ index: this.index(unit), value }));
  }

  /** Where a unit stands in a state. @param {number} unit numbered through all layers */
  index(unit) {
    const { width } = this.about.units;
    return unitIndex(this.about, "hidden", Math.floor(unit / width), unit % width);
  }

  /** @param {import("./fragment.js").Given} given */
  restore(given) {
    if (given.unit !== null) this.choose(given.unit);
    this.held = given.holds.filter(({ unit }) => unit < this.count);
    this.showHeld();
  }

  /** @param {number} unit */
  choose(unit) {
    if (!(unit >= 0 && unit < this.count)) return;
    this.chosen = Math.floor(unit);
    if (Number(byId("unit").value) !== this.chosen) byId("unit").value = String(this.chosen);
    this.draw();
    this.changed();
  }

  /** The chosen unit's value after symbol k; null where the states are not at hand now. @param {number} k */
  value(k) {
    const block = this.tape.blocks[Math.floor(k / BLOCK)];
    if (!block?.states) return null;
    return block.states[(k % BLOCK) * this.tape.size + this.index(this.chosen)];
  }

  /** @param {number} unit @param {number} value */
  hold(unit, value) {
    this.held = [...this.held.filter((each) => each.unit !== unit), { unit, value }];
    this.showHeld();
    this.changed();
  }

  /** @param {number} unit */
  release(unit) {
    this.held = this.held.filter((each) => each.unit !== unit);
    this.showHeld();
    this.changed();
  }

  showHeld() {
    const rows = this.held.map(({ unit, value }) =>
      make("li", {}, `Unit ${unit} is held at ${signed(value)} `,
        make("button", { type: "button", class: "plain", onclick: () => this.release(unit), "aria-label": `Release unit ${unit}`, "data-about": "Lets the unit move freely again." }, "Release")),
    );
    byId("held").replaceChildren(...rows);
  }

  /** The caret is before symbol k. @param {number} k */
  moved(k) {
    this.here = k;
    this.draw();
  }

  /** Values of the chosen unit around the caret, a bar for each symbol. */
  draw() {
    const canvas = byId("strip");
    if (byId("units").hidden) return;
    const width = canvas.clientWidth, height = 64, scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const paint = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    paint.scale(scale, scale);
    const count = Math.floor(width / STEP);
    const first = Math.max(0, Math.min(this.here - (count >> 1), this.tape.length - count));
    paint.font = "12px serif";
    paint.textAlign = "center";
    for (let k = first; k < Math.min(this.tape.length, first + count); k++) {
      const value = this.value(k) ?? 0, x = (k - first) * STEP;
      paint.fillStyle = style.getPropertyValue(value < 0 ? "--below" : "--above");
      paint.fillRect(x, value < 0 ? 25 : 25 - 24 * value, STEP - 1, Math.max(0.5, 24 * Math.abs(value)));
      paint.fillStyle = style.getPropertyValue("--muted");
      paint.fillText(this.pad.text.slice(this.tape.start(k), this.tape.start(k + 1)).slice(0, 2), x + STEP / 2, 62);
    }
    paint.fillStyle = style.getPropertyValue("--accent");
    paint.fillRect((this.here - first) * STEP - 1, 0, 1.5, 50);
    const now = this.here ? this.value(this.here - 1) : null;
    canvas.setAttribute("aria-label", `Values of unit ${this.chosen} along the text${now === null ? "" : `; at the caret ${signed(now)}`}`);
  }

  async find() {
    const [from, to] = this.pad.marked;
    const inside = /** @type {[number, number]} */ ([this.tape.count(from), this.tape.count(to)]);
    if (inside[0] >= inside[1]) {
      byId("found").replaceChildren(make("li", { class: "quiet" }, "Mark a stretch of the text first."));
      return;
    }
    const around = /** @type {[number, number]} */ ([Math.max(0, inside[0] - AROUND), Math.min(this.tape.length, inside[1] + AROUND)]);
    for (let block = Math.floor(around[0] / BLOCK); block * BLOCK < around[1]; block++) await this.tape.block(block);
    const indices = Array.from({ length: this.count }, (_, unit) => this.index(unit));
    const { size, blocks } = this.tape;
    const value = (/** @type {number} */ k, /** @type {number} */ unit) =>
      /** @type {Float32Array} */ (blocks[Math.floor(k / BLOCK)].states)[(k % BLOCK) * size + indices[unit]];
    const found = findUnits(value, this.count, inside, around).slice(0, SHOWN);
    byId("found").replaceChildren(...found.map((each) => this.row(each)));
    this.choose(found[0].unit);
    byId("editor").dispatchEvent(new CustomEvent("colour", { detail: "unit" }));
  }

  /** @param {Found} found */
  row({ unit, inside, outside }) {
    const words = `Unit ${unit}: ${signed(inside)} inside, ${signed(outside)} outside`;
    return make("li", {}, make("button", { type: "button", onclick: () => this.choose(unit), "data-about": "Colours the text by this unit." }, words));
  }
}

/** @param {number} value */
function signed(value) {
  return `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;
}
