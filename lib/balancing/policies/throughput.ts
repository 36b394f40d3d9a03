import type { TransferSample } from "../sample.ts";

/** A transfer that took no time that the clock could see is taken to have taken so much, in ms. */
const LEAST_ELAPSED_MS = 0.001;

/** Octets per millisecond, always more than 0 and finite. */
export function throughputOf({ bytes, elapsedMs }: TransferSample): number {
  return Math.max(1, bytes) / Math.max(LEAST_ELAPSED_MS, elapsedMs);
}
