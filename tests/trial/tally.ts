import type { Experience } from "./client.ts";
import { type Phase, PHASES } from "./faults.ts";

/** What the clients of one policy lived to see. */
export class Tally {
  readonly #times: number[] = [];
  readonly #timesIn = new Map<Phase, number[]>(PHASES.map((phase) => [phase, []]));
  /** Tries that failed. */
  failures = 0;
  /** Why downloads were given up. */
  readonly reasons: string[] = [];
  /** Downloads of another length than was asked for. */
  wrong = 0;

  /** Takes in a download that began in that phase. */
  add({ seconds, failures, reason, isWrong }: Experience, phase: Phase): void {
    this.failures += failures;
    if (isWrong) this.wrong++;
    if (reason !== undefined) return void this.reasons.push(reason);
    this.#times.push(seconds);
    this.#timesIn.get(phase)!.push(seconds);
  }

  /** Downloads that came to their end. */
  get count(): number {
    return this.#times.length;
  }

  /** Of the time that one took, in seconds. */
  get mean(): number {
    return meanOf(this.#times);
  }

  /** The same, of those that began in one phase. */
  meanIn(phase: Phase): number {
    return meanOf(this.#timesIn.get(phase)!);
  }

  /** The time in seconds that 99 of 100 stayed below. */
  get p99(): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
  }
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, it) => sum + it, 0) / numbers.length;
}
