/** Messages of a kind that strangers can provoke, so many in so many ms; the others are counted. */
export class Seldom {
  readonly #tell: (message: string, record?: object) => void;
  readonly #intervalMs: number;
  readonly #most: number;
  #begunAt = -Infinity;
  #told = 0;
  #kept = 0;

  /** Tells by that function, no more than `most` in an interval. */
  constructor(
    tell: (message: string, record?: object) => void,
    intervalMs: number,
    most: number = 1,
  ) {
    this.#tell = tell;
    this.#intervalMs = intervalMs;
    this.#most = most;
  }

  /**
   * Tells this and how many were not told before it, unless there were too many.
   *
   * @param now in ms, on any clock
   * @param record the same for programs
   */
  tell(message: string, now: number, record?: object): void {
    if (now < this.#begunAt || now - this.#begunAt >= this.#intervalMs) {
      this.#begunAt = now;
      this.#told = 0;
    }
    if (this.#told >= this.#most) return void this.#kept++;
    this.#told++;
    const more = this.#kept;
    this.#kept = 0;
    const words = more === 0 ? message : `${message} (and ${more} more before)`;
    if (record === undefined) this.#tell(words);
    else this.#tell(words, more === 0 ? record : { ...record, more });
  }
}
