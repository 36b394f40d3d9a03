import type { Outcome, TransferSample } from "./sample.ts";
import type { TransferStatus } from "./status.ts";

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
