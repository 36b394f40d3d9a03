/**
 * What one performance test finds.
 *
 * @module
 */

/** One timed transfer that was whole. */
export interface TransferSample {
  /** The size of the content. */
  readonly bytes: number;
  /** From before connecting until the last byte of the body, in milliseconds. */
  readonly elapsedMs: number;
  /** When the transfer ended, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What one probe found; `at` is when, in milliseconds since the epoch. A server is untestable when
 * something is wrong on our side, such as too many open files: that says nothing about the server.
 */
export type Outcome =
  | {
    readonly kind: "passed";
    readonly sample: TransferSample;
    /** The ETag that the test file came with, as it was received. */
    readonly entityTag?: string | undefined;
  }
  | { readonly kind: "failed"; readonly reason: string; readonly at: number }
  | { readonly kind: "untestable"; readonly reason: string; readonly at: number };
