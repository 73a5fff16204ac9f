/**
 * Random numbers as a pure function: one uniform draw for each (seed, sequence, position), as Python's
 * `generation/draws.py` makes them (SplitMix64's mixing of a counter). 64-bit numbers are kept as two halves of 32
 * bits.
 */

const GOLDEN = 0x9e3779b97f4a7c15n;
const MASK = (1n << 64n) - 1n;
const [GOLDEN_HIGH, GOLDEN_LOW] = halves(GOLDEN);

/** The high half of the latest product or mixture; the low one is returned. */
let high = 0;

/**
 * What all draws of one sequence have in common.
 * @param {number | bigint} seed
 * @param {number} sequence
 * @returns {[number, number]} halves of 64 bits
 */
export function streamOf(seed, sequence) {
  const [first, second] = halves((BigInt(seed) + GOLDEN * BigInt(sequence + 1)) & MASK);
  const low = mix(first, second);
  return [high, low];
}

/**
 * A number in [0, 1) with 53 random bits.
 * @param {[number, number]} stream
 * @param {number} position
 * @returns {number}
 */
export function uniform([startHigh, startLow], position) {
  const count = position + 1;
  const low = multiply(Math.floor(count / 2 ** 32), count >>> 0, GOLDEN_HIGH, GOLDEN_LOW);
  const sum = (startLow >>> 0) + (low >>> 0);
  const mixed = mix((startHigh + high + (sum >= 2 ** 32 ? 1 : 0)) | 0, sum | 0);
  return ((high >>> 0) * 2 ** 21 + (mixed >>> 11)) * 2 ** -53;
}

/**
 * @param {bigint} value
 * @returns {[number, number]}
 */
function halves(value) {
  return [Number(value >> 32n) | 0, Number(value & 0xffffffffn) | 0];
}

/**
 * @param {number} top
 * @param {number} low
 * @returns {number} the low half; `high` has the other
 */
function mix(top, low) {
  let value = multiply(top ^ (top >>> 30), low ^ ((low >>> 30) | (top << 2)), 0xbf58476d, 0x1ce4e5b9);
  value = multiply(high ^ (high >>> 27), value ^ ((value >>> 27) | (high << 5)), 0x94d049bb, 0x133111eb);
  const result = value ^ ((value >>> 31) | (high << 1));
  high ^= high >>> 31;
  return result;
}

/**
 * The product modulo 2^64.
 * @param {number} top
 * @param {number} low
 * @param {number} byTop
 * @param {number} byLow
 * @returns {number} the low half; `high` has the other
 */
function multiply(top, low, byTop, byLow) {
  const [a, b] = [low & 0xffff, low >>> 16];
  const [c, d] = [byLow & 0xffff, byLow >>> 16];
  const [ad, bc] = [a * d, b * c];
  const middle = ((a * c) >>> 16) + (ad & 0xffff) + (bc & 0xffff);
  const carried = b * d + (ad >>> 16) + (bc >>> 16) + (middle >>> 16);
  high = (carried + Math.imul(top, byLow) + Math.imul(low, byTop)) | 0;
  return Math.imul(low, byLow);
}
