import type { Candidate, PickRequest, Policy } from "../policy.ts";
import type { TransferSample } from "../sample.ts";
import type { Server } from "../list/server.ts";
import { Backlog } from "./backlog.ts";
import { effectiveWeights } from "./effective_weights.ts";
import { FileSizes } from "./file_sizes.ts";
import { Lineup } from "./lineup.ts";
import { Standings } from "./standings.ts";
import { throughputOf } from "./throughput.ts";

/** How likely it is, as it were, that what a server was sent since its last probe is in vain. */
const DOUBT = 0.2;

/**
 * Sends each client where it is expected to finish first. It keeps for every server the backlog
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
  #backlogs: Backlog[] = [];
  /** The latest sample that each backlog knows, and the latest of a round that has ended. */
  #latest: TransferSample[] = [];
  #ofRounds: TransferSample[] = [];
  #standings = new Standings(0);
  /** One for each class of sizes. */
  #lineups: readonly Lineup[] = [];
  /** That of the middling server, in octets per millisecond. */
  #typicalSpeed = 1;
  #now = -Infinity;

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

  /** Those that stay keep their backlogs; others begin with none. */
  update(candidates: readonly Candidate[], now: number): void {
    const time = this.#timeAt(now);
    const before = this.#indices;
    const kept = candidates.map(({ server }) => before.get(server) ?? -1);
    const [backlogs, latest, ofRounds] = [this.#backlogs, this.#latest, this.#ofRounds];
    this.#servers = candidates.map(({ server }) => server);
    this.#indices = new Map(this.#servers.map((server, i) => [server, i]));
    this.#weights = effectiveWeights(candidates);
    this.#backlogs = candidates.map(({ sample }, i) =>
      backlogs[kept[i]!] ?? new Backlog(throughputOf(sample), time)
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
  measured(server: Server, sample: TransferSample, now: number): void {
    const time = this.#timeAt(now);
    const index = this.#indices.get(server);
    if (index === undefined) return;
    this.#learn(index, sample, time);
    this.#stand(index);
    for (const lineup of this.#lineups) lineup.place(index, time);
  }

  /**
   * Where the file would be whole first; one of unknown size is taken to be of the mean size. Where
   * there is nothing to send, nothing is added to what the server has to do.
   */
  pick({ now, bytes, isExcluded }: PickRequest): Server | undefined {
    if (this.#servers.length === 0) return undefined;
    const time = this.#timeAt(now);
    const lineup = this.#lineups[this.#sizes.classOf(bytes)]!;
    const index = lineup.first(time, this.#servers, isExcluded);
    if (index < 0) return undefined;
    if (bytes !== 0) this.#load(index, bytes, time);
    return this.#servers[index];
  }

  /** In proportion to speed times weight: where requests go when all servers are kept busy. */
  shares(): ReadonlyMap<Server, number> {
    const parts = this.#backlogs.map(({ speed }, i) => speed * this.#weights[i]!);
    const total = parts.reduce((sum, part) => sum + part, 0);
    return new Map(this.#servers.map((server, i) => [server, parts[i]! / total]));
  }

  #load(index: number, bytes: number | undefined, now: number): void {
    const backlog = this.#backlogs[index]!;
    for (let i = 0; i < this.#parts; i++) {
      backlog.add(bytes ?? this.#sizes.mean, bytes ?? this.#sizes.guess(), now);
    }
    this.#stand(index);
  }

  #learn(index: number, sample: TransferSample, now: number): void {
    if (this.#latest[index] === sample) return;
    this.#latest[index] = sample;
    this.#backlogs[index]!.measure(throughputOf(sample), now);
  }

  /** A clock that goes back stands still instead. */
  #timeAt(now: number): number {
    if (now > this.#now) this.#now = now;
    return this.#now;
  }

  #stand(index: number): void {
    const { speed, until, unproven } = this.#backlogs[index]!;
    const pace = 1 / (speed * this.#weights[index]!);
    this.#standings.set(index, until, pace, DOUBT * unproven / this.#typicalSpeed);
  }

  #lineUp(now: number): void {
    const speeds = this.#backlogs.map(({ speed }) => speed).sort((a, b) => a - b);
    this.#typicalSpeed = speeds[speeds.length >> 1] ?? 1;
    this.#standings = new Standings(this.#servers.length);
    this.#servers.forEach((_, i) => this.#stand(i));
    this.#lineups = this.#sizes.classes().map((bytes) => new Lineup(bytes, this.#standings));
    for (const lineup of this.#lineups) this.#servers.forEach((_, i) => lineup.place(i, now));
  }
}
