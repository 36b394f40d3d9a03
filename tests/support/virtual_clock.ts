/** A clock that is only a number, and what is due on it. */
export class VirtualClock {
  #monotonicMs = 0;
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();

  readonly read = (): number => this.#monotonicMs;

  readonly schedule = (call: () => void, ms: number): () => void => {
    const timer = { at: this.#monotonicMs + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Goes on, calls what is due in its order, and lets promises settle after each call. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonicMs + ms;
    for (;;) {
      await settled();
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.at);
      next.call();
    }
    this.#monotonicMs = until;
  }
}

/** Lets promises settle that wait for nothing but each other. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
