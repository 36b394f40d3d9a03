/**
 * What rounds of tests show of the balancer's own line. Where it is the bound, transfers that run at
 * once slow each other down, and say nothing of the servers. Pure; bytes per ms throughout.
 *
 * @module
 */

import type { Server } from "./list/server.ts";
import { throughputOf, type TransferSample } from "./sample.ts";

/** A transfer of a round, in bytes per ms. */
export interface MeasuredTransfer {
  /** The server that was tested. */
  readonly server: Server;
  /** What came from the server. */
  readonly throughput: number;
  /** What came from all servers together while that transfer ran. */
  readonly sum: number;
  /** What came from the server the last time; undefined where there was none. */
  readonly before: number | undefined;
}

/** A transfer that brought at least so much of all that came meanwhile had the line for itself. */
const OWN_PART = 0.85;

/** Sums from this part of the greatest on may be all that the line carries. */
const NEAR_GREATEST = 0.7;

/** Throughputs that differ by less than this factor are the same. */
const SAME = 1.15;

/** The part of a line that transfers may fill that run at once. */
const FILL = 0.8;

/** The factor by which the greatest sum falls with each round, since lines change. */
const AGEING = 0.9;

/** After so many rounds what the line carries is found out anew. */
const LIMIT_ROUNDS = 20;

/** Transfers that were not slowed down, before the rest are believed as well. */
const ENOUGH_AGREEMENTS = 2;

/** Smaller transfers are over before they fill a line. */
const LEAST_BYTES = 64 * 1024;

/** A transfer that was silent for so long does not use the line, in ms. */
const SILENCE_MS = 1000;

/** The line that all tests share. */
export class OwnLine {
  /** What it carries; Infinity while transfers have not slowed each other down. */
  #limit = Infinity;
  /** Rounds since that was found out. */
  #age = 0;
  /** The greatest sum that was seen lately. */
  #greatest = 0;

  /**
   * Whether one more transfer can run beside others without slowing them down.
   *
   * @param running what those are expected to bring together; 0 where none runs
   * @param next what it is expected to bring; 0 where that is not known
   */
  hasRoom(running: number, next: number): boolean {
    return running === 0 || running + next <= this.#limit * FILL;
  }

  /**
   * The transfers of a round that others may have slowed down, the fastest first, since a line that
   * is shared slows down the fastest most.
   */
  suspects(transfers: readonly MeasuredTransfer[]): MeasuredTransfer[] {
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

  /** What measuring suspects alone shows: a new series for each round. */
  verification(): Verification {
    return new Verification((sum) => {
      this.#limit = this.#greatest = sum;
      this.#age = 0;
    });
  }

  /** A round has ended. */
  endRound(): void {
    this.#greatest *= AGEING;
    if (++this.#age > LIMIT_ROUNDS) this.#limit = Infinity;
  }
}

/** Suspects that are measured again one after the other, as far as that is worth it. */
export class Verification {
  readonly #onBound: (sum: number) => void;
  #agreements = 0;
  #sum = 0;

  /**
   * Begins without a suspect.
   *
   * @param onBound told what the line carries, when transfers were slowed down
   */
  constructor(onBound: (sum: number) => void) {
    this.#onBound = onBound;
  }

  /** Whether enough transfers were found not to have been slowed down. */
  get isDone(): boolean {
    return this.#agreements >= ENOUGH_AGREEMENTS;
  }

  /** A suspect has been measured alone: whether others had slowed it down before. */
  compare({ throughput, sum }: MeasuredTransfer, alone: number): boolean {
    const wasSlowed = alone > throughput * SAME;
    if (!wasSlowed) this.#agreements++;
    else {
      this.#sum = Math.max(this.#sum, sum);
      this.#onBound(this.#sum);
    }
    return wasSlowed;
  }
}

/** What a transfer is expected to bring beside which no other is to run. */
export const ALONE: number = Infinity;

/** A transfer that is under way. */
export interface LineUser {
  /** So many bytes have arrived. */
  readonly onReceived: (bytes: number) => void;
  /** The transfer has ended, with this when it passed. */
  readonly end: (sample: TransferSample | undefined) => void;
}

/** How the transfers of one round share the line. */
export class LineUse {
  readonly #ownLine: OwnLine;
  readonly #clock: () => number;
  readonly #running = new Set<{ readonly expected: number; lastAt: number }>();
  readonly #transfers: MeasuredTransfer[] = [];
  #received = 0;

  /**
   * Begins without a transfer.
   *
   * @param clock in ms
   */
  constructor(ownLine: OwnLine, clock: () => number) {
    this.#ownLine = ownLine;
    this.#clock = clock;
  }

  /** All that have ended and can tell something. */
  get transfers(): readonly MeasuredTransfer[] {
    return this.#transfers;
  }

  /**
   * Whether the line carries one more transfer.
   *
   * @param expected what it is expected to bring, in bytes per ms; 0 where that is not known, `ALONE`
   *     where no other is to run beside it
   */
  hasRoom(expected: number): boolean {
    const since = this.#clock() - SILENCE_MS;
    const active = [...this.#running].filter(({ lastAt }) => lastAt >= since);
    if (expected === ALONE) return active.length === 0;
    const sum = active.reduce((sum, { expected }) => sum + expected, 0);
    return sum < ALONE && this.#ownLine.hasRoom(sum, expected);
  }

  /**
   * A transfer begins.
   *
   * @param before what came from the server the last time, in bytes per ms
   * @param expected as for `hasRoom`
   */
  begin(server: Server, before: number | undefined, expected: number): LineUser {
    const [begunAt, receivedBefore] = [this.#clock(), this.#received];
    const running = { expected, lastAt: begunAt };
    this.#running.add(running);
    return {
      onReceived: (bytes) => {
        this.#received += bytes;
        running.lastAt = this.#clock();
      },
      end: (sample) => {
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
