/**
 * Hashes that spread evenly and are quick. They keep nothing secret, and nothing depends on it.
 *
 * @module
 */

/** What 2³² numbers are divided by to lie between 0 and 1. */
const RANGE = 2 ** 32;
const GOLDEN = 0x9e3779b9;

/** A number of 32 bits of which every bit depends on every bit of `value`; a bijection. */
export function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A number of 32 bits for a text, taking each of its UTF-16 units into account. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** The `turn`-th number of 32 bits that follows from `seed`, seemingly at random. */
export function eventAt(seed: number, turn: number): number {
  return mix(seed + Math.imul(turn, GOLDEN));
}

/** The same, but at least 0 and less than 1. */
export function drawFrom(seed: number, turn: number): number {
  return eventAt(seed, turn) / RANGE;
}

/** A seed for `drawFrom()` out of a random number that is at least 0 and less than 1. */
export function seedFrom(random: number): number {
  return mix(random * RANGE);
}
