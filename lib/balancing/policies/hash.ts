/**
 * Fast hashes with an even distribution; not cryptographic.
 *
 * @module
 */

/** Divides a 32-bit number to between 0 and 1. */
const RANGE = 2 ** 32;
const GOLDEN = 0x9e3779b9;

/** Mixes 32 bits: a bijection in which every bit depends on every bit of `value`. */
export function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Hashes the UTF-16 units of a text to 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** The `turn`-th pseudo-random 32-bit number that follows from `seed`. */
export function eventAt(seed: number, turn: number): number {
  return mix(seed + Math.imul(turn, GOLDEN));
}

/** The same, scaled to at least 0 and less than 1. */
export function drawFrom(seed: number, turn: number): number {
  return eventAt(seed, turn) / RANGE;
}

/** Makes a seed for `drawFrom()` from a random number of at least 0 and less than 1. */
export function seedFrom(random: number): number {
  return mix(random * RANGE);
}
