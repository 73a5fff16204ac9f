/** Symbols that stand for bytes: the 256 bytes of UTF-8, and streams that never split a character. */

import { SPECIAL } from "./vocabulary.js";

/** @typedef {import("./tokenizer.js").Tokenizer} Tokenizer */

/**
 * A tokenizer whose symbols are bytes: the id of a byte is its value plus two.
 * @param {import("./normalizing.js").Normalizer} normalize
 * @returns {Tokenizer}
 */
export function byteTokenizer(normalize) {
  const bytesOf = (/** @type {number} */ id) => (id < SPECIAL ? NOTHING : Uint8Array.of(id - SPECIAL));
  return {
    unit: "byte",
    size: 256 + SPECIAL,
    normalize,
    encode: (text) => Int32Array.from(new TextEncoder().encode(normalize(text)), (byte) => byte + SPECIAL),
    decoder: () => utf8Decoder(bytesOf),
    bytesOf,
    unseen: () => new Map(),
    shown: (id) => showBytes(bytesOf(id)),
  };
}

export const NOTHING = new Uint8Array(0);

/**
 * Streams symbols that stand for bytes; a character is given out when its last byte is there.
 * @param {(id: number) => Uint8Array} bytesOf
 * @returns {import("./tokenizer.js").StreamDecoder}
 */
export function utf8Decoder(bytesOf) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push: (id) => decoder.decode(bytesOf(id), { stream: true }),
    flush: () => decoder.decode(),
  };
}

/**
 * Bytes as text if they are whole characters, else in hexadecimal.
 * @param {Uint8Array} bytes
 */
export function showBytes(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `<${byte.toString(16).toUpperCase().padStart(2, "0")}>`).join("");
  }
}
