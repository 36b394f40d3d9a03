/**
 * How long to wait before something that keeps ending is started again.
 *
 * @module
 */

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 5000;

/** What has lasted so long is started again as if it had never ended before. */
const STEADY_MS = 10_000;

/**
 * The pause before the next start, in ms: 5 at first, then twice as long each time up to 5 s.
 *
 * @param previousMs the pause before the last start; 0 when there was none
 * @param lastedMs how long it lasted since then
 */
export function nextPauseMs(previousMs: number, lastedMs: number): number {
  if (previousMs === 0 || lastedMs >= STEADY_MS) return FIRST_PAUSE_MS;
  return Math.min(LONGEST_PAUSE_MS, previousMs * 2);
}
