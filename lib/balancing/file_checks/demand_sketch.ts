/**
 * How often texts were seen lately, in fixed memory: a count-min sketch (Cormode and
 * Muthukrishnan) whose counts are halved again and again.
 *
 * @module
 */

import { eventAt, hashText } from "../policies/hash.ts";

/** Counters of one row, a power of two. */
const WIDTH = 2 ** 18;

/** Rows: a text has one counter in each. */
const ROWS = 4;

/** All counters are halved after so many texts. */
const HALVING_TEXTS = WIDTH;

const MOST = 255;

/** Estimates how often a text was added lately. Never too low but for halving. */
export class DemandSketch {
  readonly #counts = new Uint8Array(ROWS * WIDTH);
  #texts = 0;

  /** Adds a text. @returns how often it was added lately, with this time */
  add(text: string): number {
    const hash = hashText(text);
    let least = MOST;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#counts[at(hash, row)]!);
    // Only the least counters grow, so that texts that share one of them disturb each other less.
    for (let row = 0; row < ROWS && least < MOST; row++) {
      const index = at(hash, row);
      if (this.#counts[index] === least) this.#counts[index]! = least + 1;
    }
    if (++this.#texts === HALVING_TEXTS) this.#halve();
    return Math.min(MOST, least + 1);
  }

  #halve(): void {
    this.#texts = 0;
    const words = new Uint32Array(this.#counts.buffer);
    for (let i = 0; i < words.length; i++) words[i] = words[i]! >>> 1 & 0x7f7f7f7f;
  }
}

function at(hash: number, row: number): number {
  return row * WIDTH + (eventAt(hash, row) & (WIDTH - 1));
}
