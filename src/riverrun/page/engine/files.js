/** The files of a model directory: config.toml as riverrun writes it, and safetensors. Nothing is executed. */

import { ModelError } from "./errors.js";

/**
 * Read TOML: sections, and keys with strings, numbers, booleans and lists of these, one a line.
 * @param {string} text
 * @returns {Record<string, Record<string, any>>}
 */
export function parseToml(text) {
  /** @type {Record<string, Record<string, any>>} */
  const document = {};
  /** @type {Record<string, any> | null} */
  let section = null;
  text.split(/\r?\n/).forEach((line, index) => {
    const content = line.trim();
    const heading = /^\[([\w-]+)\]$/.exec(content);
    const entry = /^([\w-]+)\s*=\s*(.+)$/.exec(content);
    if (heading) {
      section = document[heading[1]] = {};
    } else if (entry && section) {
      section[entry[1]] = parseValue(entry[2], index + 1);
    } else if (content && !content.startsWith("#")) {
      throw new ModelError(`config.toml, line ${index + 1}: this is not a setting of riverrun`);
    }
  });
  return document;
}

/**
 * @param {string} text
 * @param {number} line
 */
function parseValue(text, line) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelError(`config.toml, line ${line}: its value cannot be read`);
  }
}

/**
 * @param {string} text
 * @param {string} name of the file
 */
export function parseJson(text, name) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelError(`${name} is damaged: it is not JSON`);
  }
}

/**
 * Lines of JSON; one that is damaged or was cut short is left out.
 * @param {string} text
 * @returns {any[]}
 */
export function parseLines(text) {
  return text.split("\n").flatMap((line) => {
    try {
      const event = JSON.parse(line);
      return Number.isInteger(event?.step) ? [event] : [];
    } catch {
      return [];
    }
  });
}

/**
 * @typedef {object} Entry where a tensor stands in a safetensors file
 * @property {string} dtype
 * @property {number[]} shape
 * @property {[number, number]} data_offsets
 */

const SIZES = { F32: 4, F16: 2, BF16: 2, I8: 1, F64: 8 };
const SCALE = ".scale"; // the factors of an int8 matrix, one a row, stand under its name with this

/** The tensors of a safetensors file, read as float32 when asked for. */
export class Tensors {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    const { header, start } = readHeader(bytes);
    this.bytes = bytes;
    this.start = start;
    /** @type {Record<string, string>} */
    this.metadata = header.__metadata__ ?? {};
    delete header.__metadata__;
    /** @type {Map<string, Entry>} */
    this.entries = new Map(Object.entries(header));
    for (const [name, entry] of this.entries) checkEntry(name, entry, bytes.length - start);
  }

  /** Weights in all. */
  get size() {
    let size = 0;
    const once = new Map(Array.from(this.entries, ([name, entry]) => [entry, name])); // of tied ones one name
    for (const [{ shape }, name] of once) if (!name.endsWith(SCALE)) size += count(shape);
    return size;
  }

  /**
   * Another name of a tensor, if nothing has that name: tied weights stand once in a file.
   * @param {string} name
   * @param {string} first
   */
  tie(name, first) {
    for (const part of ["", SCALE]) {
      const entry = this.entries.get(first + part);
      if (entry && !this.entries.has(name + part)) this.entries.set(name + part, entry);
    }
  }

  /** @param {string} name */
  has(name) {
    return this.entries.has(name);
  }

  /**
   * The shape of a tensor.
   * @param {string} name
   */
  shape(name) {
    const entry = this.entries.get(name);
    if (!entry) throw new ModelError(`model.safetensors: ${name} is missing`);
    return entry.shape;
  }

  /**
   * A tensor, row by row.
   * @param {string} name
   * @param {number[]} shape which it must have
   * @returns {Float32Array}
   */
  read(name, shape) {
    const found = this.shape(name);
    if (found.join() !== shape.join()) {
      throw new ModelError(
        `the weights do not fit the settings: ${name} is ${found.join(" x ")} and should be ${shape.join(" x ")}`,
      );
    }
    const values = this.decoded(name);
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) {
        throw new ModelError(`model.safetensors: ${name} holds values that are not finite numbers`);
      }
    }
    return values;
  }

  /** @param {string} name */
  decoded(name) {
    const { dtype, shape, data_offsets } = /** @type {Entry} */ (this.entries.get(name));
    const from = this.bytes.byteOffset + this.start;
    const raw = this.bytes.buffer.slice(from + data_offsets[0], from + data_offsets[1]);
    switch (dtype) {
      case "F32":
        return new Float32Array(raw);
      case "F64":
        return Float32Array.from(new Float64Array(raw));
      case "BF16":
        return new Float32Array(Uint32Array.from(new Uint16Array(raw), (half) => half << 16).buffer);
      case "I8": {
        const factors = this.read(name + SCALE, [shape[0]]);
        const columns = count(shape) / shape[0];
        return Float32Array.from(
          new Int8Array(raw),
          (value, index) => value * factors[Math.floor(index / columns)],
        );
      }
      default:
        throw new ModelError(
          `model.safetensors: ${name} has numbers of kind ${dtype}, which the page does not read`,
        );
    }
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {{header: Record<string, any>, start: number}}
 */
function readHeader(bytes) {
  const foreign = new ModelError("model.safetensors is not a safetensors file, or is cut short");
  if (bytes.length < 8) throw foreign;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (size > BigInt(bytes.length - 8)) throw foreign;
  const start = 8 + Number(size);
  try {
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
    if (header && typeof header === "object" && !Array.isArray(header)) return { header, start };
  } catch {
    throw foreign;
  }
  throw foreign;
}

/**
 * @param {string} name
 * @param {Entry} entry
 * @param {number} available bytes
 */
function checkEntry(name, entry, available) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const isCount = (/** @type {number} */ value) => Number.isSafeInteger(value) && value >= 0;
  const whole =
    Array.isArray(shape) && shape.every(isCount) && Array.isArray(offsets) && offsets.every(isCount);
  if (!whole || offsets.length !== 2 || offsets[1] < offsets[0] || offsets[1] > available) {
    throw new ModelError(`model.safetensors is damaged or cut short: ${name} is not where it should be`);
  }
  const size = /** @type {Record<string, number>} */ (SIZES)[dtype];
  if (size && offsets[1] - offsets[0] !== size * count(shape)) {
    throw new ModelError(`model.safetensors is damaged: ${name} has another size than its shape`);
  }
}

/** @param {number[]} shape */
function count(shape) {
  return shape.reduce((product, length) => product * length, 1);
}
