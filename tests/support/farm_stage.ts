import { FarmLog } from "../../lib/balancing/farm_log.ts";
import { HealthChecker } from "../../lib/balancing/health_checker.ts";
import { type ListSource, ServerList } from "../../lib/balancing/server_list.ts";
import { Chooser } from "../../lib/balancing/chooser.ts";
import type { Outcome, Thresholds } from "../../lib/balancing/health.ts";
import type { LookupProblem } from "../../lib/balancing/list/dns_cache.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import type { Listing, MergedServers, Reloaded } from "../../lib/balancing/list/server_source.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { Operations } from "../../lib/balancing/operations.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import { RecentChanges } from "../../lib/balancing/recent_changes.ts";
import { RequestCounters } from "../../lib/balancing/request_counters.ts";
import { HeldProbes, passed } from "./servers.ts";

/** A list that says what the test does. */
export class FakeSource implements ListSource {
  isDynamic = false;
  listed: readonly Server[];
  duplicates: readonly Server[] = [];
  problems: readonly LookupProblem[] = [];
  reloads = 0;
  /** What a reload comes to. */
  answer: () => Promise<Reloaded> = () => Promise.resolve({ read: ["servers.txt"], unread: [] });

  constructor(entries: readonly string[]) {
    this.listed = entries.map(parseServer);
  }

  /** From now on these are listed, all of them new objects. */
  list(...entries: readonly string[]): void {
    this.listed = entries.map(parseServer);
  }

  /** When DNS answers. */
  answered: Promise<void> = Promise.resolve();

  async servers(): Promise<Listing> {
    await this.answered;
    const { listed: servers, duplicates, problems } = this;
    return { servers, duplicates, problems };
  }

  remembered(): MergedServers {
    return { servers: this.listed, duplicates: this.duplicates };
  }

  reload(): Promise<Reloaded> {
    this.reloads++;
    return this.answer();
  }
}

/** A farm of which the test is list, network and clock. */
export class FarmStage {
  readonly logged: string[] = [];
  readonly records: (object | undefined)[] = [];
  /** The names of those that were tested. */
  readonly probed: string[] = [];
  /** What tests find, by hostname; the others pass in 1 ms. */
  readonly outcomes: Record<string, Outcome> = {};
  /** Where the test wants to end each probe by hand. */
  heldProbes: HeldProbes | undefined;
  /** In ms since the epoch. */
  now = 0;
  /** The clock of the policies. */
  clock = 0;
  readonly source: FakeSource;
  readonly counters = new RequestCounters();
  readonly pool: Pool;
  readonly list: ServerList;
  readonly checker: HealthChecker;
  readonly operations: Operations;
  readonly changes = new RecentChanges(() => this.now);
  /** Ends of timed actions are looked for while this is set. */
  tick: (() => void) | undefined;
  /** Those who wait, in ms; the clocks go on by that. */
  readonly waits: number[] = [];

  constructor(entries: readonly string[], thresholds: Thresholds = { fall: 1, rise: 0 }) {
    this.source = new FakeSource(entries);
    this.pool = new Pool(new Chooser(POLICIES.rank()), { thresholds });
    const clock = () => this.clock;
    const log = new FarmLog((words, record) => {
      this.logged.push(words);
      this.records.push(record);
    }, this.changes);
    this.list = new ServerList(this.source, {
      ...{ pool: this.pool, counters: this.counters, locator: undefined, clock, log },
    });
    this.checker = new HealthChecker(this.pool, {
      probe: (server) => {
        this.probed.push(server.authority);
        if (this.heldProbes !== undefined) return this.heldProbes.probe(server);
        return Promise.resolve(this.outcomes[server.hostname] ?? passed(1));
      },
      concurrency: 4,
      pausedMs: () => 0,
      wait: () => Promise.resolve(),
      epochMs: () => this.now,
      beforeRound: () => this.list.update(),
      ...{ clock, log },
    });
    const { pool, checker } = this;
    this.operations = new Operations({
      ...{ pool, checker, log, clock, epochMs: () => this.now },
      wait: (ms) => {
        this.waits.push(ms);
        this.now += ms;
        this.clock += ms;
        return Promise.resolve();
      },
      ticker: (tick) => {
        this.tick = tick;
        return () => this.tick = undefined;
      },
      onError: (error) => this.logged.push(String(error)),
    });
  }

  /** One of which one round has ended, and nothing is told. */
  static async tested(entries: readonly string[], thresholds?: Thresholds): Promise<FarmStage> {
    const stage = new FarmStage(entries, thresholds);
    await stage.list.load();
    await stage.checker.round();
    stage.forget();
    return stage;
  }

  /** Lets all go on that waits for nothing but promises, until that is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let turns = 0; turns < 1000 && !isSo(); turns++) await Promise.resolve();
  }

  /** Reads the list again and tests what is new, as the balancer does. */
  async reload(): Promise<void> {
    await this.list.reload();
    await this.checker.newcomers();
  }

  /** Looks only at what happens from now on. */
  forget(): void {
    for (const list of [this.logged, this.records, this.probed]) list.length = 0;
  }

  /** Names and states, in the order of the list. */
  get states(): string[] {
    return this.pool.records.map(({ server, state }) => `${server.authority} ${state.kind}`);
  }
}
