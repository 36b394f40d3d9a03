import { IndexHeap } from "../../lib/balancing/policies/index_heap.ts";
import { Line, type Transfer } from "./line.ts";

/** A transfer, and what follows from its end. */
export interface Job extends Transfer {
  readonly isProbe: boolean;
  /** All bytes have been sent. */
  readonly onEnd: (now: number) => void;
  /** The server died, or the transfer was given up, so many bytes before its end. */
  readonly onBreak: (now: number, bytesLeft: number) => void;
}

/** The servers as they really are, which only they know. */
export class Farm {
  readonly lines: readonly Line<Job>[];
  /** The largest number of downloads that one server ever had. */
  largestBacklog = 0;
  readonly #ends: IndexHeap;
  /** The fastest first. */
  #byDescendingSpeed: number[];

  readonly #lanes: number;

  /** All of them dead. @param lanes transfers that a server sends at full speed at a time */
  constructor(servers: number, lanes = 1) {
    this.#lanes = lanes;
    this.lines = Array.from({ length: servers }, () => new Line<Job>(0));
    this.#ends = new IndexHeap(servers);
    this.#byDescendingSpeed = this.lines.map((_, server) => server);
  }

  /** When the next transfer ends. */
  get nextEnd(): number {
    return this.#ends.firstKey;
  }

  /** Lets the next transfer end. */
  endNext(): void {
    const server = this.#ends.first, now = this.nextEnd;
    const job = this.lines[server]!.shift(now);
    this.#settle(server);
    job.onEnd(now);
  }

  /** Begins a transfer; false when the server is dead. */
  begin(server: number, job: Job, now: number): boolean {
    const line = this.lines[server]!;
    if (line.speed === 0) return false;
    line.add(job, now);
    this.#settle(server);
    this.largestBacklog = Math.max(this.largestBacklog, line.count);
    return true;
  }

  /** Gives a transfer up if it is still under way. */
  giveUp(server: number, job: Job, now: number): void {
    const broken = this.lines[server]!.breakOff(now, (it) => it === job);
    this.#settle(server);
    for (const [it, left] of broken) it.onBreak(now, left);
  }

  /** A server changes the speed of one transfer that is alone, dies or returns. */
  change(server: number, speed: number, now: number): void {
    const line = this.lines[server]!;
    if (this.#lanes === 1) line.change(now, speed);
    else line.change(now, speed * this.#lanes, speed);
    const broken = speed === 0 ? line.breakOff(now) : [];
    this.#settle(server);
    this.#sort(server);
    for (const [job, left] of broken) job.onBreak(now, left);
  }

  /** Where a download of so many bytes would end first, as all transfers stand; -1 for nowhere. */
  quickest(bytes: number, now: number): number {
    let best = -1, soonest = Infinity;
    for (const server of this.#byDescendingSpeed) {
      const line = this.lines[server]!;
      // From here on, not even one with nothing else to do would be sooner.
      if (line.speed === 0 || now + bytes / line.aloneSpeed >= soonest) break;
      const end = line.endOf(bytes, now);
      if (end >= soonest) continue;
      soonest = end;
      best = server;
    }
    return best;
  }

  #settle(server: number): void {
    const end = this.lines[server]!.nextEnd;
    if (end < Infinity) this.#ends.set(server, end);
    else this.#ends.delete(server);
  }

  #sort(server: number): void {
    const order = this.#byDescendingSpeed, { speed } = this.lines[server]!;
    order.splice(order.indexOf(server), 1);
    let low = 0, high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[order[middle]!]!.speed > speed) low = middle + 1;
      else high = middle;
    }
    order.splice(low, 0, server);
  }
}
