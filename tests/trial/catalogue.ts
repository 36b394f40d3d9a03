import { randomInteger } from "../support/random.ts";

const MIB = 1024 * 1024;

/** What `/test.bin?bytes=` may ask for at the most, in octets. */
const LARGEST = 64 * MIB;
const SMALLEST = MIB / 16;

/** The middling file of a catalogue, in octets. */
const MEDIAN = 4 * MIB;
const SIGMA = 0.7;

/** The files that clients ask for: as many as a name can stand for, and each asked for often. */
export class Catalogue {
  /** The size of each, in octets. */
  readonly sizes: readonly number[];

  /** Draws so many log-normal sizes around 4 MiB, from numbers at least 0 and less than 1. */
  constructor(count: number, random: () => number) {
    this.sizes = Array.from({ length: count }, () => {
      const size = MEDIAN * Math.exp(SIGMA * normal(random));
      return Math.round(Math.max(SMALLEST, Math.min(LARGEST, size)));
    });
  }

  /** The size of any of them, in octets. */
  draw(random: () => number): number {
    return this.sizes[randomInteger(random, this.sizes.length)]!;
  }
}

/** Box and Muller's. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
