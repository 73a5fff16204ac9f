/** The engine as one script, inside a single file: what the page may use of it, and the worker where it runs in one. */

import { EngineClient } from "./client.js";
import { DEFAULT_SEARCH } from "./pairs/search.js";
import { DEFAULT_SAMPLING, alternatives, checkSampling, distribution, surprisalOf } from "./sampling.js";
import { serve } from "./service.js";
import { unitIndex } from "./units.js";

/** @type {any} */
const here = globalThis;
here.riverrunEngine = {
  EngineClient,
  DEFAULT_SEARCH,
  DEFAULT_SAMPLING,
  alternatives,
  checkSampling,
  distribution,
  surprisalOf,
  unitIndex,
};
if (typeof here.document === "undefined") serve(here);
