import { isSameSample, throughputOf, type TransferSample } from "../health.ts";
import type { Server } from "../list/server.ts";
import { IndexHeap } from "./index_heap.ts";
import { FileSizes, LoadEstimate } from "./load_estimate.ts";
import {
  type Candidate,
  effectiveWeights,
  type PickRequest,
  type Policy,
  sharesOf,
} from "./policy.ts";

/** Penalty per byte assigned since the last probe, as a fraction of its cost on a median server. */
const DOUBT = 0.2;

/**
 * Sends each client to the server that is expected to finish first. Keeps for every server an
 * estimate of its load, which drains at the measured speed and is corrected by each probe.
 *
 * Estimates grow old, and those of seemingly fast servers are most often wrong: if such a server
 * became slow, all clients would be sent there until the next probe. So the expected time has a
 * premium: a part of what a median server would take for all that this one was assigned since its
 * last probe. Of two equally fast servers, the one probed last comes first.
 */
export class ExpectedPolicy implements Policy {
  readonly wantsSizes = true;
  readonly picksByLoad = true;
  readonly #loads: ServerLoads;
  readonly #isPart: boolean;
  #servers: readonly Server[] = [];
  /** Those of its servers in `#loads`. */
  #indices: readonly number[] = [];
  #members: ReadonlySet<number> = new Set();
  /** One for each class of sizes. */
  #queues: readonly CompletionQueue[] = [];

  /**
   * Begins without servers.
   *
   * @param parts policies that share the clients evenly, while a probe sees the load of all: each
   *     client here counts so many times
   * @throws {RangeError} if that is not a positive integer
   */
  constructor(parts: number | ServerLoads = 1) {
    this.#isPart = parts instanceof ServerLoads;
    this.#loads = parts instanceof ServerLoads ? parts : new ServerLoads(parts);
    this.#loads.watch((index, time) => {
      if (this.#members.has(index)) { for (const queue of this.#queues) queue.place(index, time); }
    });
  }

  /** Shares the loads: a server has one, whichever policy sent the clients there. */
  part(): Policy {
    return new ExpectedPolicy(this.#loads);
  }

  /** Servers that stay keep their estimates. */
  update(candidates: readonly Candidate[], monotonicMs: number): void {
    if (!this.#isPart) this.#loads.update(candidates, monotonicMs);
    this.#servers = candidates.map(({ server }) => server);
    this.#indices = candidates.map((candidate) => this.#loads.indexOf(candidate, monotonicMs));
    this.#members = new Set(this.#indices);
    this.#queues = this.#loads.queues(this.#indices, monotonicMs);
  }

  /** Counts at once. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    this.#loads.measured(id, sample, monotonicMs);
  }

  /**
   * The server where the file would be complete first; one of unknown size counts as of mean size.
   * An empty reply adds nothing to a server's load.
   */
  pick(request: PickRequest): Server | undefined {
    const { bytes, monotonicMs } = request;
    this.#loads.sizes.add(bytes);
    const index = this.#first(request);
    if (index < 0) return undefined;
    if (bytes !== 0) this.#loads.add(index, bytes, monotonicMs);
    return this.#loads.serverAt(index);
  }

  likely(request: PickRequest): ReadonlyMap<number, number> {
    const index = this.#first(request);
    return new Map(index < 0 ? [] : [[this.#loads.serverAt(index).id, 1]]);
  }

  /** In proportion to speed times weight: where requests go if all servers are busy. */
  shares(): ReadonlyMap<number, number> {
    return sharesOf(this.#servers, this.#indices.map((index) => this.#loads.capacityOf(index)));
  }

  #first({ monotonicMs, bytes, isExcluded }: PickRequest): number {
    if (this.#servers.length === 0) return -1;
    const queue = this.#queues[this.#loads.sizes.classOf(bytes)]!;
    return queue.first(
      this.#loads.timeAt(monotonicMs),
      isExcluded && ((index) => isExcluded(this.#loads.serverAt(index))),
    );
  }
}

/** What is known of the load of one server. */
interface Load {
  server: Server;
  weight: number;
  readonly estimate: LoadEstimate;
  /** The latest sample that the estimate knows, and the latest of a round that has ended. */
  latest: TransferSample;
  ofRound: TransferSample;
}

/** The loads of servers, which several policies share. */
class ServerLoads {
  readonly #parts: number;
  /** Of files that clients ask for. */
  readonly sizes = new FileSizes();
  /** The middle of each class of sizes. */
  #classes: readonly number[] = [];
  #loads: Load[] = [];
  #indices = new Map<number, number>();
  /** By id, before the last update: of servers that only a part of the policies has. */
  #before: ReadonlyMap<number, Load> = new Map();
  #costs = new ServerCosts();
  /** Of the median server, in bytes per millisecond. */
  #typicalSpeed = 1;
  #latestMs = -Infinity;
  readonly #watchers: ((index: number, monotonicMs: number) => void)[] = [];

  constructor(parts: number) {
    if (!(Number.isInteger(parts) && parts >= 1)) throw new RangeError(`${parts} parts are none`);
    this.#parts = parts;
  }

  /** Calls back when the cost of a server may have fallen. */
  watch(call: (index: number, monotonicMs: number) => void): void {
    this.#watchers.push(call);
  }

  /** Replaces the servers; those that stay keep their estimates. */
  update(candidates: readonly Candidate[], monotonicMs: number): void {
    this.#before = new Map(this.#loads.map((load) => [load.server.id, load]));
    this.#loads = [];
    this.#indices = new Map();
    this.#costs = new ServerCosts();
    this.#classes = this.sizes.classes();
    const weights = effectiveWeights(candidates);
    candidates.forEach((candidate, i) => this.indexOf(candidate, monotonicMs, weights[i]));
    const speeds = this.#loads.map(({ estimate }) => estimate.speed).sort((a, b) => a - b);
    this.#typicalSpeed = speeds[speeds.length >> 1] ?? 1;
    this.#loads.forEach((_, index) => this.#stand(index));
  }

  /** The index of a server; adds it if it is new since the last update. */
  indexOf(
    candidate: Candidate,
    monotonicMs: number,
    weight: number = effectiveWeights([candidate])[0]!,
  ): number {
    const { server, sample } = candidate;
    const known = this.#indices.get(server.id);
    if (known !== undefined) return known;
    const time = this.timeAt(monotonicMs);
    const load = this.#before.get(server.id) ?? {
      server,
      weight: 1,
      estimate: new LoadEstimate(throughputOf(sample), time),
      latest: sample,
      ofRound: sample,
    };
    load.server = server;
    load.weight = weight;
    // Inside a round this sample is older than the latest.
    if (!isSameSample(sample, load.ofRound)) learn(load, sample, time);
    load.ofRound = sample;
    const index = this.#loads.push(load) - 1;
    this.#indices.set(server.id, index);
    this.#stand(index);
    return index;
  }

  /** A queue of some servers for each class of sizes. */
  queues(indices: readonly number[], monotonicMs: number): CompletionQueue[] {
    const time = this.timeAt(monotonicMs);
    return this.#classes.map((bytes) => {
      const queue = new CompletionQueue(bytes, this.#costs, this.#loads.length);
      for (const index of indices) queue.place(index, time);
      return queue;
    });
  }

  /** A probe has passed. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    const time = this.timeAt(monotonicMs);
    const index = this.#indices.get(id);
    if (index === undefined) return;
    learn(this.#loads[index]!, sample, time);
    this.#stand(index);
    for (const watcher of this.#watchers) watcher(index, time);
  }

  /** Adds the download of a client. */
  add(index: number, bytes: number | undefined, monotonicMs: number): void {
    const { estimate } = this.#loads[index]!;
    const time = this.timeAt(monotonicMs);
    for (let i = 0; i < this.#parts; i++) {
      estimate.add(bytes ?? this.sizes.mean, bytes ?? this.sizes.guess(), time);
    }
    this.#stand(index);
  }

  serverAt(index: number): Server {
    return this.#loads[index]!.server;
  }

  /** Speed times weight. */
  capacityOf(index: number): number {
    const { estimate, weight } = this.#loads[index]!;
    return estimate.speed * weight;
  }

  /** A clock that goes back stands still. */
  timeAt(monotonicMs: number): number {
    if (monotonicMs > this.#latestMs) this.#latestMs = monotonicMs;
    return this.#latestMs;
  }

  #stand(index: number): void {
    const { estimate: { speed, until, unproven }, weight } = this.#loads[index]!;
    this.#costs.set(index, until, 1 / (speed * weight), DOUBT * unproven / this.#typicalSpeed);
  }
}

function learn(load: Load, sample: TransferSample, monotonicMs: number): void {
  if (isSameSample(sample, load.latest)) return;
  load.latest = sample;
  load.estimate.measure(throughputOf(sample), monotonicMs);
}

/**
 * Servers by the time at which a file of a certain size would be complete. Passing time changes no
 * order among busy servers, nor among idle ones; so there is a heap of each. Clients only delay a
 * server, so its key is corrected when it reaches the front, and a pick takes logarithmic time.
 */
export class CompletionQueue {
  readonly #bytes: number;
  readonly #costs: ServerCosts;
  /** By the duration of the transfer. */
  readonly #idle: IndexHeap;
  /** By the time at which it would be complete. */
  readonly #busy: IndexHeap;

  /** Begins empty. @param count indices are below it */
  constructor(bytes: number, costs: ServerCosts, count: number) {
    this.#bytes = bytes;
    this.#costs = costs;
    this.#idle = new IndexHeap(count);
    this.#busy = new IndexHeap(count);
  }

  place(index: number, monotonicMs: number): void {
    const until = this.#costs.untilOf(index);
    if (until <= monotonicMs) {
      this.#busy.delete(index);
      this.#idle.set(index, this.#needed(index));
    } else {
      this.#idle.delete(index);
      this.#busy.set(index, until + this.#needed(index));
    }
  }

  /** The first server that is not excluded; -1 if there is none. */
  first(monotonicMs: number, isExcluded: ((index: number) => boolean) | undefined): number {
    if (isExcluded === undefined) return this.#first(monotonicMs);
    const passed: number[] = [];
    let first = this.#first(monotonicMs);
    for (; first >= 0 && isExcluded(first); first = this.#first(monotonicMs)) {
      passed.push(first);
      this.#idle.delete(first);
      this.#busy.delete(first);
    }
    for (const index of passed) this.place(index, monotonicMs);
    return first;
  }

  #first(monotonicMs: number): number {
    while (!this.#isIdleRight(monotonicMs)) this.place(this.#idle.first, monotonicMs);
    while (!this.#isBusyRight(monotonicMs)) this.place(this.#busy.first, monotonicMs);
    const { first, firstKey } = this.#idle;
    return monotonicMs + firstKey <= this.#busy.firstKey && first >= 0 ? first : this.#busy.first;
  }

  #isIdleRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#idle;
    return first < 0 ||
      (this.#costs.untilOf(first) <= monotonicMs && this.#needed(first) === firstKey);
  }

  #isBusyRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#busy;
    if (first < 0) return true;
    const until = this.#costs.untilOf(first);
    return until > monotonicMs && until + this.#needed(first) === firstKey;
  }

  #needed(index: number): number {
    return this.#costs.needed(index, this.#bytes);
  }
}

/** Numbers of one server: when it is idle, milliseconds for a byte, premium. */
const STRIDE = 3;

/**
 * The costs of all servers, side by side in memory, whose access dominates a pick among many
 * servers. Times are in milliseconds.
 */
export class ServerCosts {
  #numbers = new Float64Array(STRIDE);

  /**
   * Sets the costs of one server.
   *
   * @param index its index, from 0
   * @param until when it will be idle
   * @param pace milliseconds for a byte
   * @param premium added to the duration of any transfer
   */
  set(index: number, until: number, pace: number, premium: number): void {
    const at = index * STRIDE;
    if (at >= this.#numbers.length) this.#grow();
    this.#numbers[at] = until;
    this.#numbers[at + 1] = pace;
    this.#numbers[at + 2] = premium;
  }

  untilOf(index: number): number {
    return this.#numbers[index * STRIDE]!;
  }

  /** How long a transfer would take on the idle server, with the premium. */
  needed(index: number, bytes: number): number {
    const at = index * STRIDE;
    return bytes * this.#numbers[at + 1]! + this.#numbers[at + 2]!;
  }

  #grow(): void {
    const numbers = new Float64Array(2 * this.#numbers.length);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
