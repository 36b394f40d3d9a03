/**
 * Estimates the capacity of the balancer's own line from rounds of tests. If the line is the
 * bottleneck, concurrent transfers slow each other down and say nothing of the servers. Pure;
 * throughputs are in bytes per ms.
 *
 * @module
 */

import { throughputOf, type TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";

/** A transfer of a round; throughputs in bytes per ms. */
export interface MeasuredTransfer {
  readonly server: Server;
  readonly throughput: number;
  /** Of all transfers together while it ran. */
  readonly sum: number;
  /** Of the server's last transfer; undefined if there was none. */
  readonly before: number | undefined;
}

/** A transfer with at least this part of the sum had the line to itself. */
const OWN_PART = 0.85;

/** Sums above this part of the greatest may be all that the line carries. */
const NEAR_GREATEST = 0.7;

/** Throughputs that differ by less than this factor count as equal. */
const SAME = 1.15;

/** The part of the capacity that concurrent transfers may use. */
const FILL = 0.8;

/** The factor by which the greatest sum falls with each round, since lines change. */
const AGEING = 0.9;

/** Rounds until the capacity is measured anew. */
const LIMIT_ROUNDS = 20;

/** Suspects found not to be slowed down, before the rest are believed as well. */
const ENOUGH_AGREEMENTS = 2;

/** Smaller transfers end before they fill a line. */
const LEAST_BYTES = 64 * 1024;

/** A transfer that has received nothing for so long does not use the line, in ms. */
const SILENCE_MS = 1000;

/** The line that all tests share. */
export class OwnLine {
  /** Its capacity; Infinity while transfers have not slowed each other down. */
  #limit = Infinity;
  /** Rounds since the capacity was measured. */
  #age = 0;
  /** The greatest recent sum. */
  #greatest = 0;
  /** In this verification: suspects that were right, and the greatest sum of those that were not. */
  #agreements = 0;
  #slowedSum = 0;

  /**
   * Whether another transfer can run beside others without slowing them down.
   *
   * @param running the expected sum of those; 0 if none runs
   * @param next the expected throughput of the new one; 0 if unknown
   */
  hasRoom(running: number, next: number): boolean {
    return running === 0 || running + next <= this.#limit * FILL;
  }

  /**
   * Begins a verification.
   *
   * @returns the transfers of a round that others may have slowed down, the fastest first, since
   *     sharing a line slows the fastest most
   */
  suspects(transfers: readonly MeasuredTransfer[]): MeasuredTransfer[] {
    this.#agreements = this.#slowedSum = 0;
    for (const { sum } of transfers) this.#greatest = Math.max(this.#greatest, sum);
    this.#limit = Math.max(this.#limit, this.#greatest);
    return transfers
      .filter(({ throughput, sum, before }) => {
        const wasAlone = throughput >= sum * OWN_PART;
        const isAsBefore = before !== undefined && throughput * SAME >= before;
        return !wasAlone && !isAsBefore && sum >= this.#greatest * NEAR_GREATEST;
      })
      .sort((a, b) => b.throughput - a.throughput);
  }

  /** Whether enough suspects were found not to have been slowed down. */
  get isVerified(): boolean {
    return this.#agreements >= ENOUGH_AGREEMENTS;
  }

  /** Compares a suspect with its measurement alone. @returns whether others had slowed it down */
  verify({ throughput, sum }: MeasuredTransfer, alone: number): boolean {
    const wasSlowed = alone > throughput * SAME;
    if (wasSlowed) {
      this.#slowedSum = Math.max(this.#slowedSum, sum);
      this.#limit = this.#greatest = this.#slowedSum;
      this.#age = 0;
    } else this.#agreements++;
    return wasSlowed;
  }

  endRound(): void {
    this.#greatest *= AGEING;
    if (++this.#age > LIMIT_ROUNDS) this.#limit = Infinity;
  }
}

/** The expected throughput of a transfer beside which no other is to run. */
export const ALONE: number = Infinity;

/** Tracks the transfers of one round on the line. */
export class LineUse {
  readonly #ownLine: OwnLine;
  readonly #clock: () => number;
  readonly #running = new Set<{ readonly expected: number; lastAt: number }>();
  readonly #transfers: MeasuredTransfer[] = [];
  #received = 0;

  /** @param clock in ms */
  constructor(ownLine: OwnLine, clock: () => number) {
    this.#ownLine = ownLine;
    this.#clock = clock;
  }

  /** The transfers that have ended and were large enough to count. */
  get transfers(): readonly MeasuredTransfer[] {
    return this.#transfers;
  }

  /**
   * Whether the line carries another transfer.
   *
   * @param expected its throughput in bytes per ms; 0 if unknown, `ALONE` if no other may run
   *     beside it
   */
  hasRoom(expected: number): boolean {
    const since = this.#clock() - SILENCE_MS;
    const active = [...this.#running].filter(({ lastAt }) => lastAt >= since);
    if (expected === ALONE) return active.length === 0;
    const sum = active.reduce((sum, { expected }) => sum + expected, 0);
    return sum < ALONE && this.#ownLine.hasRoom(sum, expected);
  }

  /**
   * Begins a transfer.
   *
   * @param before the server's last throughput, in bytes per ms
   * @param expected as for `hasRoom`
   * @returns `onReceived` for each number of bytes that arrive; `end` with a sample if it passed
   */
  begin(server: Server, before: number | undefined, expected: number) {
    const [begunAt, receivedBefore] = [this.#clock(), this.#received];
    const running = { expected, lastAt: begunAt };
    this.#running.add(running);
    return {
      onReceived: (bytes: number) => {
        this.#received += bytes;
        running.lastAt = this.#clock();
      },
      end: (sample: TransferSample | undefined) => {
        this.#running.delete(running);
        if (sample === undefined || sample.bytes < LEAST_BYTES) return;
        const throughput = throughputOf(sample);
        const elapsedMs = this.#clock() - begunAt;
        const sum = elapsedMs > 0 ? (this.#received - receivedBefore) / elapsedMs : throughput;
        this.#transfers.push({ server, throughput, sum, before });
      },
    };
  }
}
