/**
 * How requests are shared among ranked servers. With n servers, slowest first, the one at position
 * i (counted from 1) gets i of every n(n+1)/2 requests on average: picture a row of n(n+1)/2 slots
 * of which the slowest owns the first, the next one two, and so on; a request takes one at random.
 *
 * @module
 */

/**
 * Picks a server in constant time.
 *
 * @param n how many servers there are: at least 1, and at most 2²⁵ so that every slot is exact.
 * @param random evenly distributed, at least 0 and less than 1.
 * @returns an index from 0, the slowest, to n - 1, the fastest.
 */
export function pickRank(n: number, random: number): number {
  const slot = Math.floor(random * triangular(n));
  // The inverse of triangular() needs no correction: below 2⁵³ the root of (2 rank + 1)² is exact,
  // and that of the slot before it, 4 / (2 rank + 1) less, is too far off to be rounded up to it.
  return Math.floor((Math.sqrt(8 * slot + 1) - 1) / 2);
}

/** The fraction of all requests that the server at index `rank`, 0 for the slowest, of n gets. */
export function share(rank: number, n: number): number {
  return (rank + 1) / triangular(n);
}

/** 1 + 2 + … + count, which is also the first slot of the server at index `count`. */
function triangular(count: number): number {
  return (count * (count + 1)) / 2;
}
