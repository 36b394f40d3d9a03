/** After how long of silence another server is asked for, beside the one that is silent. */
export interface SilenceLimits {
  /** While its content arrives, in ms; more where this answer has been silent for long before. */
  readonly contentMs: number;
  /** From the connecting to the end of the head, in ms. */
  readonly headMs: number;
}

/** The limits of the client. TCP itself may need a second to send again what was lost on the way. */
export const SILENCE_LIMITS: SilenceLimits = { contentMs: 2000, headMs: 4000 };

/** So many times the longest silence before it is out of the ordinary. */
const OUT_OF_THE_ORDINARY = 4;

/**
 * Tells when a server has been silent for so long that another is to be asked beside it, by how long
 * it was silent before. Pure: the time is an argument, in ms on a clock that never goes back.
 */
export class SilenceWatch {
  readonly #leastMs: number;
  #longestMs = 0;
  #since = 0;
  #pauseMs = 0;

  /** `leastMs` is the shortest silence that counts. */
  constructor(leastMs: number) {
    this.#leastMs = leastMs;
  }

  /** A wait for the server begins; returns when another is to be asked. */
  begin(now: number): number {
    this.#since = now;
    this.#pauseMs = Math.max(this.#leastMs, OUT_OF_THE_ORDINARY * this.#longestMs);
    return now + this.#pauseMs;
  }

  /** The wait has ended: something has arrived. */
  end(now: number): void {
    this.#longestMs = Math.max(this.#longestMs, this.silentMs(now));
  }

  /** No other server could take over; returns when to ask for one again, less often each time. */
  again(now: number): number {
    const due = now + this.#pauseMs;
    this.#pauseMs *= 2;
    return due;
  }

  /** How long the wait has lasted. */
  silentMs(now: number): number {
    return now - this.#since;
  }
}
