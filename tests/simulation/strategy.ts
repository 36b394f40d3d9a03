import { Chooser, type TierOptions } from "../../lib/balancing/chooser.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES, type PolicyName } from "../../lib/balancing/policies.ts";
import type { Policy } from "../../lib/balancing/policies/policy.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import { seededRandom } from "../support/random.ts";
import { ContinentPlaces, listEntry } from "./continents.ts";
import type { EventQueue } from "./min_heap.ts";
import type { Farm } from "./farm.ts";
import { Prober } from "./prober.ts";
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

/** The balancer's pool and probes with a policy, inside a client's continent if there are tiers. */
export function strategyOf(name: PolicyName, hasTiers = false): StrategyMaker {
  const tiers = hasTiers
    ? { places: new ContinentPlaces(), least: 1, onPick: () => {} }
    : undefined;
  return (scenario, farm, events) =>
    new PoolStrategy(scenario, farm, events, POLICIES[name](), tiers);
}

/** The balancer's own pool and policy, on a clock of the simulation. */
class PoolStrategy implements Strategy {
  readonly #servers: readonly Server[];
  readonly #indices: ReadonlyMap<Server, number>;
  readonly #policy: Policy;
  readonly #pool: Pool;
  readonly #prober: Prober;
  readonly #random: () => number;
  /** Requests since the last round that each server got. */
  readonly #picks: Float64Array;
  /** What each got in all, less what it was meant to get. */
  readonly #excesses: Float64Array;
  #total = 0;
  /** Those of the latest round. */
  #shares: ReadonlyMap<number, number> = new Map();

  constructor(
    { servers, seed, world }: Scenario,
    farm: Farm,
    events: EventQueue,
    policy: Policy,
    tiers: TierOptions | undefined,
  ) {
    const entries = Array.from({ length: servers }, (_, i) => listEntry(world, i));
    this.#servers = entries.map(parseServer);
    this.#indices = new Map(this.#servers.map((server, i) => [server, i]));
    this.#policy = policy;
    const chooser = new Chooser(policy, undefined, tiers);
    this.#pool = new Pool(chooser, { thresholds: THRESHOLDS });
    this.#pool.replace(this.#servers, 0);
    this.#random = seededRandom(seed + 2);
    this.#picks = new Float64Array(servers);
    this.#excesses = new Float64Array(servers);
    const onRound = () => this.#shares = this.#policy.shares();
    this.#prober = new Prober({
      ...{ pool: this.#pool, servers: this.#servers, farm, events, onRound, world },
    });
  }

  choose({ client, target, knownSize }: Arrival, now: number): number {
    const asked = { client, target, monotonicMs: now, random: this.#random() };
    const server = this.#pool.chooser.pick(
      knownSize === undefined ? asked : { ...asked, bytes: knownSize },
    );
    if (server === undefined) return -1;
    const index = this.#indices.get(server)!;
    this.#picks[index]!++;
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
