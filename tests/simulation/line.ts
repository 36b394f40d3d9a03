import { MinHeap } from "./min_heap.ts";

/** Something to be sent: a client's download, or a probe. */
export interface Transfer {
  readonly bytes: number;
  /** What its path carries, in bytes per ms; by default anything. */
  readonly pathSpeed?: number;
  /** Its share of the line in relation to that of others, by default 1. */
  readonly weight?: number;
}

/** What a server is sending, as it would report it. */
export interface LineLoad {
  readonly openTransfers: number;
  readonly pendingBytes: number;
  /** Over the last second. */
  readonly bytesPerMs: number;
  /** The part of that second in which there were transfers. */
  readonly utilization: number;
}

/** Time over which a server counts what it has sent, in ms. */
const METER_MS = 1000;

/** The transfers whose paths carry equally much, with a clock of their own. */
interface Path<T> {
  readonly mostSpeed: number;
  readonly weight: number;
  /** What each of them gets at the moment. */
  speed: number;
  /** What each transfer that was there all the time has got. */
  served: number;
  /** By the end of each on this clock. */
  readonly transfers: MinHeap<T>;
}

/**
 * One server's line, shared evenly by all transfers on it (processor sharing); what a transfer
 * cannot use because its path carries less is left to the others. A clock for each kind of path
 * counts the bytes that each of its transfers has been sent; on that clock the end of a transfer is
 * known from the start, however many come and go, so that an event takes logarithmic time.
 */
export class Line<T extends Transfer> {
  /** Bytes per ms; 0 while the server is dead. */
  #speed: number;
  /** The most that one transfer gets. */
  #transferSpeed = Infinity;
  #time = 0;
  #sent = 0;
  readonly #meter = new TotalLog();
  /** How long there were transfers. */
  #busyMs = 0;
  readonly #busyMeter = new TotalLog();
  /** How many transfers there are. */
  #count = 0;
  /** Those that carry least first. */
  readonly #paths: Path<T>[] = [];

  constructor(speed: number) {
    this.#speed = speed;
  }

  get speed(): number {
    return this.#speed;
  }

  /** What a transfer gets that is alone. */
  get aloneSpeed(): number {
    return Math.min(this.#speed, this.#transferSpeed);
  }

  /** Changes the speed of the line, and the most that one transfer gets of it. */
  change(now: number, speed: number, transferSpeed = Infinity): void {
    this.advance(now);
    this.#speed = speed;
    this.#transferSpeed = transferSpeed;
    this.#paths.sort((a, b) => this.#levelOf(a) - this.#levelOf(b));
  }

  /** @param bufferBytes of each transfer that count as sent when they are on their way at most */
  load(now: number, bufferBytes: number): LineLoad {
    this.advance(now);
    let pendingBytes = 0, openTransfers = 0;
    for (const { transfers, served } of this.#paths) {
      for (const end of transfers.keys) {
        const pending = end - served - bufferBytes;
        if (pending <= 0) continue;
        pendingBytes += pending;
        openTransfers++;
      }
    }
    const bytesPerMs = (this.#sent - this.#meter.totalAt(now - METER_MS)) / METER_MS;
    const utilization = (this.#busyMs - this.#busyMeter.totalAt(now - METER_MS)) / METER_MS;
    return { openTransfers, pendingBytes, bytesPerMs, utilization };
  }

  /** How many transfers there are. */
  get count(): number {
    return this.#count;
  }

  /** When the next one will have ended if nothing changes; Infinity for never. */
  get nextEnd(): number {
    if (this.count === 0 || this.#speed === 0) return Infinity;
    this.#shareOut();
    return Math.min(...this.#paths.map((path) => this.#nextEndOf(path)));
  }

  /**
   * When a transfer of so many bytes would end that began at `now`, were it the last to come, and
   * did all paths carry anything.
   */
  endOf(bytes: number, now: number): number {
    this.advance(now);
    let sent = bytes;
    for (const { transfers, served } of this.#paths) {
      for (const end of transfers.keys) sent += Math.min(bytes, Math.max(0, end - served));
    }
    return now + Math.max(sent / this.#speed, bytes / this.#transferSpeed);
  }

  /** Lets time pass; to be called before any change of speed. */
  advance(now: number): void {
    this.#shareOut();
    if (now === this.#time) return;
    for (const path of this.#paths) {
      const each = (now - this.#time) * path.speed;
      path.served += each;
      this.#sent += each * path.transfers.size;
    }
    if (this.#count > 0) this.#busyMs += now - this.#time;
    this.#time = now;
    this.#meter.add(now, this.#sent);
    this.#busyMeter.add(now, this.#busyMs);
  }

  /** A transfer begins. */
  add(transfer: T, now: number): void {
    this.advance(now);
    const { served, transfers } = this.#pathOf(transfer);
    transfers.add(served + transfer.bytes, transfer);
    this.#count++;
  }

  /** Takes out the transfer that ends first, of at least one. */
  shift(now: number): T {
    this.advance(now);
    const [first, ...others] = this.#paths.filter(({ transfers }) => transfers.size > 0);
    const next = others.reduce(
      (best, path) => this.#nextEndOf(path) < this.#nextEndOf(best) ? path : best,
      first!,
    );
    this.#count--;
    return next.transfers.shift()!;
  }

  /** Breaks off all of them, or those that match; returns each with the bytes it lacks. */
  breakOff(now: number, isMeant: (transfer: T) => boolean = () => true): [T, number][] {
    this.advance(now);
    const broken = this.#paths.flatMap(({ transfers, served }) =>
      transfers.remove(isMeant).map(({ key, item }): [T, number] => [item, key - served])
    );
    this.#count -= broken.length;
    return broken;
  }

  /** To be called after `#shareOut`. */
  #nextEndOf({ speed, served, transfers }: Path<T>): number {
    if (transfers.size === 0) return Infinity;
    return this.#time + Math.max(0, transfers.firstKey - served) / speed;
  }

  #shareOut(): void {
    let speed = this.#speed, weights = 0;
    for (const { transfers, weight } of this.#paths) weights += transfers.size * weight;
    for (const path of this.#paths) {
      const { weight, mostSpeed, transfers: { size } } = path;
      path.speed = size === 0
        ? 0
        : Math.min(mostSpeed, this.#transferSpeed, speed * weight / weights);
      speed -= size * path.speed;
      weights -= size * weight;
    }
  }

  /** At how much for a weight of 1 the path carries no more. */
  #levelOf({ mostSpeed, weight }: Omit<Path<T>, "speed" | "served" | "transfers">): number {
    return Math.min(mostSpeed, this.#transferSpeed) / weight;
  }

  #pathOf({ pathSpeed: mostSpeed = Infinity, weight = 1 }: T): Path<T> {
    const found = this.#paths.find((path) =>
      path.mostSpeed === mostSpeed && path.weight === weight
    );
    if (found !== undefined) return found;
    const path = { mostSpeed, weight, speed: 0, served: 0, transfers: new MinHeap<T>() };
    const level = this.#levelOf(path);
    const at = this.#paths.findIndex((other) => this.#levelOf(other) >= level);
    this.#paths.splice(at < 0 ? this.#paths.length : at, 0, path);
    return path;
  }
}

/** A total at each point of the last second, between which it grew evenly. */
class TotalLog {
  #times: number[] = [];
  #totals: number[] = [];
  /** The first one that is needed. */
  #first = 0;

  add(time: number, total: number): void {
    this.#times.push(time);
    this.#totals.push(total);
    while (this.#times[this.#first + 1]! <= time - METER_MS) this.#first++;
    if (this.#first < 64) return;
    this.#times = this.#times.slice(this.#first);
    this.#totals = this.#totals.slice(this.#first);
    this.#first = 0;
  }

  totalAt(time: number): number {
    let i = this.#first;
    while (this.#times[i + 1]! <= time) i++;
    const [from, to] = [this.#times[i], this.#times[i + 1]];
    if (from === undefined || time <= from) return this.#totals[i] ?? 0;
    if (to === undefined) return this.#totals[i]!;
    return this.#totals[i]! +
      (this.#totals[i + 1]! - this.#totals[i]!) * (time - from) / (to - from);
  }
}
