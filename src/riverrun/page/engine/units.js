/** Where a hidden unit's value stands in a state. */

import { InputError } from "./errors.js";

/**
 * @typedef {object} Units
 * @property {number} layers
 * @property {number} width units of a layer
 * @property {string[]} parts "hidden", and "cell" for an LSTM
 * @property {number[][]} starts for each part and layer the index of its first unit
 */

/**
 * The index of a unit in a state.
 * @param {{units: Units}} about what `load` answered
 * @param {string} part
 * @param {number} layer
 * @param {number} unit
 * @returns {number}
 */
export function unitIndex({ units }, part, layer, unit) {
  const starts = units.starts[units.parts.indexOf(part)];
  if (!starts || !(layer in starts) || !(unit >= 0 && unit < units.width)) {
    throw new InputError(
      `there is no unit ${unit} in layer ${layer} of ${part}: the model has ${units.layers} x ${units.width}`,
    );
  }
  return starts[layer] + unit;
}
