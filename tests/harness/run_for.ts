import { setTimeout as delay } from "node:timers/promises";

/** The time of a run. */
export interface RunClock {
  /** Fires when the time is over. */
  readonly over: AbortSignal;
  /** Since the start, in ms. */
  readonly elapsedMs: () => number;
  /** Waits for so many ms, or until the time is over. */
  readonly pause: (ms: number) => Promise<void>;
  /** Waits until so much of the time has passed, from 0 to 1. */
  readonly reach: (part: number) => Promise<void>;
}

/** What came of a run. */
export interface RunResult<Load, Faults> {
  readonly load: Load;
  readonly faults: Faults;
  /** How long both took. */
  readonly seconds: number;
}

/**
 * Runs a load, and faults beside it. Both get the clock, and are waited for after the time is over:
 * downloads end, and what was broken is repaired.
 *
 * @returns what both returned
 */
export async function runFor<Load, Faults>(
  seconds: number,
  load: (clock: RunClock) => Promise<Load>,
  faults: (clock: RunClock) => Promise<Faults>,
): Promise<RunResult<Load, Faults>> {
  const start = performance.now();
  const over = AbortSignal.timeout(seconds * 1000);
  const elapsedMs = () => performance.now() - start;
  const pause = async (ms: number) => {
    if (ms <= 0 || over.aborted) return;
    await delay(ms, undefined, { signal: over }).catch(() => {}); // It rejects when time is over.
  };
  const reach = (part: number) => pause(part * seconds * 1000 - elapsedMs());
  const clock = { over, elapsedMs, pause, reach };
  const results = await Promise.all([load(clock), faults(clock)]);
  return { load: results[0], faults: results[1], seconds: elapsedMs() / 1000 };
}
