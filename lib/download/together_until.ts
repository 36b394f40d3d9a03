/** What several do together until it is done, or cannot be. */
export class TogetherUntil {
  readonly #ended = Promise.withResolvers<void>();
  readonly #wake = new Set<() => void>();
  #isOver = false;

  /** Rejects with what kept it from its end. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether nobody needs to do anything any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It is done; or not, for this reason. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const wake of [...this.#wake]) wake();
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  /** Waits for so many ms, or until all is over. */
  async sleep(ms: number): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wake.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wake.add(wake);
    });
  }
}
