/** After how long of silence another server is asked for, beside the one that is silent. */
export interface SilenceLimits {
  /** While its content arrives, in ms; more where this answer has been silent for long before. */
  readonly contentMs: number;
  /** From the connecting to the end of the head, in ms. */
  readonly headMs: number;
  /** Before a part is thrown away for a server with other content, in ms; more where it took longer. */
  readonly startOverMs: number;
}

/** The limits of the client. TCP itself may need a second to send again what was lost on the way. */
export const SILENCE_LIMITS: SilenceLimits = {
  contentMs: 2000,
  headMs: 4000,
  startOverMs: 4000,
};

/** So many times the longest silence before it is out of the ordinary. */
const OUT_OF_THE_ORDINARY = 4;

/**
 * Tells when a server has been silent for so long that another is to be asked beside it, by how long
 * it was silent before. Pure: the time is an argument, in ms on a clock that never goes back.
 */
export class SilenceWatch {
  readonly #leastMs: number;
  readonly #leastStartOverMs: number;
  readonly #begunAt: number;
  #longestMs = 0;
  #since = 0;
  #pauseMs = 0;
  #startOverMs = 0;

  /**
   * For one answer.
   *
   * @param leastMs the shortest silence that counts
   * @param startOverMs the shortest silence after which what has come may be thrown away
   * @param begunAt when the first of it came: as long as that took, it is not
   */
  constructor(leastMs: number, startOverMs = Infinity, begunAt = 0) {
    this.#leastMs = leastMs;
    this.#leastStartOverMs = startOverMs;
    this.#begunAt = begunAt;
  }

  /** A wait for the server begins; returns when another is to be asked. */
  begin(now: number): number {
    this.#since = now;
    this.#pauseMs = Math.max(this.#leastMs, OUT_OF_THE_ORDINARY * this.#longestMs);
    this.#startOverMs = Math.max(this.#leastStartOverMs, now - this.#begunAt);
    return now + this.#pauseMs;
  }

  /** The wait has ended: something has arrived. */
  end(now: number): void {
    this.#longestMs = Math.max(this.#longestMs, this.silentMs(now));
  }

  /**
   * No other server could take over; returns when to ask for one again: less often each time, but
   * once when starting over becomes worth it.
   */
  again(now: number): number {
    const due = now + this.#pauseMs;
    this.#pauseMs *= 2;
    const startOverAt = this.#since + this.#startOverMs;
    return startOverAt > now ? Math.min(due, startOverAt) : due;
  }

  /** Whether no more is lost by starting over than by waiting as long again. */
  mayStartOver(now: number): boolean {
    return this.silentMs(now) >= this.#startOverMs;
  }

  /** How long the wait has lasted. */
  silentMs(now: number): number {
    return now - this.#since;
  }
}
