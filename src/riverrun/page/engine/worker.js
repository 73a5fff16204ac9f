/**
 * The worker: answers the page's messages one after another. Writing and translating are done in slices, between
 * which it listens, so that `stop` and a newer request are heard at once.
 */

import { serve } from "./service.js";

serve(/** @type {any} */ (globalThis));
