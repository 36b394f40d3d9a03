/**
 * What performance tests find.
 *
 * @module
 */

/** One timed transfer. */
export interface TransferSample {
  /** Content received. */
  readonly bytes: number;
  /** From before connecting until the last byte of the content, in milliseconds. */
  readonly elapsedMs: number;
  /** When the transfer ended, in milliseconds since the epoch. */
  readonly at: number;
  /** Whether the timeout ended it before the content was complete; absent if it was complete. */
  readonly isPartial?: boolean;
}

/** The test file as a server sent it. */
export interface TestFile {
  /** The size of the content. */
  readonly bytes: number;
  /** The ETag as received; undefined if there was none. */
  readonly entityTag: string | undefined;
}

/**
 * How a server failed its test: it `refused` the connection, sent a wrong `answer`, was too `slow`,
 * or did not answer in `time`. The last two may have been caused by this machine.
 */
export type Fault = "refused" | "answer" | "slow" | "time";

/** A server that failed its test. */
export interface FailedOutcome {
  /** Discriminates the union. */
  readonly kind: "failed";
  /** In words. */
  readonly reason: string;
  /** Decides whether a second look may help. */
  readonly fault: Fault;
  /** The measurement of a server that was too slow. */
  readonly sample?: TransferSample;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/**
 * The outcome of one probe; `at` is in milliseconds since the epoch. A server is untestable if the
 * fault is on this side, such as too many open files: that says nothing about the server, unless
 * `isUnreachable` and other servers can be reached.
 */
export type Outcome =
  | {
    readonly kind: "passed";
    readonly sample: TransferSample;
    /** Undefined if the file was made for this test, or its size is unknown. */
    readonly testFile?: TestFile | undefined;
  }
  | FailedOutcome
  | {
    readonly kind: "untestable";
    readonly reason: string;
    readonly isUnreachable?: boolean;
    readonly at: number;
  };

/** The least duration that counts, in ms: the clock may not see a short transfer take any time. */
const MIN_ELAPSED_MS = 0.001;

/** Bytes per millisecond, always more than 0 and finite. */
export function throughputOf({ bytes, elapsedMs }: TransferSample): number {
  return Math.max(1, bytes) / Math.max(MIN_ELAPSED_MS, elapsedMs);
}

/** Whether both are the same transfer; samples may have been copied to another process. */
export function isSameSample(a: TransferSample, b: TransferSample | undefined): boolean {
  return a === b || (a.at === b?.at && a.elapsedMs === b.elapsedMs && a.bytes === b.bytes);
}

/** The result of one test as it is shown; `at` is in milliseconds since the epoch. */
export type TransferStatus =
  | {
    readonly at: number;
    readonly elapsedMs: number;
    readonly bytes: number;
    readonly partial: boolean;
  }
  | { readonly at: number; readonly reason: string };

/** Tests that are remembered of a server. */
const MAX_TRANSFERS = 60;

/** The results of the latest tests of one server, at most 60. */
export class History {
  #transfers: readonly TransferStatus[] = [];

  /** Adds a test outcome, unless it says nothing about the server. */
  add(outcome: Outcome): void {
    if (outcome.kind === "untestable") return;
    const status = outcome.kind === "passed"
      ? transferStatus(outcome.sample)
      : { at: outcome.at, reason: outcome.reason };
    this.#transfers = [...this.#transfers.slice(1 - MAX_TRANSFERS), status];
  }

  /** Replaces the latest result by a better measurement. */
  refine(sample: TransferSample): void {
    this.#transfers = [...this.#transfers.slice(0, -1), transferStatus(sample)];
  }

  /** The oldest first; replaced whole, never changed in place. */
  get transfers(): readonly TransferStatus[] {
    return this.#transfers;
  }

  /** Why the last test failed; undefined if it passed, or there was none. */
  get lastFailure(): string | undefined {
    const last = this.#transfers.at(-1);
    return last !== undefined && "reason" in last ? last.reason : undefined;
  }
}

function transferStatus({ at, elapsedMs, bytes, isPartial = false }: TransferSample) {
  return { at, elapsedMs, bytes, partial: isPartial };
}
