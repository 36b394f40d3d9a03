import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES, type PolicyName } from "../../lib/balancing/policies.ts";
import type { Policy } from "../../lib/balancing/policies/policy.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { seededRandom } from "../support/random.ts";
import type { Agenda } from "./agenda.ts";
import type { Farm } from "./farm.ts";
import { Prober } from "./prober.ts";
import type { Arrival, Scenario } from "./scenario.ts";

/** A way to send clients to servers. */
export interface Way {
  /** The index of a server; -1 when none is known that lives. */
  choose(arrival: Arrival, now: number): number;
  /** An interval has passed. */
  tick(now: number): void;
  /** How much of the requests went elsewhere than the shares had it: from 0 to 1. */
  readonly shareError: number;
}

/** Makes a way for a farm. */
export type WayMaker = (scenario: Scenario, farm: Farm, agenda: Agenda) => Way;

/** A server that has failed a round is out, and one that has passed returns. */
const PATIENCE = { fall: 1, rise: 1 };

/** Knows every speed and all that is under way, and sends each client where it will end first. */
export const oracle: WayMaker = (_, farm) => ({
  choose: ({ bytes }, now) => farm.quickest(bytes, now),
  tick: () => {},
  shareError: 0,
});

/** What the balancer does with a policy. */
export function wayOf(name: PolicyName): WayMaker {
  return wayBy(POLICIES[name]);
}

/** What the balancer does with a policy that is not in the table, maybe. */
export function wayBy(makePolicy: () => Policy): WayMaker {
  return (scenario, farm, agenda) => new PoolWay(scenario, farm, agenda, makePolicy());
}

/** The balancer's own pool and policy, on a clock of the simulation. */
class PoolWay implements Way {
  readonly #servers: readonly Server[];
  readonly #indices: ReadonlyMap<Server, number>;
  readonly #policy: Policy;
  readonly #pool: ChoosingPool;
  readonly #prober: Prober;
  readonly #random: () => number;
  /** Requests since the last round that each server got. */
  readonly #picks: Float64Array;
  /** What each got in all, less what it was meant to get. */
  readonly #excesses: Float64Array;
  #total = 0;
  /** Those of the latest round. */
  #shares: ReadonlyMap<number, number> = new Map();

  constructor({ servers, seed }: Scenario, farm: Farm, agenda: Agenda, policy: Policy) {
    this.#servers = Array.from({ length: servers }, (_, i) => parseServer(`s${i}.example:80`));
    this.#indices = new Map(this.#servers.map((server, i) => [server, i]));
    this.#policy = policy;
    this.#pool = new ChoosingPool(this.#servers, policy, PATIENCE);
    this.#random = seededRandom(seed + 2);
    this.#picks = new Float64Array(servers);
    this.#excesses = new Float64Array(servers);
    const onRound = () => this.#shares = this.#policy.shares();
    this.#prober = new Prober({ pool: this.#pool, servers: this.#servers, farm, agenda, onRound });
  }

  choose({ client, target, knownSize }: Arrival, now: number): number {
    const asked = { client, target, monotonicMs: now, random: this.#random() };
    const server = this.#pool.pick(
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
