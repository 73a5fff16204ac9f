/** Runs the page's engine for tests: one JSON request a line on standard input, one JSON answer a line. */

import { createInterface } from "node:readline";
import { streamOf, uniform } from "../src/riverrun/page/engine/draws.js";
import { heal } from "../src/riverrun/page/engine/healing.js";
import { makeKernel } from "../src/riverrun/page/engine/kernel.js";
import { loadModel } from "../src/riverrun/page/engine/model.js";
import { pieces as piecesOf } from "../src/riverrun/page/engine/pairs/pieces.js";
import { Sampler, checkSampling, distribution } from "../src/riverrun/page/engine/sampling.js";
import { decode, pieces, tokenizerFrom } from "../src/riverrun/page/engine/text/tokenizer.js";
import { splitChineseWords, splitClauses, splitWords } from "../src/riverrun/page/engine/text/splitting.js";
import { unpack } from "../src/riverrun/page/engine/unpacking.js";

let model;

const floats = (values) => Float64Array.from(values, (value) => (value === null ? NaN : Number(value)));
const positionOf = (given) => (given ? { ...given, state: Float32Array.from(given.state) } : model.opening());

const requests = {
  draws: ({ seed, sequence, count }) =>
    Array.from({ length: count }, (_, place) => uniform(streamOf(BigInt(seed), sequence), place)),
  choose: ({ logits, recent, sampling, draws }) => {
    const sampler = new Sampler(logits.length);
    return draws.map((draw) => sampler.choose(floats(logits), recent, checkSampling(sampling), draw));
  },
  distribution: ({ logits, recent, sampling }) => distribution(floats(logits), recent, sampling),
  split: ({ unit, text, known }) => {
    if (unit === "clause") return splitClauses(text);
    return unit === "jieba" ? splitChineseWords(text, new Set(known), 8) : splitWords(text);
  },
  tokenize: ({ document, texts }) => {
    const tokenizer = tokenizerFrom(document);
    return texts.map((text) => {
      const ids = tokenizer.encode(text);
      return {
        ids,
        text: decode(tokenizer, ids),
        pieces: pieces(tokenizer, ids),
        unseen: [...tokenizer.unseen(text)],
      };
    });
  },
  detokenize: ({ document, ids }) => {
    const tokenizer = tokenizerFrom(document);
    return {
      text: decode(tokenizer, ids),
      pieces: pieces(tokenizer, ids),
      shown: ids.map((id) => tokenizer.shown(id)),
    };
  },
  async load({ files, packed, options }) {
    const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
    const given =
      packed !== undefined
        ? await unpack(bytes(packed))
        : { ...files, weights: files.weights && bytes(files.weights) };
    const loaded = await loadModel(given, options);
    model = loaded.model;
    return loaded.about;
  },
  encode: ({ text }) => model.encode(text),
  read: ({ position, ids, options }) => model.read(positionOf(position), ids, options),
  heal: ({ position, ids, options }) => heal(model, positionOf(position), ids, options),
  allocate: ({ length, simd }) => makeKernel(simd).allocate(length),
  step: ({ position, options }) => model.step(positionOf(position), options),
  write({ position, ids, options, counts }) {
    const write = model.writer(model.read(positionOf(position), ids ?? []).position, options);
    return counts.map((count) => write(count));
  },
  generate({ prompt, options, count }) {
    const { position, symbol, text } = heal(model, model.opening(), model.encode(prompt).ids, options);
    const written = model.writer(position, options)(count - (symbol === null ? 0 : 1));
    const decoder = model.tokenizer.decoder();
    position.recent.slice(-4).forEach(decoder.push);
    return text + Array.from(written.ids, (id) => decoder.push(id)).join("");
  },
  score: ({ text }) => model.score(text),
  translate({ text, options }) {
    const translating = model.translate(text, options);
    for (;;) {
      const { value, done } = translating.next();
      if (done) return value;
    }
  },
  pieces: ({ source, blank, most }) => piecesOf(source, (id) => id === blank, most),
  attention: ({ source, target }) => model.attention(source, target),
  scorePair: ({ source, target }) => model.scorePair(source, target),
};

const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

for await (const line of createInterface({ input: process.stdin })) {
  const { request, ...body } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ answer: await requests[request](body) }, plain));
  } catch (error) {
    console.log(JSON.stringify({ error: { name: error.name, message: error.message, stack: error.stack } }));
  }
}
