/**
 * Speed of the page's engine in this process: one JSON line {"simd": characters a second, "plain": ...}.
 *
 *     node benchmarks/page_engine.mjs MODEL_DIRECTORY [SECONDS]
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "../src/riverrun/page/engine/model.js";

const [folder, seconds = "1"] = process.argv.slice(2);
const text = (name) => readFileSync(join(folder, name), "utf8");
const files = {
  config: text("config.toml"),
  tokenizer: text("tokenizer.json"),
  weights: new Uint8Array(readFileSync(join(folder, "model.safetensors"))),
};

const rates = {};
for (const simd of [true, false]) {
  const { model } = await loadModel(files, { simd });
  const write = model.writer(model.opening(), { seed: 1 });
  write(200); // the engine's own compiler needs a moment
  let written = 0;
  const began = performance.now();
  while (performance.now() - began < 1000 * Number(seconds)) written += write(100).ids.length;
  rates[simd ? "simd" : "plain"] = (1000 * written) / (performance.now() - began);
}
console.log(JSON.stringify(rates));
