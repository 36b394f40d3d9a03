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
