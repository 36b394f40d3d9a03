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

/** A whole number, at least 0 and less than `below`. */
export function randomInteger(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

/** So many octets, each of any value. */
export function randomOctets(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => randomInteger(random, 256));
}

/** So many characters out of `alphabet`. */
export function randomText(random: () => number, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInteger(random, alphabet.length)]).join("");
}
