import type { Counts } from "../../lib/balancing/request_counters.ts";

/** Counts of which only what matters is given. */
export function countsOf(given: Partial<Counts> = {}): Counts {
  const tiers = { zone: 0, country: 0, continent: 0, all: 0 };
  return { redirects: {}, unavailable: 0, missing: 0, tiers, zones: {}, ...given };
}
