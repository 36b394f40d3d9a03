/** Numbers of a standing: when it is idle, milliseconds for an octet, premium. */
const STRIDE = 3;

/**
 * How things stand with every server, side by side in memory, since that is what a pick among many
 * servers waits for. Times are in milliseconds.
 */
export class ServerCosts {
  /** How many servers there are. */
  readonly count: number;
  readonly #numbers: Float64Array;

  /** All idle and infinitely fast until they are set. */
  constructor(count: number) {
    this.count = count;
    this.#numbers = new Float64Array(count * STRIDE);
  }

  /**
   * Says how things stand with one server.
   *
   * @param index its place, from 0
   * @param until when it will have nothing to do
   * @param pace milliseconds for an octet
   * @param premium added to the time that any file takes
   */
  set(index: number, until: number, pace: number, premium: number): void {
    const at = index * STRIDE;
    this.#numbers[at] = until;
    this.#numbers[at + 1] = pace;
    this.#numbers[at + 2] = premium;
  }

  /** When it will have nothing to do. */
  untilOf(index: number): number {
    return this.#numbers[index * STRIDE]!;
  }

  /** How long a file would take that had the server for itself. */
  needed(index: number, bytes: number): number {
    const at = index * STRIDE;
    return bytes * this.#numbers[at + 1]! + this.#numbers[at + 2]!;
  }
}
