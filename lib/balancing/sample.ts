/**
 * What one performance test finds.
 *
 * @module
 */

/** One timed transfer. */
export interface TransferSample {
  /** Content that arrived. */
  readonly bytes: number;
  /** From before connecting until the last byte of the content, in milliseconds. */
  readonly elapsedMs: number;
  /** When the transfer ended, in milliseconds since the epoch. */
  readonly at: number;
  /** Whether the time for it was over before the content was whole; absent where it was whole. */
  readonly isPartial?: boolean;
}

/** What a server gave as its test file. */
export interface TestFile {
  /** The size of the content. */
  readonly bytes: number;
  /** The ETag as it was received; undefined when there was none. */
  readonly entityTag: string | undefined;
}

/**
 * How a server failed its test: the connection was `refused`; it gave the wrong `answer`; it was too
 * `slow`; or it did not answer in `time`. The last two may have been caused by this machine.
 */
export type Fault = "refused" | "answer" | "slow" | "time";

/** A server that failed its test. */
export interface FailedOutcome {
  /** Tells it from other outcomes. */
  readonly kind: "failed";
  /** Why, for people. */
  readonly reason: string;
  /** How, for verdicts. */
  readonly fault: Fault;
  /** What was measured of a server that was too slow. */
  readonly sample?: TransferSample;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What one probe found; `at` is when, in milliseconds since the epoch. A server is untestable when
 * something is wrong on this side, such as too many open files: that says nothing about the server,
 * unless `isUnreachable` and other servers can be reached.
 */
export type Outcome =
  | {
    readonly kind: "passed";
    readonly sample: TransferSample;
    /** Undefined where the file was made for this test, or its size is not known. */
    readonly testFile?: TestFile | undefined;
  }
  | FailedOutcome
  | {
    readonly kind: "untestable";
    readonly reason: string;
    readonly isUnreachable?: boolean;
    readonly at: number;
  };

/** A transfer that took no time that the clock could see is taken to have taken so much, in ms. */
const LEAST_ELAPSED_MS = 0.001;

/** Octets per millisecond, always more than 0 and finite. */
export function throughputOf({ bytes, elapsedMs }: TransferSample): number {
  return Math.max(1, bytes) / Math.max(LEAST_ELAPSED_MS, elapsedMs);
}

/** What one test found, for a chart. */
export type TransferStatus = TransferSample | { readonly at: number; readonly reason: string };

/** Tests that are remembered of a server. */
const MOST_TRANSFERS = 60;

/** What the latest tests of one server found. */
export class History {
  /** Since when the server is listed, in ms since the epoch. */
  readonly since: number;
  #transfers: readonly TransferStatus[] = [];

  /** Of a server that was never tested. */
  constructor(since: number) {
    this.since = since;
  }

  /** Takes in what a test found, unless that says nothing about the server. */
  add(outcome: Outcome): void {
    if (outcome.kind === "untestable") return;
    const found: TransferStatus = outcome.kind === "passed"
      ? outcome.sample
      : { at: outcome.at, reason: outcome.reason };
    this.#transfers = [...this.#transfers.slice(1 - MOST_TRANSFERS), found];
  }

  /** A better measurement takes the place of the latest one. */
  refine(sample: TransferSample): void {
    this.#transfers = [...this.#transfers.slice(0, -1), sample];
  }

  /** The oldest first. */
  get transfers(): readonly TransferStatus[] {
    return this.#transfers;
  }

  /** What the last test failed for; undefined when it passed, or there was none. */
  get lastFailure(): string | undefined {
    const last = this.#transfers.at(-1);
    return last !== undefined && "reason" in last ? last.reason : undefined;
  }
}
