import { delay } from "@std/async/delay";
import { pausedMs } from "../net/deadlines.ts";
import type { BalancerOptions } from "./balancer_options.ts";
import type { PoolObserver } from "./chooser.ts";
import type { FarmLog } from "./farm_log.ts";
import { HealthChecker } from "./health_checker.ts";
import type { ServerSource } from "./list/server_source.ts";
import { Operations } from "./operations.ts";
import { Pool } from "./pool.ts";
import type { LoadListener } from "./probe.ts";
import { probeWith } from "./probe_size.ts";
import type { RecentChanges } from "./recent_changes.ts";
import type { Redirection } from "./redirection.ts";
import { ServerList } from "./server_list.ts";

/** Servers that leave within so many ms are one update of the policy. */
const UPDATE_MS = 100;

/** What a farm reports to. */
export interface FarmLinks {
  readonly redirection: Pick<Redirection, "chooser" | "counters" | "locator">;
  /** Receive the pool's changes, beside the chooser. */
  readonly observers: readonly PoolObserver[];
  readonly onLoad: LoadListener;
  readonly log: FarmLog;
  /** Receives errors of tests that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** Does not keep the process from ending. */
function everySecond(tick: () => void): () => void {
  const timer = setInterval(tick, 1000);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}

/** All servers: which are listed, what is known of them, and what tests them. */
export class Farm {
  readonly pool: Pool;
  readonly list: ServerList;
  readonly checker: HealthChecker;
  readonly operations: Operations;
  readonly changes: RecentChanges;

  /** Knows no server yet. */
  constructor(
    options: BalancerOptions,
    source: ServerSource,
    { redirection: { chooser, counters, locator }, observers, onLoad, log, onError }: FarmLinks,
  ) {
    const clock = () => performance.now();
    this.pool = new Pool(chooser, {
      thresholds: { fall: options.fall, rise: options.rise },
      observers,
      callSoon: (call) => setTimeout(call, UPDATE_MS),
    });
    this.list = new ServerList(source, { pool: this.pool, counters, locator, log, clock });
    this.checker = new HealthChecker(this.pool, {
      probe: probeWith({
        path: options["probe-path"],
        bytes: options["probe-bytes"],
        timeoutMs: options["probe-timeout"],
        minSpeed: options["min-speed"],
        onLoad,
      }),
      concurrency: options["probe-concurrency"],
      beforeRound: () => this.list.update(),
      clock,
      epochMs: Date.now,
      pausedMs,
      wait: delay,
      log,
    });
    const { pool, checker } = this;
    this.changes = log.changes;
    this.operations = new Operations({
      ...{ pool, checker, log, clock, onError, epochMs: Date.now, wait: delay },
      ticker: everySecond,
    });
  }

  /**
   * Reads the list, and runs the first round unless servers are available by an earlier process's
   * state.
   *
   * @returns whether a round is due at once
   * @throws as `HealthChecker.firstRound`
   */
  async start(state?: { restore(): Promise<void> }): Promise<boolean> {
    await this.list.load();
    await state?.restore();
    if (this.pool.isAvailable) return true;
    await this.checker.firstRound();
    return false;
  }

  /** Reads the list again, and tests servers that are new. @throws as `HealthChecker.newcomers` */
  async reload(): Promise<void> {
    await this.list.reload();
    await this.checker.newcomers();
  }

  /** Runs a round while a server is left to test. @throws as `HealthChecker.round` */
  async round(): Promise<void> {
    if (this.list.isTestable) await this.checker.round();
  }

  /** Whether clients can be served now, or maybe later. */
  get isUsable(): boolean {
    return this.pool.isAvailable || this.list.mayRecover;
  }
}
