import { onHangup } from "./stop.ts";

/** SIGHUPs; one that comes before anybody can act on it is kept. */
export class Hangups {
  #call: (() => void) | undefined;
  #isKept = false;

  /**
   * Waits for them from now on.
   *
   * @param onEarly called for each that is kept
   */
  constructor(onEarly: () => void) {
    onHangup(() => {
      if (this.#call !== undefined) return this.#call();
      this.#isKept = true;
      onEarly();
    });
  }

  /** Whether one was kept; it is no more. */
  take(): boolean {
    const wasKept = this.#isKept;
    this.#isKept = false;
    return wasKept;
  }

  /** From now on each makes this call; one that was kept does so at once. */
  each(call: () => void): void {
    this.#call = call;
    if (this.take()) call();
  }
}
