/** What the worker does with each message; see ENGINE.md for what each is answered. */

import { InputError } from "./errors.js";
import { heal } from "./healing.js";
import { LanguageModel } from "./language_model.js";
import { loadModel } from "./model.js";
import { Translator } from "./pairs/translator.js";
import { StopScanner } from "./text/stopping.js";
import { pieces } from "./text/tokenizer.js";
import { unpack } from "./unpacking.js";

const SLICE = 16; // milliseconds of work between two looks at the messages
const LARGEST = 4096; // symbols written between them, at most

/**
 * @typedef {object} Line the worker's end of it, or anything like it
 * @property {((event: {data: any}) => void) | null} onmessage
 * @property {(message: any, transferred?: any) => void} postMessage
 */

/**
 * Answer every message that comes over a line.
 * @param {Line} line
 */
export function serve(line) {
  const service = new Service(line);
  line.onmessage = ({ data }) => void service.receive(data);
}

class Service {
  /** @param {Line} line */
  constructor(line) {
    this.line = line;
    /** @type {LanguageModel | Translator | null} */
    this.model = null;
    /** @type {Set<number>} */
    this.stopped = new Set(); // requests that shall not go on
    this.latestTranslation = 0;
  }

  /** @param {{id: number, type: string} & Record<string, any>} message */
  async receive({ id, type, ...body }) {
    if (type === "stop") {
      this.stopped.add(id);
      return;
    }
    try {
      this.send(id, "answer", await this.answer(id, type, body));
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.line.postMessage({ id, error: { name, message } });
    }
  }

  /**
   * Its arrays are handed over, not copied.
   * @param {number} id
   * @param {"answer" | "piece"} what
   * @param {any} content
   */
  send(id, what, content) {
    const arrays = Object.values(content ?? {}).filter((value) => ArrayBuffer.isView(value));
    this.line.postMessage(
      { id, [what]: content },
      arrays.map(({ buffer }) => buffer),
    );
  }

  /**
   * @param {number} id
   * @param {string} type
   * @param {Record<string, any>} body
   */
  async answer(id, type, body) {
    switch (type) {
      case "load":
        return this.load(body.files, body.options);
      case "unpack":
        return this.load(await unpack(body.packed), body.options);
      case "opening":
        return this.language().opening();
      case "encode":
        return this.language().encode(body.text);
      case "texts":
        return pieces(this.language().tokenizer, body.ids);
      case "read":
        return this.language().read(body.position, body.ids, body.options);
      case "heal":
        return heal(this.language(), body.position, body.ids, body.options);
      case "step":
        return this.language().step(body.position, body.options);
      case "write":
        return this.write(id, body.position, body.options);
      case "score":
        return this.language().score(body.text);
      case "translate":
        return this.translate(id, body.text, body.options);
      case "attention":
        return this.translator().attention(body.source, body.target);
      case "scorePair":
        return this.translator().scorePair(body.source, body.target);
      default:
        throw new InputError(`the engine knows no message '${type}'`);
    }
  }

  /**
   * @param {import("./model.js").Files} files
   * @param {any} options
   */
  async load(files, options) {
    const { model, about } = await loadModel(files, options);
    this.model = model;
    return about;
  }

  language() {
    if (this.model instanceof LanguageModel) return this.model;
    throw new InputError(this.model ? "this model translates: it does not write on" : "no model is loaded");
  }

  translator() {
    if (this.model instanceof Translator) return this.model;
    throw new InputError(this.model ? "this model does not translate" : "no model is loaded");
  }

  /**
   * @param {number} id
   * @param {import("./language_model.js").Position} position
   * @param {any} options
   */
  async write(id, position, { count = 400, stop = [], ...options }) {
    const model = this.language();
    const write = model.writer(position, options);
    const scanner = new StopScanner(stop);
    const decoder = model.tokenizer.decoder();
    Array.from(position.recent).slice(-4).forEach(decoder.push); // a character has four bytes at most, and may be begun
    const began = performance.now();
    const end = { position, written: 0, kept: 0, seconds: 0, reason: "length" };
    let shown = 0; // characters of the text before a stop string
    let size = 1;
    while (end.written < count) {
      const slice = performance.now();
      const { ids, ...rest } = write(Math.min(size, count - end.written));
      const texts = Array.from(ids, (each) => decoder.push(each));
      end.written += ids.length;
      end.position = rest.position;
      end.seconds = (performance.now() - began) / 1000;
      this.send(id, "piece", { ids, texts, ...rest, seconds: end.seconds });
      for (const text of texts) shown += scanner.push(text).length;
      if (scanner.stopped) return { ...end, shown, reason: "stop" };
      size = nextSize(size, performance.now() - slice);
      await breath();
      if (this.stopped.delete(id))
        return { ...end, shown: shown + scanner.flush().length, reason: "stopped" };
    }
    return { ...end, shown: shown + scanner.flush().length };
  }

  /**
   * @param {number} id
   * @param {string} text
   * @param {any} options
   */
  async translate(id, text, options) {
    this.latestTranslation = id;
    const translating = this.translator().translate(text, options);
    let slice = performance.now();
    for (;;) {
      const { value, done } = translating.next();
      if (done) return value;
      if (performance.now() - slice < SLICE) continue;
      await breath();
      slice = performance.now();
      if (this.latestTranslation !== id) throw overtaken();
    }
  }
}

/**
 * How many symbols to write next so that it takes about a slice: at most twice as many as before.
 * @param {number} size
 * @param {number} took milliseconds
 */
function nextSize(size, took) {
  const fitting = took > 0 ? Math.floor((size * SLICE) / took) : LARGEST;
  return Math.max(1, Math.min(2 * size, fitting, LARGEST));
}

/** Let messages that have come be received. */
function breath() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(null);
  });
}

function overtaken() {
  const error = new Error("a newer text is translated");
  error.name = "Overtaken";
  return error;
}
