import { Chooser, type TierOptions } from "../../lib/balancing/chooser.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES, type PolicyName } from "../../lib/balancing/policies.ts";
import type { Policy } from "../../lib/balancing/policies/policy.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { ContinentPlaces, listEntry } from "./continents.ts";
import type { EventQueue } from "./min_heap.ts";
import type { Farm } from "./farm.ts";
import { Prober } from "./prober.ts";
import { type OnReport, Reporter } from "./reporter.ts";
import type { Arrival, Scenario } from "./scenario.ts";

/** How clients are sent to servers. */
export interface Strategy {
  /** The index of a server; -1 when none is known to be alive. */
  choose(arrival: Arrival, now: number): number;
  /** Called at every interval. */
  tick(now: number): void;
  /** The part of requests that did not follow the shares, from 0 to 1. */
  readonly shareError: number;
}

/** Makes a strategy for a farm. */
export type StrategyMaker = (scenario: Scenario, farm: Farm, events: EventQueue) => Strategy;

/** A server that has failed a round is out, and one that has passed returns. */
const THRESHOLDS = { fall: 1, rise: 1 };

/** Knows every speed and every transfer, and picks the server where a download ends first. */
export const oracle: StrategyMaker = (_, farm) => ({
  choose: ({ bytes }, now) => farm.quickest(bytes, now),
  tick: () => {},
  shareError: 0,
});

/** How a strategy of the balancer is put together. */
export interface StrategyOptions {
  /** Whether clients are kept on their continent. */
  readonly hasTiers?: boolean;
  readonly onReport?: OnReport;
}

/** The balancer's pool, tests and reports with a policy. */
export function strategyOf(name: PolicyName, options: StrategyOptions = {}): StrategyMaker {
  return strategyWith((workers) => POLICIES[name](workers), options);
}

/** The same with a policy that is none of the balancer's. @param make for one of so many workers */
export function strategyWith(
  make: (workers: number) => Policy,
  options: StrategyOptions = {},
): StrategyMaker {
  return (scenario, farm, events) => {
    const random = seededRandom(scenario.seed + 2);
    const balancers = Array.from(
      { length: scenario.balancers },
      () => new Balancer(scenario, farm, events, make, random, options),
    );
    return new SharedOut(balancers, scenario.interval, random, events);
  };
}

/** Balancers that each get their part of the clients, and test servers at times of their own. */
class SharedOut implements Strategy {
  readonly #balancers: readonly Balancer[];
  readonly #pause: number;
  readonly #random: () => number;
  readonly #events: EventQueue;

  constructor(
    balancers: readonly Balancer[],
    interval: number,
    random: () => number,
    events: EventQueue,
  ) {
    this.#balancers = balancers;
    this.#pause = interval / balancers.length;
    this.#random = random;
    this.#events = events;
  }

  choose(arrival: Arrival, now: number): number {
    const { length } = this.#balancers;
    const balancer = length === 1 ? 0 : randomInteger(this.#random, length);
    return this.#balancers[balancer]!.choose(arrival, now);
  }

  tick(now: number): void {
    this.#balancers.forEach((balancer, i) => {
      if (i === 0 || now === 0) return balancer.tick(now);
      const at = now + i * this.#pause;
      this.#events.add(at, () => balancer.tick(at));
    });
  }

  get shareError(): number {
    return this.#balancers[0]!.shareError;
  }
}

/** The balancer's own pool and policies, one for each worker, on a clock of the simulation. */
class Balancer implements Strategy {
  readonly #servers: readonly Server[];
  readonly #indices: ReadonlyMap<Server, number>;
  readonly #policy: Policy;
  readonly #choosers: readonly Chooser[];
  readonly #prober: Prober;
  readonly #reporter: Reporter | undefined;
  readonly #random: () => number;
  /** Requests since the last round that each server got. */
  readonly #picks: Float64Array;
  /** What each got in all, less what it was meant to get. */
  readonly #excesses: Float64Array;
  #total = 0;
  /** Those of the latest round. */
  #shares: ReadonlyMap<number, number> = new Map();

  constructor(
    scenario: Scenario,
    farm: Farm,
    events: EventQueue,
    make: (workers: number) => Policy,
    random: () => number,
    { hasTiers = false, onReport }: StrategyOptions,
  ) {
    const { servers: count, workers, world, checks, newFlowShare } = scenario;
    const entries = Array.from({ length: count }, (_, i) => listEntry(world, i));
    const servers = this.#servers = entries.map(parseServer);
    this.#indices = new Map(servers.map((server, i) => [server, i]));
    const tiers: TierOptions | undefined = hasTiers
      ? { places: new ContinentPlaces(), least: 1, onPick: () => {} }
      : undefined;
    const policies = Array.from({ length: workers }, () => make(workers));
    this.#policy = policies[0]!;
    this.#choosers = policies.map((policy) => new Chooser(policy, undefined, tiers));
    const [chooser, ...observers] = this.#choosers;
    const pool = new Pool(chooser!, { thresholds: THRESHOLDS, observers });
    pool.replace(servers, 0);
    this.#random = random;
    this.#picks = new Float64Array(count);
    this.#excesses = new Float64Array(count);
    const onRound = () => this.#shares = this.#policy.shares();
    this.#prober = new Prober({ pool, servers, farm, events, onRound, world, newFlowShare });
    if (checks === 0) return;
    const byId = new Map(servers.map(({ id }, i) => [id, i]));
    const next = (monotonicMs: number) => {
      const asked = { client: "", target: "/", monotonicMs, random: 0 };
      const [id] = this.#policy.likely(asked).keys();
      return id === undefined ? undefined : byId.get(id);
    };
    const parts = { pool, servers, farm, events, random, scenario, next, onReport };
    this.#reporter = new Reporter(parts);
  }

  choose({ client, target, knownSize }: Arrival, now: number): number {
    const { length } = this.#choosers;
    const chooser = this.#choosers[length === 1 ? 0 : randomInteger(this.#random, length)]!;
    const asked = { client, target, monotonicMs: now, random: this.#random() };
    const server = chooser.pick(knownSize === undefined ? asked : { ...asked, bytes: knownSize });
    if (server === undefined) return -1;
    const index = this.#indices.get(server)!;
    this.#picks[index]!++;
    this.#reporter?.redirected(index, now);
    return index;
  }

  tick(now: number): void {
    this.#count();
    this.#prober.begin(now);
  }

  get shareError(): number {
    this.#count();
    const error = this.#excesses.reduce((sum, excess) => sum + Math.abs(excess), 0);
    return error / 2 / this.#total;
  }

  #count(): void {
    const picked = this.#picks.reduce((sum, picks) => sum + picks, 0);
    this.#servers.forEach(({ id }, i) => {
      this.#excesses[i]! += this.#picks[i]! - picked * (this.#shares.get(id) ?? 0);
    });
    this.#picks.fill(0);
    this.#total += picked;
  }
}
