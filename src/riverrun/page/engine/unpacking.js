/** A model in one piece, as Python's `pack` makes it: a compressed safetensors file that holds the other files' texts. */

import { ModelError } from "./errors.js";
import { Tensors } from "./files.js";

/**
 * The files of a packed model.
 * @param {Uint8Array} packed
 * @returns {Promise<import("./model.js").Files>}
 */
export async function unpack(packed) {
  const weights = await inflate(packed);
  const { config, tokenizer, packed: said, samples, name } = new Tensors(weights).metadata;
  if (!config || !tokenizer || !said)
    throw new ModelError("this is not a model that riverrun packed for a page");
  return { config, tokenizer, weights, samples, name, packed: said };
}

/** @param {Uint8Array} packed */
async function inflate(packed) {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed;
  if (typeof DecompressionStream === "undefined") {
    throw new ModelError("this browser cannot unpack the model: use a newer one, or export it uncompressed");
  }
  try {
    const stream = new Blob([/** @type {BlobPart} */ (packed)])
      .stream()
      .pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new ModelError("the packed model is damaged or cut short");
  }
}
