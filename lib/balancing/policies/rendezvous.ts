import type { Server } from "../list/server.ts";
import type { Candidate, PickRequest, Policy } from "../policy.ts";
import { eventAt, hashText } from "./hash.ts";
import { effectiveWeights, SmoothedSpeeds } from "./weights.ts";

/** A server's weight stays until the new one differs by more than this, or noise would move keys. */
const TOLERANCE = 0.25;

/** However fast, nobody counts for more than so many servers of mean weight. */
const MOST_MEANS = 64;

/** How much the greatest weight may grow before the scale changes. */
const HEADROOM = 1.25;

/** The scale also changes when a pick would take so many draws on the average. */
const TOO_MANY_DRAWS = 1024;

/** After so many, whoever comes first in the list is taken. */
const MOST_DRAWS = 8192;

const RANGE = 2 ** 32;

/**
 * Rendezvous hashing, weighted by throughput: the same key (a client, or a path) keeps its server
 * for as long as that is there. Losing a server moves only the keys it had, and one that is added
 * or becomes faster takes keys from others without moving any between them.
 *
 * Plain rendezvous hashing asks every server for a number drawn by key and server: the time of an
 * event that is the earlier the greater the server's weight. The first event wins. The same can be
 * had without asking everyone: draw the events in the order of their times, as often for everybody
 * as the greatest weight has it. Each falls on some seat, drawn by the key, and counts with the
 * probability that the weight of the seat's owner has in comparison with the greatest. The first
 * that counts wins. So the time of a pick depends on how much faster the fastest is than the mean,
 * and not on how many servers there are.
 */
export class RendezvousPolicy implements Policy {
  readonly #keyOf: (request: PickRequest) => string;
  readonly #speeds = new SmoothedSpeeds();
  readonly #slots = new SlotTable();
  #weights: ReadonlyMap<Server, number> = new Map();
  /** The weight of which every event counts. To change it moves many keys. */
  #scale = 0;
  /** For each seat the probability that an event on it counts, in 2³² parts; 0 if it is free. */
  #chances = new Uint32Array(1);

  /** Picks by the key that it is given of each request. */
  constructor(keyOf: (request: PickRequest) => string) {
    this.#keyOf = keyOf;
  }

  /** Those that stay keep their seats, and their weights unless they differ much. */
  update(candidates: readonly Candidate[]): void {
    const speeds = this.#speeds.update(candidates);
    const weights = effectiveWeights(candidates).map((weight, i) => weight * speeds[i]!);
    const most = MOST_MEANS * weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    this.#weights = new Map(candidates.map(({ server }, i) => {
      const [before, latest] = [this.#weights.get(server) ?? 0, Math.min(most, weights[i]!)];
      return [server, Math.abs(latest - before) <= TOLERANCE * before ? before : latest];
    }));
    const seats = this.#slots.seatsOf([...this.#weights.keys()]);
    this.#rescale();
    this.#chances = new Uint32Array(this.#slots.size);
    [...this.#weights.values()].forEach((weight, i) => {
      this.#chances[seats[i]!] = weight / this.#scale * RANGE;
    });
  }

  /** Draws by key until an event counts. */
  pick(request: PickRequest): Server | undefined {
    if (this.#weights.size === 0) return undefined;
    const { isExcluded } = request;
    const key = hashText(this.#keyOf(request));
    const chances = this.#chances, mask = chances.length - 1;
    for (let turn = 0; turn < MOST_DRAWS; turn++) {
      const event = eventAt(key, turn);
      // The seat is in the lowest bits, and whether the event counts in the others.
      if (event >= chances[event & mask]!) continue;
      const owner = this.#slots.ownerOf(event & mask);
      if (owner !== undefined && !isExcluded?.(owner)) return owner;
    }
    return [...this.#weights.keys()].find((server) => !isExcluded?.(server));
  }

  /** In proportion to throughput times weight. */
  shares(): ReadonlyMap<Server, number> {
    const total = this.#total();
    return new Map([...this.#weights].map(([server, weight]) => [server, weight / total]));
  }

  #rescale(): void {
    const greatest = [...this.#weights.values()].reduce((a, b) => Math.max(a, b), 0);
    const isWasteful = this.#slots.size * this.#scale > TOO_MANY_DRAWS * this.#total();
    if (greatest > this.#scale || isWasteful) this.#scale = HEADROOM * greatest;
  }

  #total(): number {
    return [...this.#weights.values()].reduce((sum, weight) => sum + weight, 0);
  }
}

/** How full a table gets before it is replaced by one of twice the size. */
const FULLEST = 0.8;

/**
 * A table with as many seats as a power of 2, some of them taken. A server's seat follows from its
 * authority, so that several balancers seat a farm alike, and is kept for it while it is out.
 */
export class SlotTable {
  #owners: (Server | undefined)[] = [undefined];
  #seats = new Map<Server, number>();

  /** How many seats there are, free ones included. */
  get size(): number {
    return this.#owners.length;
  }

  /** Who owns the seat. */
  ownerOf(seat: number): Server | undefined {
    return this.#owners[seat];
  }

  /**
   * The seats of these servers, in their order. When there are too few, all those that are not
   * named lose theirs, and others may have to change.
   */
  seatsOf(servers: readonly Server[]): number[] {
    const isNew = (server: Server) => !this.#seats.has(server);
    const added = servers.filter(isNew);
    if (this.#seats.size + added.length <= FULLEST * this.size) {
      added.forEach((it) => this.#seat(it));
    } else this.#reseat(servers);
    return servers.map((server) => this.#seats.get(server)!);
  }

  #reseat(servers: readonly Server[]): void {
    let size = 1;
    while (servers.length > FULLEST * size) size *= 2;
    this.#owners = Array(size).fill(undefined);
    this.#seats.clear();
    for (const server of servers) this.#seat(server);
  }

  #seat(server: Server): void {
    let seat = hashText(server.authority) % this.size;
    while (this.#owners[seat] !== undefined) seat = (seat + 1) % this.size;
    this.#owners[seat] = server;
    this.#seats.set(server, seat);
  }
}
