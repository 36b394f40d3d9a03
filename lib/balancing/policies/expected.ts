import type { ReportedLoad, TransferSample } from "../health.ts";
import type { Server } from "../list/server.ts";
import type { CostQueue } from "./cost_queue.ts";
import { type Candidate, type PickRequest, type Policy, sharesOf } from "./policy.ts";
import { ServerLoads } from "./server_loads.ts";

/**
 * Sends each client where its transfer is expected to cost least time: its own, and that of the
 * transfers which it slows down. Keeps for every server an estimate of its load, which drains at the
 * measured speed and is corrected by each report of the server, or by each probe if it reports nothing.
 *
 * Estimates grow old, and those of seemingly fast servers are most often wrong: if such a server
 * became slow, all clients would be sent there until it is heard of. So the cost has a premium: a part of what a median server would take for all that this one was assigned since its
 * last probe or report. Of two equally fast servers, the one heard of last comes first.
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
  #queues: readonly CostQueue[] = [];

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

  /** Counts at once. */
  reported(id: number, load: ReportedLoad, monotonicMs: number): void {
    this.#loads.reported(id, load, monotonicMs);
  }

  /**
   * The server where the file costs least time; one of unknown size counts as of mean size.
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
