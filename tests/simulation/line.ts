import { MinHeap } from "./min_heap.ts";

/** Something to be sent: a client's download, or a probe. */
export interface Transfer {
  readonly bytes: number;
  /** What its path carries, in bytes per ms; by default anything. */
  readonly pathSpeed?: number;
}

/** The transfers whose paths carry equally much, with a clock of their own. */
interface Path<T> {
  readonly mostSpeed: number;
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
  speed: number;
  #time = 0;
  /** How many transfers there are. */
  #count = 0;
  /** Those that carry least first. */
  readonly #paths: Path<T>[] = [];

  constructor(speed: number) {
    this.speed = speed;
  }

  /** How many transfers there are. */
  get count(): number {
    return this.#count;
  }

  /** When the next one will have ended if nothing changes; Infinity for never. */
  get nextEnd(): number {
    if (this.count === 0 || this.speed === 0) return Infinity;
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
    return now + sent / this.speed;
  }

  /** Lets time pass; to be called before any change of speed. */
  advance(now: number): void {
    this.#shareOut();
    for (const path of this.#paths) path.served += (now - this.#time) * path.speed;
    this.#time = now;
  }

  /** A transfer begins. */
  add(transfer: T, now: number): void {
    this.advance(now);
    const { served, transfers } = this.#pathOf(transfer.pathSpeed ?? Infinity);
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
    let { speed, count } = this;
    for (const path of this.#paths) {
      const { size } = path.transfers;
      path.speed = size === 0 ? 0 : Math.min(path.mostSpeed, speed / count);
      speed -= size * path.speed;
      count -= size;
    }
  }

  #pathOf(mostSpeed: number): Path<T> {
    const at = this.#paths.findIndex((path) => path.mostSpeed >= mostSpeed);
    const found = this.#paths[at];
    if (found?.mostSpeed === mostSpeed) return found;
    const path = { mostSpeed, speed: 0, served: 0, transfers: new MinHeap<T>() };
    this.#paths.splice(at < 0 ? this.#paths.length : at, 0, path);
    return path;
  }
}
