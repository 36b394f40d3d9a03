import type { Server } from "../list/server.ts";
import { eventAt, hashText } from "./hash.ts";
import {
  type Candidate,
  effectiveWeights,
  type PickRequest,
  type Policy,
  sharesOf,
  SmoothedSpeeds,
} from "./policy.ts";

/**
 * A server keeps its weight until the new one differs by more than this, or noise would move keys.
 */
const TOLERANCE = 0.25;

/** The greatest weight of a server, in mean weights. */
const MOST_MEANS = 64;

/** How much the greatest weight may grow before the scale changes. */
const HEADROOM = 1.25;

/** The scale also changes if a pick would take so many draws on average. */
const TOO_MANY_DRAWS = 1024;

/** After so many draws the first server in the list is picked. */
const MOST_DRAWS = 8192;

const RANGE = 2 ** 32;

/**
 * Rendezvous hashing, weighted by throughput: the same key (a client, or a path) keeps its server
 * while that is available. Losing a server moves only its keys, and a server that is added or
 * becomes faster takes keys from others without moving any between them.
 *
 * Plain rendezvous hashing draws for every server, by key and server, the time of an event, which
 * is the earlier the greater its weight; the first event wins. The same result without asking all
 * servers: draw events in the order of their times, at the rate of the greatest weight for every
 * server. Each falls on a slot, drawn by the key, and counts with the probability of the weight of
 * the slot's server over the greatest one. The first that counts wins. So the time of a pick
 * depends on how much faster the fastest server is than the mean, not on the number of servers.
 */
export class RendezvousPolicy implements Policy {
  readonly #keyOf: (request: PickRequest) => string;
  readonly #speeds = new SmoothedSpeeds();
  readonly #slotTable = new SlotTable();
  #servers: readonly Server[] = [];
  /** By id, in the order of the servers. */
  #weights: ReadonlyMap<number, number> = new Map();
  /** The weight whose events all count. To change it moves many keys. */
  #scale = 0;
  /** For each slot the probability that an event on it counts, in 2³² parts; 0 if it is free. */
  #chances = new Uint32Array(1);

  constructor(keyOf: (request: PickRequest) => string) {
    this.#keyOf = keyOf;
  }

  /** Servers that stay keep their slots, and their weights unless they differ much. */
  update(candidates: readonly Candidate[]): void {
    const speeds = this.#speeds.update(candidates);
    const weights = effectiveWeights(candidates).map((weight, i) => weight * speeds[i]!);
    const most = MOST_MEANS * weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    this.#servers = candidates.map(({ server }) => server);
    this.#weights = new Map(this.#servers.map(({ id }, i) => {
      const [before, latest] = [this.#weights.get(id) ?? 0, Math.min(most, weights[i]!)];
      return [id, Math.abs(latest - before) <= TOLERANCE * before ? before : latest];
    }));
    const slots = this.#slotTable.slotsOf(this.#servers);
    this.#rescale();
    this.#chances = new Uint32Array(this.#slotTable.size);
    [...this.#weights.values()].forEach((weight, i) => {
      this.#chances[slots[i]!] = weight / this.#scale * RANGE;
    });
  }

  /** Draws by key until an event counts. */
  pick(request: PickRequest): Server | undefined {
    if (this.#servers.length === 0) return undefined;
    const { isExcluded } = request;
    const key = hashText(this.#keyOf(request));
    const chances = this.#chances, mask = chances.length - 1;
    for (let turn = 0; turn < MOST_DRAWS; turn++) {
      const event = eventAt(key, turn);
      // The slot is in the lowest bits, and whether the event counts in the others.
      if (event >= chances[event & mask]!) continue;
      const server = this.#slotTable.serverAt(event & mask);
      if (server !== undefined && !isExcluded?.(server)) return server;
    }
    return this.#servers.find((server) => !isExcluded?.(server));
  }

  /** In proportion to throughput times weight. */
  shares(): ReadonlyMap<number, number> {
    return sharesOf(this.#servers, [...this.#weights.values()]);
  }

  likely(request: PickRequest): ReadonlyMap<number, number> {
    const server = this.pick(request);
    return new Map(server === undefined ? [] : [[server.id, 1]]);
  }

  part(): Policy {
    return new RendezvousPolicy(this.#keyOf);
  }

  #rescale(): void {
    const greatest = [...this.#weights.values()].reduce((a, b) => Math.max(a, b), 0);
    const total = [...this.#weights.values()].reduce((sum, weight) => sum + weight, 0);
    const isWasteful = this.#slotTable.size * this.#scale > TOO_MANY_DRAWS * total;
    if (greatest > this.#scale || isWasteful) this.#scale = HEADROOM * greatest;
  }
}

/** The greatest load of a table before its size doubles. */
const FULLEST = 0.8;

/**
 * A hash table whose size is a power of 2. A server's slot follows from its authority, so that
 * several balancers agree on it, and is kept for it while it is out.
 */
export class SlotTable {
  #servers: (Server | undefined)[] = [undefined];
  /** By authority. */
  #slotOf = new Map<string, number>();

  /** The number of slots, free ones included. */
  get size(): number {
    return this.#servers.length;
  }

  serverAt(slot: number): Server | undefined {
    return this.#servers[slot];
  }

  /**
   * The slots of these servers, in their order. If there are too few, all other servers lose
   * theirs, and slots may change.
   */
  slotsOf(servers: readonly Server[]): number[] {
    const added = servers.filter(({ authority }) => !this.#slotOf.has(authority));
    if (this.#slotOf.size + added.length > FULLEST * this.size) this.#rebuild(servers);
    else for (const server of added) this.#assign(server);
    const slots = servers.map(({ authority }) => this.#slotOf.get(authority)!);
    slots.forEach((slot, i) => this.#servers[slot] = servers[i]);
    return slots;
  }

  #rebuild(servers: readonly Server[]): void {
    let size = 1;
    while (servers.length > FULLEST * size) size *= 2;
    this.#servers = Array(size).fill(undefined);
    this.#slotOf.clear();
    for (const server of servers) this.#assign(server);
  }

  #assign(server: Server): void {
    let slot = hashText(server.authority) % this.size;
    while (this.#servers[slot] !== undefined) slot = (slot + 1) % this.size;
    this.#servers[slot] = server;
    this.#slotOf.set(server.authority, slot);
  }
}
