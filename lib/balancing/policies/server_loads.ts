import { isSameSample, type ReportedLoad, throughputOf, type TransferSample } from "../health.ts";
import type { Server } from "../list/server.ts";
import { CostQueue, ServerCosts } from "./cost_queue.ts";
import { FileSizes } from "./file_sizes.ts";
import { LoadEstimate } from "./load_estimate.ts";
import { type Candidate, effectiveWeights } from "./policy.ts";

/** Penalty per byte assigned since the last probe or report, as a fraction of its cost on a median server. */
const DOUBT = 0.2;

/** What is known of the load of one server. */
interface Load {
  server: Server;
  weight: number;
  readonly estimate: LoadEstimate;
  /** The latest sample that the estimate knows, and the latest of a round that has ended. */
  latest: TransferSample;
  ofRound: TransferSample;
  report?: ReportedLoad;
}

/** The loads of servers by their indices, which several policies share. */
export class ServerLoads {
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
  queues(indices: readonly number[], monotonicMs: number): CostQueue[] {
    const time = this.timeAt(monotonicMs);
    return this.#classes.map((bytes) => {
      const queue = new CostQueue(bytes, this.#costs, this.#loads.length);
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

  /** A server has said how busy it is. Several policies may pass the same report on. */
  reported(id: number, report: ReportedLoad, monotonicMs: number): void {
    const time = this.timeAt(monotonicMs);
    const index = this.#indices.get(id);
    const load = this.#loads[index ?? -1];
    if (index === undefined || load === undefined || load.report === report) return;
    load.report = report;
    load.estimate.report(report, this.sizes.mean, Math.min(time, monotonicMs));
    this.#stand(index);
    for (const watcher of this.#watchers) watcher(index, time);
  }

  /** Adds the download of a client. */
  add(index: number, bytes: number | undefined, monotonicMs: number): void {
    const { estimate } = this.#loads[index]!;
    const time = this.timeAt(monotonicMs);
    for (let i = 0; i < this.#parts; i++) {
      const guess = bytes ?? this.sizes.guess();
      estimate.add(bytes ?? this.sizes.mean, guess, time, this.sizes.isKnown);
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
    const { estimate, weight } = this.#loads[index]!;
    const { speed, transferSpeed, until, open, unproven } = estimate;
    const premium = DOUBT * unproven / this.#typicalSpeed;
    const pace = 1 / (speed * weight), transferPace = 1 / (transferSpeed * weight);
    this.#costs.set(index, until, open, pace, transferPace, premium);
  }
}

function learn(load: Load, sample: TransferSample, monotonicMs: number): void {
  if (isSameSample(sample, load.latest)) return;
  load.latest = sample;
  load.estimate.measure(throughputOf(sample), monotonicMs);
}
