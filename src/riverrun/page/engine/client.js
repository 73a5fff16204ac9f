/** The page's end of the line to the worker: messages as promises. See ENGINE.md for what each call gives. */

/**
 * @typedef {import("./language_model.js").Position} Position
 * @typedef {import("./language_model.js").Hold} Hold
 * @typedef {import("./sampling.js").Sampling} Sampling
 */

/**
 * @typedef {object} Call that was not answered yet
 * @property {(answer: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {(piece: any) => void} [piece]
 */

/** An error that crossed the line, with its name. */
export class EngineError extends Error {
  /** @param {{name: string, message: string}} error */
  constructor({ name, message }) {
    super(message);
    this.name = name;
  }
}

export class EngineClient {
  /** @param {Worker} worker */
  constructor(worker) {
    this.worker = worker;
    this.latest = 0;
    /** @type {Map<number, Call>} */
    this.waiting = new Map();
    worker.onmessage = ({ data }) => this.receive(data);
    worker.onerror = (event) => this.fail(event.message || "the engine could not be started");
  }

  /**
   * @param {import("./model.js").Files} files a model directory's
   * @param {{simd?: boolean}} options
   */
  load(files, options = {}) {
    return this.ask("load", { files, options });
  }

  /**
   * @param {Uint8Array} packed what Python's `pack` made
   * @param {{simd?: boolean}} options
   */
  unpack(packed, options = {}) {
    return this.ask("unpack", { packed, options });
  }

  opening() {
    return this.ask("opening", {});
  }

  /** @param {string} text */
  encode(text) {
    return this.ask("encode", { text });
  }

  /**
   * What each of ids adds to the text.
   * @param {ArrayLike<number>} ids
   */
  texts(ids) {
    return this.ask("texts", { ids });
  }

  /**
   * @param {Position} position
   * @param {Int32Array} ids
   * @param {{surprisal?: boolean, states?: boolean, holds?: Hold[]}} options
   */
  read(position, ids, options = {}) {
    return this.ask("read", { position, ids, options });
  }

  /**
   * @param {Position} position
   * @param {Int32Array} ids
   * @param {{sampling?: Partial<Sampling>, seed?: number | bigint, sequence?: number, holds?: Hold[]}} options
   */
  heal(position, ids, options = {}) {
    return this.ask("heal", { position, ids, options });
  }

  /**
   * @param {Position} position
   * @param {{holds?: Hold[]}} options
   */
  step(position, options = {}) {
    return this.ask("step", { position, options });
  }

  /**
   * @param {Position} position
   * @param {object} options
   * @param {(piece: any) => void} piece called with each piece
   * @returns {{done: Promise<any>, stop: () => void}}
   */
  write(position, options, piece) {
    const done = this.ask("write", { position, options }, piece);
    const id = this.latest;
    return { done, stop: () => this.worker.postMessage({ id, type: "stop" }) };
  }

  /** @param {string} text */
  score(text) {
    return this.ask("score", { text });
  }

  /**
   * @param {string} text
   * @param {{beam?: number, nBest?: number, lengthPenalty?: number, trace?: boolean}} options
   */
  translate(text, options = {}) {
    return this.ask("translate", { text, options });
  }

  /**
   * @param {string} source
   * @param {string} target
   */
  attention(source, target) {
    return this.ask("attention", { source, target });
  }

  /**
   * @param {string} source
   * @param {string} target
   */
  scorePair(source, target) {
    return this.ask("scorePair", { source, target });
  }

  /** End the worker. */
  close() {
    this.worker.terminate();
    this.fail("the engine was closed");
  }

  /**
   * @param {string} type
   * @param {object} body
   * @param {(piece: any) => void} [piece]
   * @returns {Promise<any>}
   */
  ask(type, body, piece) {
    const id = ++this.latest;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, piece });
      this.worker.postMessage({ id, type, ...body });
    });
  }

  /** @param {{id: number, piece?: any, answer?: any, error?: {name: string, message: string}}} message */
  receive({ id, piece, answer, error }) {
    const call = this.waiting.get(id);
    if (!call) return;
    if (piece !== undefined) {
      call.piece?.(piece);
      return;
    }
    this.waiting.delete(id);
    if (error) call.reject(new EngineError(error));
    else call.resolve(answer);
  }

  /** @param {string} message */
  fail(message) {
    for (const { reject } of this.waiting.values()) reject(new EngineError({ name: "EngineError", message }));
    this.waiting.clear();
  }
}
