import type { BalancerOptions } from "../balancer_options.ts";
import type { HealthChecker } from "../health_checker.ts";
import type { Pool } from "../pool.ts";
import type { RequestCounters } from "../request_counters.ts";
import { LoadAsker } from "./ask_load.ts";
import { LoadChecker } from "./load_checker.ts";

/** What checks depend on. */
export interface LoadCheckParts {
  /** Has the servers, and learns what they say. */
  readonly pool: Pool;
  /** Tests servers that do not answer. */
  readonly checker: Pick<HealthChecker, "suspect">;
  /** Count the clients of all processes. */
  readonly counters: RequestCounters;
  /** Receives unexpected errors. */
  readonly onError: (error: unknown) => void;
}

/**
 * Begins to ask servers for their load between rounds, in proportion to what is counted.
 *
 * @returns undefined if nothing is to be asked: the policy does not use it, or the options say so
 */
export function loadChecks(
  values: Pick<BalancerOptions, "load-checks" | "probe-path">,
  { pool, checker, counters, onError }: LoadCheckParts,
): LoadChecker | undefined {
  const perRedirect = values["load-checks"] / 100;
  if (perRedirect === 0 || !pool.chooser.wantsReports) return undefined;
  const clock = () => performance.now();
  const asker = new LoadAsker(
    values["probe-path"],
    (server, load, ageMs) => pool.learnLoad(server, load, clock() - ageMs),
    schedule,
  );
  const loads = new LoadChecker({
    perRedirect,
    next: () => nextServer(pool.chooser, clock()),
    ask: (server) => asker.ask(server),
    suspect: (server) => checker.suspect(server),
    mayReturn: (server) => pool.thresholds.rise > 0 && pool.stateOf(server)?.kind === "out",
    clock,
    schedule,
    random: Math.random,
    onError,
    onClosed: () => asker.close(),
  });
  pool.observe(loads);
  counters.observer = loads;
  return loads;
}

/** The id of the server that a client would get who comes from anywhere. */
function nextServer(chooser: Pool["chooser"], monotonicMs: number): number | undefined {
  const request = { client: "", target: "/", monotonicMs, random: 0 };
  const [id] = chooser.explaining.pick(request)?.likely.keys() ?? [];
  return id;
}

function schedule(call: () => void, ms: number): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}
