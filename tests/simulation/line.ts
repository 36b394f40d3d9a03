/** Something to be sent: a client's download, or a probe. */
export interface Transfer {
  /** Octets. */
  readonly bytes: number;
}

/**
 * One server's line, shared evenly by all transfers on it (processor sharing). Its own clock counts
 * the octets that each transfer has been sent; on that clock the end of a transfer is known from
 * the start, however many come and go, so that an event takes logarithmic time.
 */
export class Line<T extends Transfer> {
  /** Octets per ms; 0 while the server is dead. */
  speed: number;
  /** What each transfer that was there all the time has got. */
  #served = 0;
  #time = 0;
  /** A heap by where on the line's clock each one ends. */
  readonly #ends: number[] = [];
  readonly #transfers: T[] = [];

  /** Begins with nothing to send. */
  constructor(speed: number) {
    this.speed = speed;
  }

  /** How many transfers there are. */
  get count(): number {
    return this.#ends.length;
  }

  /** When the next one will have ended if nothing changes; Infinity for never. */
  get nextEnd(): number {
    if (this.#ends.length === 0 || this.speed === 0) return Infinity;
    const left = Math.max(0, this.#ends[0]! - this.#served);
    return this.#time + left * this.#ends.length / this.speed;
  }

  /** When a transfer of so many octets would end that began at `now`, were it the last to come. */
  endOf(bytes: number, now: number): number {
    const served = this.#servedAt(now);
    let octets = bytes;
    for (const end of this.#ends) octets += Math.min(bytes, Math.max(0, end - served));
    return now + octets / this.speed;
  }

  /** Lets time pass; to be called before any change of speed. */
  advance(now: number): void {
    this.#served = this.#servedAt(now);
    this.#time = now;
  }

  /** A transfer begins. */
  add(transfer: T, now: number): void {
    this.advance(now);
    const end = this.#served + transfer.bytes;
    let place = this.#ends.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#ends[above]! <= end) break;
      this.#put(place, this.#ends[above]!, this.#transfers[above]!);
      place = above;
    }
    this.#put(place, end, transfer);
  }

  /** Takes out the transfer that ends first. */
  shift(now: number): T {
    this.advance(now);
    const first = this.#transfers[0]!;
    const end = this.#ends.pop()!, transfer = this.#transfers.pop()!;
    if (this.#ends.length > 0) this.#sink(end, transfer);
    return first;
  }

  /** Breaks off all of them, or those that are meant; gives each with the octets it lacks. */
  breakOff(now: number, isMeant: (transfer: T) => boolean = () => true): [T, number][] {
    this.advance(now);
    const all = this.#transfers.map((it, i): [T, number] => [it, this.#ends[i]! - this.#served]);
    const kept = all.filter(([it]) => !isMeant(it)).sort(([, a], [, b]) => a - b);
    // Sorted, so that they are heaps.
    this.#transfers.splice(0, Infinity, ...kept.map(([it]) => it));
    this.#ends.splice(0, Infinity, ...kept.map(([, left]) => this.#served + left));
    return all.filter(([it]) => isMeant(it));
  }

  #servedAt(now: number): number {
    const count = this.#ends.length;
    return count === 0 ? this.#served : this.#served + (now - this.#time) * this.speed / count;
  }

  #sink(end: number, transfer: T): void {
    const length = this.#ends.length;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= length) break;
      if (below + 1 < length && this.#ends[below + 1]! < this.#ends[below]!) below++;
      if (this.#ends[below]! >= end) break;
      this.#put(place, this.#ends[below]!, this.#transfers[below]!);
      place = below;
    }
    this.#put(place, end, transfer);
  }

  #put(place: number, end: number, transfer: T): void {
    this.#ends[place] = end;
    this.#transfers[place] = transfer;
  }
}
