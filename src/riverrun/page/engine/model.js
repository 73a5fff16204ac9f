/** From a model directory's files to a model, whatever it is. */

import { ModelError } from "./errors.js";
import { Tensors, parseJson, parseLines, parseToml } from "./files.js";
import { makeKernel } from "./kernel.js";
import { LanguageModel } from "./language_model.js";
import { Translator } from "./pairs/translator.js";
import { tokenizerFrom } from "./text/tokenizer.js";

const FORMAT = 2;

/**
 * @typedef {object} Files of a model directory
 * @property {string} config config.toml
 * @property {string} tokenizer tokenizer.json
 * @property {Uint8Array} weights model.safetensors
 * @property {string} [manifest] manifest.json
 * @property {string} [packed] in place of the manifest, what `pack` says of the model: its format and facts
 * @property {string} [samples] samples.jsonl
 * @property {string} [name] of the model
 */

/**
 * Read and verify a model.
 * @param {Files} files
 * @param {{simd?: boolean}} options `simd: false` asks for plain JavaScript
 */
export async function loadModel(files, { simd = true } = {}) {
  for (const [key, file] of Object.entries({
    config: "config.toml",
    tokenizer: "tokenizer.json",
    weights: "model.safetensors",
  })) {
    if (!(/** @type {any} */ (files)?.[key]))
      throw new ModelError(`${file} is missing: this is not a whole model`);
  }
  const facts = await verify(files);
  try {
    return build(files, facts, makeKernel(simd));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const { message } = /** @type {Error} */ (error); // a part that is missing, or is not what it should be
    throw new ModelError(
      `the model cannot be read: its files are damaged, or of another program (${message})`,
    );
  }
}

/**
 * @param {Files} files
 * @param {Record<string, any>} facts
 * @param {import("./kernel.js").Kernel} kernel
 */
function build(files, facts, kernel) {
  const settings = parseToml(files.config);
  const tensors = new Tensors(files.weights);
  if (settings.model?.tied) tieWeights(tensors, settings.model.members ?? 0);
  const document = parseJson(files.tokenizer, "tokenizer.json");
  const paired = facts.kind === "translator" || facts.kind === "tagger" || (!facts.kind && document?.source);
  const model = paired
    ? new Translator(kernel, tensors, sides(document), settings, facts)
    : new LanguageModel(kernel, tensors, tokenizerFrom(document), settings);
  return { model, about: describeModel(model, { files, settings, facts, tensors, kernel }) };
}

/**
 * The projection of tied weights is the embedding.
 * @param {Tensors} tensors
 * @param {number} members of a translator
 */
function tieWeights(tensors, members) {
  tensors.tie("projection.weight", "embedding.weight");
  for (let member = 0; member < members; member++) {
    const decoder = `members.${member}.decoder.`;
    tensors.tie(`${decoder}output.projection.weight`, `${decoder}embedding.weight`);
  }
}

/** @param {any} document */
function sides(document) {
  if (!document?.source || !document.target)
    throw new ModelError("tokenizer.json has not the two sides of a translator");
  return { source: tokenizerFrom(document.source), target: tokenizerFrom(document.target) };
}

/**
 * What the page is told of a model.
 * @param {LanguageModel | Translator} model
 * @param {{files: Files, settings: any, facts: any, tensors: Tensors, kernel: import("./kernel.js").Kernel}} rest
 */
function describeModel(model, { files, settings, facts, tensors, kernel }) {
  const common = {
    name: files.name ?? "",
    settings,
    facts,
    samples: parseLines(files.samples ?? ""),
    simd: kernel.simd,
    parameters: Number(tensors.metadata.parameters ?? tensors.size),
    vocabulary: model.vocabulary,
    precision: tensors.metadata.precision ?? "fp32",
  };
  if (model instanceof Translator) {
    const units = [model.source.unit, model.target.unit];
    return {
      ...common,
      kind: model.tagging ? "tagger" : "translator",
      units: null,
      notes: notesOn(units, kernel.simd),
    };
  }
  return {
    ...common,
    kind: "language",
    symbols: Array.from({ length: model.vocabulary }, (_, id) => model.tokenizer.shown(id)),
    stateSize: model.stateSize,
    units: model.core.units,
    opensDocument: model.opensDocument,
    notes: notesOn([model.tokenizer.unit], kernel.simd),
  };
}

/**
 * @param {string[]} units
 * @param {boolean} simd
 */
function notesOn(units, simd) {
  const notes = [];
  if (units.includes("jieba")) {
    notes.push(
      "Chinese is cut here by the longest words the model knows, not by jieba's dictionary: the same text may be " +
        "read in other words than on the command line.",
    );
  }
  if (units.some((unit) => ["word", "jieba", "clause", "bpe"].includes(unit))) {
    notes.push(
      "The bars show what comes after the last whole symbol of a text; what is written may first finish that symbol.",
    );
  }
  if (!simd)
    notes.push(
      "This browser has no WebAssembly vectors, or forbids them: plain JavaScript does the work, slower.",
    );
  return notes;
}

/**
 * The facts of the manifest, after its files were compared with what it says of them.
 * @param {Files} files
 * @returns {Promise<Record<string, any>>}
 */
async function verify({ config, tokenizer, weights, manifest, packed }) {
  const said = packed ?? manifest;
  if (said === undefined) return {};
  const { format, facts, files: listed } = parseJson(said, "manifest.json") ?? {};
  if (!Number.isInteger(format) || !facts || !(listed || packed)) {
    throw new ModelError("manifest.json is not that of a riverrun model");
  }
  if (format > FORMAT) {
    throw new ModelError(
      `the model has format ${format}; this page reads up to ${FORMAT}: use a newer riverrun`,
    );
  }
  if (packed) return facts; // the checksum of the compressed whole has vouched for its parts
  const encode = (/** @type {string} */ text) => new TextEncoder().encode(text);
  await compare("config.toml", encode(config), listed);
  await compare("tokenizer.json", encode(tokenizer), listed);
  await compare("model.safetensors", weights, listed);
  return facts;
}

/**
 * @param {string} name
 * @param {Uint8Array} content
 * @param {Record<string, {size: number, sha256: string}>} listed
 */
async function compare(name, content, listed) {
  const damaged = new ModelError(`${name} is damaged or cut short: it is not as the manifest says`);
  if (listed[name]?.size !== content.length) throw damaged;
  if (!globalThis.crypto?.subtle) return; // pages that are not of a safe origin have no checksums
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (content)));
  const hexadecimal = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hexadecimal !== listed[name].sha256) throw damaged;
}
