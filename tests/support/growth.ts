import { assert } from "@std/assert";

const GROWTH = 32;

/** Linear work takes 32 times as long for 32 times the text, quadratic work up to 1,024 times. */
const MOST_TIMES = 250;

/** Long enough to be measured, and so short that some of the runs are not interrupted. */
const LEAST_MS = 0.1;
const RUNS = 10;

/** On a machine that is busy with something else, every run may be interrupted. */
const ATTEMPTS = 8;

/**
 * Asserts that the time of reading a text grows as its length does, however fast this machine is.
 *
 * @param textOf a text of about that length, of the kind that takes longest
 */
export function assertLinear(read: (text: string) => unknown, textOf: (length: number) => string) {
  let length = 256;
  while (length < 1e6 && bestMs(read, textOf(length)) < LEAST_MS) length *= 2;
  const [short, long] = [textOf(length), textOf(GROWTH * length)];
  let times = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && times >= MOST_TIMES; attempt++) {
    times = bestMs(read, long) / bestMs(read, short);
  }
  assert(times < MOST_TIMES, `${JSON.stringify(short.slice(0, 20))}… takes ${times} times as long`);
}

function bestMs(read: (text: string) => unknown, text: string): number {
  let best = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const begun = performance.now();
    read(text);
    best = Math.min(best, performance.now() - begun);
  }
  return best;
}
