/** Optional clean-up of text before it is cut into symbols: lower case, then a Unicode normal form. */

/**
 * @typedef {(text: string) => string} Normalizer
 */

/**
 * @param {{lower?: boolean, form?: string}} settings
 * @returns {Normalizer}
 */
export function normalizer({ lower = false, form = "none" }) {
  return (text) => {
    const lowered = lower ? text.toLowerCase() : text;
    return form === "none" ? lowered : lowered.normalize(form);
  };
}
