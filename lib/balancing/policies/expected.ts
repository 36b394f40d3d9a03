import type { Server } from "../list/server.ts";
import type { Candidate, PickRequest, Policy } from "../policy.ts";
import { isSameSample, throughputOf, type TransferSample } from "../sample.ts";
import { CompletionQueue, ServerCosts } from "./completion_queue.ts";
import { LoadEstimate } from "./load_estimate.ts";
import { effectiveWeights } from "./weights.ts";

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
  /** Uses the sizes of files. */
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
    const total = parts.reduce((sum, part) => sum + part, 0);
    return new Map(this.#servers.map(({ id }, i) => [id, parts[i]! / total]));
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

/** The mean while no size is known. */
const USUAL_BYTES = 64 * 1024 * 1024;

/** The least weight of one file in the mean. */
const MIN_SAMPLE_WEIGHT = 0.01;

/** Ratio of the sizes of neighbouring classes. */
const STEP = 4;

/** Classes below and above that of the mean. */
const STEPS = 2;

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The sizes of requested files, in bytes. */
export class FileSizes {
  #mean = USUAL_BYTES;
  #seen = 0;
  #guesses = 0;
  /** The mean when the classes were made. */
  #middle = USUAL_BYTES;

  /** The mean of the latest files of known size. */
  get mean(): number {
    return this.#mean;
  }

  /** Makes classes around the current mean, and returns the middle of each. */
  classes(): number[] {
    this.#middle = this.#mean;
    return Array.from({ length: 2 * STEPS + 1 }, (_, i) => this.#middle * STEP ** (i - STEPS));
  }

  /** The class of a file; a known size is also added to the mean, unless it is 0, as for HEAD. */
  classOf(bytes: number | undefined): number {
    if (bytes === 0) return 0;
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return STEPS;
    const weight = Math.max(MIN_SAMPLE_WEIGHT, 1 / ++this.#seen);
    this.#mean = Math.max(1, this.#mean + weight * (bytes - this.#mean));
    const steps = Math.round(Math.log2(Math.max(1, bytes) / this.#middle) / Math.log2(STEP));
    return STEPS + Math.max(-STEPS, Math.min(STEPS, steps));
  }

  /**
   * A size for a file of unknown size. The sizes are distributed exponentially, as file sizes are
   * roughly: if all were equal, downloads that began together would seem to end together.
   */
  guess(): number {
    this.#guesses = (this.#guesses + GOLDEN) % 1;
    return -this.#mean * Math.log(1 - this.#guesses);
  }
}
