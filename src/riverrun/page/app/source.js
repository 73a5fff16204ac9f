/** Where models come from: the server of `riverrun play` or `riverrun serve`, or this very file. */

import { EngineClient } from "../engine/index.js";

/**
 * @typedef {object} Model
 * @property {string} name
 * @property {string} precision
 * @property {string} [cost] what the precision costs, in words
 * @property {boolean} alone whether the name stands nowhere else on the page
 * @property {() => Promise<Uint8Array>} read its packed files
 */

const inside = document.getElementById("packed");

/** @returns {Promise<Model[]>} */
export async function models() {
  if (inside) return [{ ...JSON.parse(inside.dataset.model ?? "{}"), alone: true, read: async () => unbase(inside.textContent ?? "") }];
  const listed = await (await asked("models.json")).json();
  return listed.map((/** @type {any} */ each) => ({
    ...each,
    alone: listed.length < 2,
    read: async () => new Uint8Array(await (await asked(each.path)).arrayBuffer()),
  }));
}

/** @param {string} path */
async function asked(path) {
  let answer;
  try {
    answer = await fetch(new URL(path, location.origin + location.pathname)); // without a password that the address holds
  } catch {
    throw new Error("The server does not answer: is it still running?");
  }
  if (!answer.ok) throw new Error((await answer.text()).trim() || `The server answers ${answer.status}.`);
  return answer;
}

/** @param {Model} model */
export async function startEngine(model) {
  const engine = new EngineClient(startWorker());
  const about = await engine.unpack(await model.read());
  return { engine, about: { ...about, name: about.name || model.name } };
}

function startWorker() {
  const script = document.getElementById("engine");
  if (!script) return new Worker("engine/worker.js", { type: "module" });
  const address = URL.createObjectURL(new Blob([script.textContent ?? ""], { type: "text/javascript" }));
  return new Worker(address);
}

/** @param {string} text */
function unbase(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let k = 0; k < binary.length; k++) bytes[k] = binary.charCodeAt(k);
  return bytes;
}
