/** What the page may import from the engine. See ENGINE.md. */

export { EngineClient } from "./client.js";
export { DEFAULT_SEARCH } from "./pairs/search.js";
export { DEFAULT_SAMPLING, alternatives, checkSampling, distribution, surprisalOf } from "./sampling.js";
export { unitIndex } from "./units.js";
