/**
 * The engine as one classic script, as a single file has it: once as the page, once as the worker, with a line between
 * them. Prints one JSON object of what was answered.
 *
 *     node standalone.mjs ENGINE_SCRIPT PACKED_LANGUAGE_MODEL PACKED_TRANSLATOR
 */

import { readFileSync } from "node:fs";
import vm from "node:vm";

const [script, language, translator] = process.argv.slice(2);
const source = readFileSync(script, "utf8");
const shared = {
  WebAssembly,
  TextEncoder,
  TextDecoder,
  DecompressionStream,
  Blob,
  Response,
  MessageChannel,
  performance,
  crypto,
};

/** A context of its own; its numbers and arrays are of other classes than ours, as across a real line. */
function context(more) {
  const inside = vm.createContext({ ...shared, ...more });
  vm.runInContext(source, inside);
  return inside;
}

const modules = await import("../../src/riverrun/page/engine/index.js");
const page = context({ document: {} });
const worker = context({ postMessage: (message) => setImmediate(() => line.onmessage({ data: message })) });
const line = {
  postMessage: (message) => setImmediate(() => worker.onmessage({ data: structuredClone(message) })),
  terminate() {},
};
const { EngineClient, ...offered } = page.riverrunEngine;
const engine = new EngineClient(line);
const said = async (promise) =>
  promise.then(
    () => null,
    ({ name, message }) => ({ name, message }),
  );

const found = { offers: Object.keys(page.riverrunEngine).sort(), early: await said(engine.score("a")) };
const about = await engine.unpack(new Uint8Array(readFileSync(language)));
found.about = about;
const opening = await engine.opening();
const { ids, texts } = await engine.encode("the spirit");
const { position } = await engine.read(opening, ids);
const pieces = [];
const writing = engine.write(position, { seed: 5, count: 300, states: true, surprisal: true }, (piece) =>
  pieces.push(piece),
);
const end = await writing.done;
found.text = pieces.flatMap((piece) => piece.texts).join("");
found.first = pieces[0].ids.length;
found.states = pieces.reduce((sum, piece) => sum + piece.states.length, 0);
found.end = { reason: end.reason, written: end.written, at: end.position.written, shown: end.shown };
found.texts = texts;
const endless = engine.write(position, { seed: 5, count: Infinity }, () => endless.stop());
found.stopped = (await endless.done).reason;
const until = await engine.write(
  position,
  { seed: 5, count: 300, stop: [found.text.slice(40, 45)] },
  () => {},
).done;
found.until = { reason: until.reason, shown: until.shown };
const logits = (await engine.step(position)).logits;
const { alternatives, distribution, unitIndex } = offered;
found.alternatives = alternatives(logits, position.recent, { temperature: 0.5 }, 3);
found.sum = distribution(logits, [], { topP: 0.9 }).reduce((sum, each) => sum + each, 0);
found.unit = unitIndex(about, "cell", 0, 3);
found.notATranslator = await said(engine.translate("a"));
found.unknown = await said(engine.ask("dance", {}));

await engine.unpack(new Uint8Array(readFileSync(translator)));
const [older, newer] = await Promise.all([
  said(engine.translate("badface".repeat(60), { beam: 8 })),
  engine.translate("abc"),
]);
found.overtaken = older?.name;
found.translation = newer.outputs[0].text;
found.damaged = await said(engine.unpack(new Uint8Array(readFileSync(translator)).subarray(0, 300)));
found.index = Object.keys(modules).sort();
console.log(JSON.stringify(found));
