/** At most one message in so many ms of a kind that strangers can provoke; the others are counted. */
export class Seldom {
  readonly #tell: (message: string) => void;
  readonly #intervalMs: number;
  #toldAt = -Infinity;
  #kept = 0;

  /** Tells by that function. */
  constructor(tell: (message: string) => void, intervalMs: number) {
    this.#tell = tell;
    this.#intervalMs = intervalMs;
  }

  /**
   * Tells this and how many were not told before it, unless it is too early.
   *
   * @param now in ms, on a clock that never jumps
   */
  tell(message: string, now: number): void {
    if (now - this.#toldAt < this.#intervalMs) return void this.#kept++;
    this.#tell(this.#kept === 0 ? message : `${message} (and ${this.#kept} more before)`);
    this.#toldAt = now;
    this.#kept = 0;
  }
}
