/** The page's state in the address behind the #: what one found can be sent to someone who has the same file. */

const LONGEST = 8000; // characters of an address that mail and chat still carry
const DELAY = 400; // browsers refuse to be told of every key

/**
 * @typedef {object} Given
 * @property {string | null} text
 * @property {number | null} caret
 * @property {string | null} seed
 * @property {string | null} colour
 * @property {number | null} unit
 * @property {{unit: number, value: number}[]} holds
 * @property {Record<string, number>} settings
 */

/** @param {string} hash @returns {Given} what an address says; what is not understood is left out */
export function readFragment(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (/** @type {string} */ name) => {
    const value = Number.parseInt(fields.get(name) ?? "", 10);
    return Number.isFinite(value) && value >= 0 ? value : null;
  };
  const colour = fields.get("colour");
  /** @type {Record<string, number>} */
  const settings = {};
  for (const [name, value] of fields) {
    if (name.startsWith("s.") && value && Number.isFinite(Number(value))) settings[name.slice(2)] = Number(value);
  }
  const holds = (fields.get("hold") ?? "").split(",").map((each) => each.split(":").map(Number));
  return {
    text: fields.get("text"),
    caret: number("caret"),
    seed: /^\d{1,18}$/.test(fields.get("seed") ?? "") ? fields.get("seed") : null,
    colour: ["none", "surprisal", "unit"].includes(colour ?? "") ? colour : null,
    unit: number("unit"),
    holds: holds.filter(([unit, value]) => Number.isInteger(unit) && Math.abs(value) <= 1).map(([unit, value]) => ({ unit, value })),
    settings,
  };
}

let timer = 0;
let latest = "";

/**
 * @param {Partial<Given>} state
 * @param {boolean} [now] do not wait for a pause
 * @returns {boolean} whether all of it found room; a text that is too long is left out
 */
export function writeFragment(state, now = false) {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(state.settings ?? {})) fields.set(`s.${name}`, String(value));
  if (state.colour && state.colour !== "surprisal") fields.set("colour", state.colour);
  if (state.unit) fields.set("unit", String(state.unit));
  if (state.holds?.length) fields.set("hold", state.holds.map(({ unit, value }) => `${unit}:${value}`).join(","));
  if (state.seed) fields.set("seed", state.seed);
  const bare = fields.toString();
  if (state.text) {
    fields.set("text", state.text);
    if (state.caret !== state.text.length) fields.set("caret", String(state.caret));
  }
  const whole = fields.toString();
  const fits = whole.length <= LONGEST;
  latest = fits ? whole : bare;
  clearTimeout(timer);
  if (now) publish();
  else timer = setTimeout(publish, DELAY);
  return fits;
}

function publish() {
  clearTimeout(timer);
  if (location.hash.replace(/^#/, "") !== latest) history.replaceState(null, "", latest ? `#${latest}` : "#");
}
