import { Chooser } from "../../lib/balancing/chooser.ts";
import type { Thresholds } from "../../lib/balancing/health.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import type { PickRequest, Policy } from "../../lib/balancing/policy.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import { type RankedServer, rankingOf } from "../../lib/balancing/ranking.ts";

/** A pool and the chooser that is told by it. */
export class ChoosingPool extends Pool {
  readonly chooser: Chooser;

  constructor(
    servers: readonly Server[],
    policy: Policy,
    thresholds?: Thresholds,
    callSoon?: (call: () => void) => void,
  ) {
    const chooser = new Chooser(policy);
    super(servers, [chooser], thresholds, callSoon);
    this.chooser = chooser;
  }

  /** A server for a request. */
  pick(request: PickRequest): Server | undefined {
    return this.chooser.pick(request);
  }

  /** The available servers with what they get, slowest first. */
  get ranking(): RankedServer[] {
    return rankingOf(this.members, this.chooser.shares);
  }
}
