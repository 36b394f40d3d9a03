import type { Server } from "../list/server.ts";
import type { Candidate, PickRequest, Policy } from "../policy.ts";
import { throughputOf, type TransferSample } from "../sample.ts";
import { CompletionQueue, ServerCosts } from "./completion_queue.ts";
import { LoadEstimate } from "./load_estimate.ts";
import { effectiveWeights } from "./weights.ts";

/** How likely it is, as it were, that what a server was sent since its last probe is in vain. */
const DOUBT = 0.2;

/**
 * Sends each client where it is expected to finish first. It keeps for every server the estimate
 * that it must still have, lets that drain at the measured speed, and puts it right at each probe.
 *
 * What it believes of a server grows old, and most of those it thinks the fastest would be those it
 * is most wrong about: were one of them slow by now, everyone would be sent there until the next
 * probe. So it adds a premium to the expected time: a part of what a server of middling speed would
 * take for all that this one was sent since its last probe. A server that has proved itself a
 * moment ago comes before one that is as fast and has long been trusted.
 */
export class ExpectedPolicy implements Policy {
  /** It makes a difference to it how large a file is. */
  readonly wantsSizes = true;
  readonly picksByLoad = true;
  readonly #parts: number;
  readonly #sizes = new FileSizes();
  #servers: readonly Server[] = [];
  #indices = new Map<Server, number>();
  #weights: readonly number[] = [];
  #estimates: LoadEstimate[] = [];
  /** The latest sample that each estimate knows, and the latest of a round that has ended. */
  #latest: TransferSample[] = [];
  #ofRounds: TransferSample[] = [];
  #costs = new ServerCosts(0);
  /** One for each class of sizes. */
  #queues: readonly CompletionQueue[] = [];
  /** That of the middling server, in octets per millisecond. */
  #typicalSpeed = 1;
  #latestMs = -Infinity;

  /**
   * Begins without servers.
   *
   * @param parts how many share the clients evenly, each with a policy of its own, when a probe sees
   *     what all of them do: each client here stands for as many that are sent to the same server
   * @throws {RangeError} when that is no whole number from 1
   */
  constructor(parts = 1) {
    if (!(Number.isInteger(parts) && parts >= 1)) throw new RangeError(`${parts} parts are none`);
    this.#parts = parts;
  }

  /** Those that stay keep their estimates; others begin with none. */
  update(candidates: readonly Candidate[], monotonicMs: number): void {
    const time = this.#timeAt(monotonicMs);
    const before = this.#indices;
    const kept = candidates.map(({ server }) => before.get(server) ?? -1);
    const [estimates, latest, ofRounds] = [this.#estimates, this.#latest, this.#ofRounds];
    this.#servers = candidates.map(({ server }) => server);
    this.#indices = new Map(this.#servers.map((server, i) => [server, i]));
    this.#weights = effectiveWeights(candidates);
    this.#estimates = candidates.map(({ sample }, i) =>
      estimates[kept[i]!] ?? new LoadEstimate(throughputOf(sample), time)
    );
    this.#ofRounds = candidates.map(({ sample }) => sample);
    this.#latest = candidates.map(({ sample }, i) => latest[kept[i]!] ?? sample);
    this.#ofRounds.forEach((sample, i) => {
      // In the middle of a round this is older than what has been learnt.
      if (sample !== ofRounds[kept[i]!]) this.#learn(i, sample, time);
    });
    this.#lineUp(time);
  }

  /** Counts at once. */
  measured(server: Server, sample: TransferSample, monotonicMs: number): void {
    const time = this.#timeAt(monotonicMs);
    const index = this.#indices.get(server);
    if (index === undefined) return;
    this.#learn(index, sample, time);
    this.#stand(index);
    for (const queue of this.#queues) queue.place(index, time);
  }

  /**
   * Where the file would be whole first; one of unknown size is taken to be of the mean size. Where
   * there is nothing to send, nothing is added to what the server has to do.
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

  /** In proportion to speed times weight: where requests go when all servers are kept busy. */
  shares(): ReadonlyMap<Server, number> {
    const parts = this.#estimates.map(({ speed }, i) => speed * this.#weights[i]!);
    const total = parts.reduce((sum, part) => sum + part, 0);
    return new Map(this.#servers.map((server, i) => [server, parts[i]! / total]));
  }

  #load(index: number, bytes: number | undefined, monotonicMs: number): void {
    const estimate = this.#estimates[index]!;
    for (let i = 0; i < this.#parts; i++) {
      estimate.add(bytes ?? this.#sizes.mean, bytes ?? this.#sizes.guess(), monotonicMs);
    }
    this.#stand(index);
  }

  #learn(index: number, sample: TransferSample, monotonicMs: number): void {
    if (this.#latest[index] === sample) return;
    this.#latest[index] = sample;
    this.#estimates[index]!.measure(throughputOf(sample), monotonicMs);
  }

  /** A clock that goes back stands still instead. */
  #timeAt(monotonicMs: number): number {
    if (monotonicMs > this.#latestMs) this.#latestMs = monotonicMs;
    return this.#latestMs;
  }

  #stand(index: number): void {
    const { speed, until, unproven } = this.#estimates[index]!;
    const pace = 1 / (speed * this.#weights[index]!);
    this.#costs.set(index, until, pace, DOUBT * unproven / this.#typicalSpeed);
  }

  #lineUp(monotonicMs: number): void {
    const speeds = this.#estimates.map(({ speed }) => speed).sort((a, b) => a - b);
    this.#typicalSpeed = speeds[speeds.length >> 1] ?? 1;
    this.#costs = new ServerCosts(this.#servers.length);
    this.#servers.forEach((_, i) => this.#stand(i));
    this.#queues = this.#sizes.classes().map((bytes) => new CompletionQueue(bytes, this.#costs));
    for (const queue of this.#queues) this.#servers.forEach((_, i) => queue.place(i, monotonicMs));
  }
}

/** The mean while no size is known, in octets. */
const USUAL_BYTES = 64 * 1024 * 1024;

/** The least that one more file counts in the mean. */
const LEAST_NEWS = 0.01;

/** How many times as large the files of one class are as those of the class before. */
const STEP = 4;

/** Classes below and above that of the mean. */
const STEPS = 2;

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** What is known of the sizes of the files that clients ask for, in octets. */
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

  /** Makes classes around the mean of today, and gives the middle of each. */
  classes(): number[] {
    this.#middle = this.#mean;
    return Array.from({ length: 2 * STEPS + 1 }, (_, i) => this.#middle * STEP ** (i - STEPS));
  }

  /**
   * The class of a file, which is also taken into the mean if its size is known. Where there is
   * nothing to send, as for a HEAD, that says nothing of files.
   */
  classOf(bytes: number | undefined): number {
    if (bytes === 0) return 0;
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return STEPS;
    const news = Math.max(LEAST_NEWS, 1 / ++this.#seen);
    this.#mean = Math.max(1, this.#mean + news * (bytes - this.#mean));
    const steps = Math.round(Math.log2(Math.max(1, bytes) / this.#middle) / Math.log2(STEP));
    return STEPS + Math.max(-STEPS, Math.min(STEPS, steps));
  }

  /**
   * A size for a file of unknown size: of many, few are much larger than the mean, as it is with
   * files. Were all taken to be equal, what began together would be thought to end together.
   */
  guess(): number {
    this.#guesses = (this.#guesses + GOLDEN) % 1;
    return -this.#mean * Math.log(1 - this.#guesses);
  }
}
