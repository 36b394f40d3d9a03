/**
 * For how long, in ms, a file may change again without another modification time: systems note it by
 * a clock that ticks every few ms, some file systems every 2 s.
 */
export const TICK_MS = 2000;

/** Images of systems and package stores give all of their files the time 0 or 1 s. */
const FIRST_MS = 2000;

/** The end of the year 9999: an HTTP-date has four digits for it (RFC 9110 §5.6.7). */
const LAST_MS = 253_402_300_799_999;

/** Whether a file that was modified then may change now and keep its modification time. */
export function isWithinTick(modifiedMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - modifiedMs) < TICK_MS;
}

/**
 * Whether a modification time tells one version of a file from the next, as a strong ETag or a
 * Last-Modified promises (RFC 9110 §8.8.1): not if it is one that was set for all versions alike,
 * is beyond the calendar, or so near that the file may change once more within it.
 *
 * @param modifiedMs ms since 1970; NaN where the system has none
 * @param nowMs now, in ms since 1970
 */
export function tellsVersions(modifiedMs: number, nowMs: number): boolean {
  return modifiedMs >= FIRST_MS && modifiedMs <= LAST_MS && !isWithinTick(modifiedMs, nowMs);
}

/** Whether a time, in ms since 1970, can be written as an HTTP-date. */
export function isInCalendar(epochMs: number): boolean {
  return epochMs >= -62_135_596_800_000 && epochMs <= LAST_MS;
}
