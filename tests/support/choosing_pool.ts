import { Chooser, type PoolObserver } from "../../lib/balancing/chooser.ts";
import type { Thresholds } from "../../lib/balancing/health.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import type { PickRequest, Policy } from "../../lib/balancing/policies/policy.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { Pool } from "../../lib/balancing/pool.ts";

/** A pool of these servers. */
export class ChoosingPool extends Pool {
  constructor(
    servers: readonly Server[],
    policy: Policy,
    thresholds?: Thresholds,
    callSoon?: (call: () => void) => void,
  ) {
    super(new Chooser(policy), { ...thresholds && { thresholds }, ...callSoon && { callSoon } });
    this.replace(servers, 0);
  }

  /** A server for a request. */
  pick(request: PickRequest): Server | undefined {
    return this.chooser.pick(request);
  }
}

/** A pool whose changes these are told. */
export function observedPool(
  servers: readonly Server[],
  observers: readonly PoolObserver[],
  thresholds: Thresholds = { fall: 1, rise: 0 },
  callSoon: (call: () => void) => void = (call) => call(),
): Pool {
  const pool = new Pool(new Chooser(POLICIES.rank()), { thresholds, observers, callSoon });
  pool.replace(servers, 0);
  return pool;
}
