/** The most likely way in which a transducer writes a given target, as Python's `generation/best_paths.py` finds it. */

import { START } from "../text/vocabulary.js";

const WIDTH = 8; // paths kept side by side

/** @typedef {{score: number, place: number, written: number, outputs: number[], states: import("./networks.js").States}} Path */

/**
 * Actions, the boundary symbol last, and their log-probability in nats: the best of all paths that a beam search finds
 * which allows nothing but the target.
 * @param {import("./networks.js").Networks} networks
 * @param {ArrayLike<number>} source
 * @param {ArrayLike<number>} target
 */
export function bestPath(networks, source, target) {
  const { vocabulary } = networks;
  /** @type {{outputs: number[], logProbability: number}} */
  let best = { outputs: [], logProbability: -Infinity };
  /** @type {Path[]} */
  let paths = [{ score: 0, place: 0, written: 0, outputs: [], states: networks.start(source) }];
  while (paths.length && paths[0].score > best.logProbability) {
    /** @type {Path[]} */
    const going = [];
    for (const path of paths) {
      const { logs, states } = networks.step(path.outputs.at(-1) ?? START, path.states);
      const [left, canMove] = [path.written < target.length, path.place < source.length];
      const next = target[path.written];
      const go = (/** @type {number} */ output, /** @type {number} */ moved, /** @type {number} */ wrote) =>
        going.push({
          score: path.score + logs[output],
          place: path.place + moved,
          written: path.written + wrote,
          outputs: [...path.outputs, output],
          states,
        });
      if (left) go(next, 0, 1);
      if (left && canMove) go(vocabulary + next, 1, 1);
      if (canMove) go(2 * vocabulary, 1, 0);
      if (!left && path.score + logs[START] > best.logProbability) {
        best = { outputs: [...path.outputs, START], logProbability: path.score + logs[START] };
      }
    }
    paths = going.sort((first, second) => second.score - first.score).slice(0, WIDTH);
  }
  return best;
}
