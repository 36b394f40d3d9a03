import { MinHeap } from "./min_heap.ts";

/** Something to be sent: a client's download, or a probe. */
export interface Transfer {
  readonly bytes: number;
}

/**
 * One server's line, shared evenly by all transfers on it (processor sharing). Its own clock counts
 * the bytes that each transfer has been sent; on that clock the end of a transfer is known from
 * the start, however many come and go, so that an event takes logarithmic time.
 */
export class Line<T extends Transfer> {
  /** Bytes per ms; 0 while the server is dead. */
  speed: number;
  /** What each transfer that was there all the time has got. */
  #served = 0;
  #time = 0;
  /** By the end of each on the line's clock. */
  readonly #transfers = new MinHeap<T>();

  constructor(speed: number) {
    this.speed = speed;
  }

  /** How many transfers there are. */
  get count(): number {
    return this.#transfers.size;
  }

  /** When the next one will have ended if nothing changes; Infinity for never. */
  get nextEnd(): number {
    if (this.count === 0 || this.speed === 0) return Infinity;
    const left = Math.max(0, this.#transfers.firstKey - this.#served);
    return this.#time + left * this.count / this.speed;
  }

  /** When a transfer of so many bytes would end that began at `now`, were it the last to come. */
  endOf(bytes: number, now: number): number {
    const served = this.#servedAt(now);
    let sent = bytes;
    for (const end of this.#transfers.keys) sent += Math.min(bytes, Math.max(0, end - served));
    return now + sent / this.speed;
  }

  /** Lets time pass; to be called before any change of speed. */
  advance(now: number): void {
    this.#served = this.#servedAt(now);
    this.#time = now;
  }

  /** A transfer begins. */
  add(transfer: T, now: number): void {
    this.advance(now);
    this.#transfers.add(this.#served + transfer.bytes, transfer);
  }

  /** Takes out the transfer that ends first, of at least one. */
  shift(now: number): T {
    this.advance(now);
    return this.#transfers.shift()!;
  }

  /** Breaks off all of them, or those that match; returns each with the bytes it lacks. */
  breakOff(now: number, isMeant: (transfer: T) => boolean = () => true): [T, number][] {
    this.advance(now);
    return this.#transfers.remove(isMeant).map(({ key, item }) => [item, key - this.#served]);
  }

  #servedAt(now: number): number {
    if (this.count === 0) return this.#served;
    return this.#served + (now - this.#time) * this.speed / this.count;
  }
}
