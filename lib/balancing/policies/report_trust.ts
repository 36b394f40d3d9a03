/** Time after which what was seen counts half, in ms. */
const HALF_LIFE_MS = 60_000;

/** The part of what a server was sent clients for that it says to have sent, at least. */
const LEAST_SEEN = 0.25;

/** What a server was sent clients for, at least, before it is judged: in ms at its speed. */
const EVIDENCE_MS = 3000;

/**
 * Guard against the sink that attracts all clients since it fails fast: a server that sends nothing
 * has nothing left to send either, and seems idle. It is believed to be idle only if it says to have
 * sent at least a quarter of what clients were to get there. Speeds are in bytes per millisecond.
 */
export class ReportTrust {
  /** Bytes that clients were sent there for, and those that it says to have sent. */
  #assigned = 0;
  #sent = 0;
  #reportedAt = NaN;

  /** Clients are to get so many bytes there. */
  assigned(bytes: number): void {
    this.#assigned += bytes;
  }

  /**
   * Whether a report is believed.
   *
   * @param rate sent lately
   * @param pending bytes still to be sent
   * @param speed of the server, as far as it is known
   */
  reported(rate: number, pending: number, speed: number, monotonicMs: number): boolean {
    const elapsedMs = Math.max(0, monotonicMs - this.#reportedAt) || 0;
    this.#reportedAt = monotonicMs;
    const fading = 0.5 ** (elapsedMs / HALF_LIFE_MS);
    this.#sent = this.#sent * fading + rate * elapsedMs;
    this.#assigned *= fading;
    const done = this.#assigned - pending;
    return done < EVIDENCE_MS * speed || this.#sent >= LEAST_SEEN * done;
  }
}
