/** Taking along: the clipboard, files, and the command that writes the same text. */

import { make } from "./elements.js";

/** @param {string} text @returns {Promise<boolean>} whether it is on the clipboard */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

/** Pages from the disk may have no clipboard: mark a hidden text and copy that. @param {string} text */
function copyByHand(text) {
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = make("textarea", { class: "unseen", "aria-label": "to be copied" });
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  active?.focus({ preventScroll: true });
  return copied;
}

/** @param {string} name @param {string} text */
export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const FLAGS = { temperature: "--temperature", topK: "--top-k", topP: "--top-p", minP: "--min-p", typicalP: "--typical-p", repetitionPenalty: "--repetition-penalty" };

/**
 * The command line that writes the same text.
 * @param {string} model
 * @param {string} prompt
 * @param {number} length
 * @param {string} seed
 * @param {Record<string, number>} changed settings that are not the default
 */
export function commandLine(model, prompt, length, seed, changed) {
  const flags = Object.entries(changed).map(([name, value]) => `${FLAGS[/** @type {keyof typeof FLAGS} */ (name)]} ${value}`);
  return ["riverrun generate", quoted(model), quoted(prompt), `--length ${length}`, `--seed ${seed || 0}`, ...flags].join(" ");
}

/** For a POSIX shell. @param {string} text */
function quoted(text) {
  return /^[\w./-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
