/** A text as a prompt: read up to a place as the command line reads it, its end perhaps as the beginning of a symbol. */

import { common } from "./tape.js";

const TAIL = 64; // symbols at the end of a prompt that may be read otherwise

/**
 * @typedef {object} Beginning where writing behind a place begins
 * @property {import("./tape.js").Position} position
 * @property {number} same symbols of the tape that the prompt begins with
 * @property {number} keep symbols of the prompt that are read as they are
 * @property {number | null} symbol the longer one that stands for the others; null where all are kept
 * @property {string} text what it adds to the prompt
 */

/**
 * @param {import("./tape.js").Tape} tape
 * @param {number} caret
 * @param {any} options what the engine is told of writing
 * @returns {Promise<Beginning>}
 */
export async function begin(tape, caret, options) {
  if (tape.exact) {
    const keep = tape.count(caret);
    return { position: { ...(await tape.position(keep)), written: 0 }, same: keep, keep, symbol: null, text: "" };
  }
  const { ids } = await tape.engine.encode(tape.text.slice(0, caret));
  const same = common(ids, tape.ids);
  const first = Math.max(0, ids.length - TAIL);
  const known = Math.min(first, same);
  let position = await tape.position(known);
  if (known < first) ({ position } = await tape.engine.read(position, Int32Array.from(ids.slice(known, first)), {}));
  const { keep, ...reading } = await tape.engine.heal({ ...position, written: 0 }, Int32Array.from(ids.slice(first)), options);
  return { ...reading, same, keep: first + keep };
}
