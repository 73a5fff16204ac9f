/** The page's elements: found by id, made from a description. */

/**
 * @param {string} id
 * @returns {any} the element; the page's own markup has it
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} properties attributes; `onclick` and its like are listeners; null is left out,
 * and false but for ARIA, where it is a value
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  element.append(...children);
  return element;
}

const NAMES = new Map([[" ", "␣"], ["\n", "↵"], ["\t", "⇥"], ["\r", "␍"], ["\u00a0", "⍽"], ["\u3000", "□"], ["", "∅"]]);
const WORDS = new Map([[" ", "space"], ["\n", "new line"], ["\t", "tab"], ["", "nothing"], [".", "full stop"], [",", "comma"]]);

/** A symbol as it can be seen. @param {string} symbol */
export function visible(symbol) {
  return NAMES.get(symbol) ?? symbol.replace(/[\n\t\r]/g, (mark) => NAMES.get(mark) ?? mark).replace(/^ | $/g, "␣");
}

/** A symbol as it can be heard. @param {string} symbol */
export function spoken(symbol) {
  return WORDS.get(symbol) ?? symbol;
}

/** A share as a percentage with as many digits as one reads. @param {number} share */
export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.01) return "<0.01%";
  return `${value >= 99.95 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)}%`;
}

/** A whole number with its thousands apart. @param {number} number */
export function grouped(number) {
  return Math.round(number).toLocaleString("en-US");
}
