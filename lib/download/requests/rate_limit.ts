import { delay } from "@std/async/delay";
import { TokenBucket } from "../../net/token_bucket.ts";

/** Reads in a second at the full rate: the more, the smoother. */
const PIECES_PER_SECOND = 50;

/** A read may bring a head, and no more at a time is worth it. */
const LEAST_PIECE = 1024;
const MOST_PIECE = 512 * 1024;

/**
 * Limits how many bytes a run takes in per second, over all of its connections. What is not read
 * fills the buffers of the system, and TCP slows the servers down.
 */
export class RateLimit {
  readonly #bucket: TokenBucket;
  readonly #monotonicMs: () => number;
  readonly #wait: (ms: number) => Promise<void>;
  #turn: Promise<unknown> = Promise.resolve();
  readonly perSecond: number;
  /** How much is to be read at a time. */
  readonly pieceBytes: number;

  /**
   * @param rate bytes per second, at least 1
   * @param monotonicMs any monotonic clock
   */
  constructor(
    rate: number,
    monotonicMs: () => number,
    wait: (ms: number) => Promise<void> = delay,
  ) {
    this.perSecond = rate;
    this.#bucket = new TokenBucket(rate, monotonicMs());
    this.#monotonicMs = monotonicMs;
    this.#wait = wait;
    const piece = Math.floor(rate / PIECES_PER_SECOND);
    this.pieceBytes = Math.min(MOST_PIECE, Math.max(LEAST_PIECE, piece));
  }

  /**
   * Counts bytes that have arrived, and waits until the rate allows more. Connections take turns in
   * the order of their calls.
   *
   * @returns how long it waited, in ms
   */
  async spend(bytes: number): Promise<number> {
    const since = this.#monotonicMs();
    const turn = this.#turn.then(() => this.#spend(bytes));
    this.#turn = turn;
    await turn;
    return this.#monotonicMs() - since;
  }

  async #spend(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) {
      const spent = this.#bucket.take(left, this.#monotonicMs());
      left -= spent;
      if (left > 0 && spent === 0) await this.#wait(this.#bucket.waitMs(left));
    }
  }
}
