/**
 * Runs of a task that must not overlap.
 *
 * @module
 */

/** Runs a task, one run at a time. */
export class SingleRun {
  readonly #task: () => Promise<void>;
  readonly #after: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  /** Whether the run in progress is followed by another one. */
  #isToRepeat = false;

  /** Runs nothing yet. @param after no run begins before it settles; calls until then share one */
  constructor(task: () => Promise<void>, after?: Promise<void>) {
    this.#task = async () => await task(); // What it throws at once is a rejection as well.
    this.#after = after;
  }

  /** Whether a run is in progress. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Joins the run in progress, or starts one.
   *
   * @throws what the task rejects with
   */
  join(): Promise<void> {
    return this.#running ??= this.#run();
  }

  /**
   * Starts a run. If one is in progress, it may have read what has changed since: it is followed by
   * one more, for all calls during it.
   *
   * @returns settles when no run is left
   * @throws what the task rejects with; no other run follows
   */
  again(): Promise<void> {
    this.#isToRepeat = true;
    return this.join();
  }

  async #run(): Promise<void> {
    try {
      if (this.#after !== undefined) await this.#after;
      do {
        this.#isToRepeat = false;
        await this.#task();
      } while (this.#isToRepeat);
    } finally {
      this.#running = undefined; // No await since the last check, in which a call would be lost.
    }
  }
}
