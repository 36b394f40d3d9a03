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
  readonly #parts: number;
  readonly #sizes = new FileSizes();
  #servers: readonly Server[] = [];
  #indices = new Map<number, number>();
  #weights: readonly number[] = [];
  #estimates: LoadEstimate[] = [];
  /** The latest sample that each estimate knows, and the latest of a round that has ended. */
  #latest: TransferSample[] = [];
  #ofRounds: TransferSample[] = [];
  #costs = new ServerCosts(0);
  /** One for each class of sizes. */
  #queues: readonly CompletionQueue[] = [];
  /** Of the median server, in bytes per millisecond. */
  #typicalSpeed = 1;
  #latestMs = -Infinity;

  /**
   * Begins without servers.
   *
   * @param parts policies that share the clients evenly, while a probe sees the load of all: each
   *     client here counts so many times
   * @throws {RangeError} if that is not a positive integer
   */
  constructor(parts = 1) {
    if (!(Number.isInteger(parts) && parts >= 1)) throw new RangeError(`${parts} parts are none`);
    this.#parts = parts;
  }

  /** Servers that stay keep their estimates. */
  update(candidates: readonly Candidate[], monotonicMs: number): void {
    const time = this.#timeAt(monotonicMs);
    const before = this.#indices;
    const kept = candidates.map(({ server }) => before.get(server.id) ?? -1);
    const [estimates, latest, ofRounds] = [this.#estimates, this.#latest, this.#ofRounds];
    this.#servers = candidates.map(({ server }) => server);
    this.#indices = new Map(this.#servers.map(({ id }, i) => [id, i]));
    this.#weights = effectiveWeights(candidates);
    this.#estimates = candidates.map(({ sample }, i) =>
      estimates[kept[i]!] ?? new LoadEstimate(throughputOf(sample), time)
    );
    this.#ofRounds = candidates.map(({ sample }) => sample);
    this.#latest = candidates.map(({ sample }, i) => latest[kept[i]!] ?? sample);
    this.#ofRounds.forEach((sample, i) => {
      // Inside a round this sample is older than the latest.
      if (!isSameSample(sample, ofRounds[kept[i]!])) this.#learn(i, sample, time);
    });
    this.#rebuildQueues(time);
  }

  /** Counts at once. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    const time = this.#timeAt(monotonicMs);
    const index = this.#indices.get(id);
    if (index === undefined) return;
    this.#learn(index, sample, time);
    this.#stand(index);
    for (const queue of this.#queues) queue.place(index, time);
  }

  /**
   * The server where the file would be complete first; one of unknown size counts as of mean size.
   * An empty reply adds nothing to a server's load.
   */
  pick({ monotonicMs, bytes, isExcluded }: PickRequest): Server | undefined {
    if (this.#servers.length === 0) return undefined;
    const time = this.#timeAt(monotonicMs);
    const queue = this.#queues[this.#sizes.classOf(bytes)]!;
    const index = queue.first(time, this.#servers, isExcluded);
    if (index < 0) return undefined;
    if (bytes !== 0) this.#load(index, bytes, time);
    return this.#servers[index];
  }

  /** In proportion to speed times weight: where requests go if all servers are busy. */
  shares(): ReadonlyMap<number, number> {
    const parts = this.#estimates.map(({ speed }, i) => speed * this.#weights[i]!);
    return sharesOf(this.#servers, parts);
  }

  #load(index: number, bytes: number | undefined, monotonicMs: number): void {
    const estimate = this.#estimates[index]!;
    for (let i = 0; i < this.#parts; i++) {
      estimate.add(bytes ?? this.#sizes.mean, bytes ?? this.#sizes.guess(), monotonicMs);
    }
    this.#stand(index);
  }

  #learn(index: number, sample: TransferSample, monotonicMs: number): void {
    if (isSameSample(sample, this.#latest[index])) return;
    this.#latest[index] = sample;
    this.#estimates[index]!.measure(throughputOf(sample), monotonicMs);
  }

  /** A clock that goes back stands still. */
  #timeAt(monotonicMs: number): number {
    if (monotonicMs > this.#latestMs) this.#latestMs = monotonicMs;
    return this.#latestMs;
  }

  #stand(index: number): void {
    const { speed, until, unproven } = this.#estimates[index]!;
    const pace = 1 / (speed * this.#weights[index]!);
    this.#costs.set(index, until, pace, DOUBT * unproven / this.#typicalSpeed);
  }

  #rebuildQueues(monotonicMs: number): void {
    const speeds = this.#estimates.map(({ speed }) => speed).sort((a, b) => a - b);
    this.#typicalSpeed = speeds[speeds.length >> 1] ?? 1;
    this.#costs = new ServerCosts(this.#servers.length);
    this.#servers.forEach((_, i) => this.#stand(i));
    this.#queues = this.#sizes.classes().map((bytes) => new CompletionQueue(bytes, this.#costs));
    for (const queue of this.#queues) this.#servers.forEach((_, i) => queue.place(i, monotonicMs));
  }
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

  constructor(bytes: number, costs: ServerCosts) {
    this.#bytes = bytes;
    this.#costs = costs;
    this.#idle = new IndexHeap(costs.count);
    this.#busy = new IndexHeap(costs.count);
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
  first(
    monotonicMs: number,
    servers: readonly Server[],
    isExcluded: ((server: Server) => boolean) | undefined,
  ): number {
    if (isExcluded === undefined) return this.#first(monotonicMs);
    const passed: number[] = [];
    let first = this.#first(monotonicMs);
    for (; first >= 0 && isExcluded(servers[first]!); first = this.#first(monotonicMs)) {
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
  readonly count: number;
  readonly #numbers: Float64Array;

  /** All idle and infinitely fast until they are set. */
  constructor(count: number) {
    this.count = count;
    this.#numbers = new Float64Array(count * STRIDE);
  }

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
}
