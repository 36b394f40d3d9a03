import type { Ticker } from "../../../lib/balancing/admin/event_streams.ts";

/** Seconds that pass when a test says so. */
export class HandTicker {
  readonly #ticks = new Set<() => void>();

  /** For whom they pass. */
  readonly start: Ticker = (tick) => {
    this.#ticks.add(tick);
    return () => this.#ticks.delete(tick);
  };

  /** How many have asked for them and did not end that. */
  get listeners(): number {
    return this.#ticks.size;
  }

  /** So many seconds pass. */
  pass(seconds = 1): void {
    for (let second = 0; second < seconds; second++) {
      for (const tick of this.#ticks) tick();
    }
  }
}
