/**
 * The mulberry32 generator: the same seed gives the same numbers on every machine, so a test that
 * draws from it cannot fail by chance.
 *
 * @returns a function whose results are evenly distributed, at least 0 and less than 1.
 */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
