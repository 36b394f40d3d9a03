/** Downloads of one size. */
export interface Downloads {
  /** Octets that each of them lacks. */
  readonly bytes: number;
  /** How many there are. */
  readonly count: number;
}

/** More entries are put together two and two. */
const MOST_ENTRIES = 64;

/**
 * Plays what a server of a certain speed does that shares its line evenly among its downloads. Its
 * own clock counts the octets that each download has got; on that clock the end of each is known
 * from the start. Times are in milliseconds, speeds in octets per millisecond.
 */
export class ProcessorSharingModel {
  readonly #speed: number;
  #time: number;
  #served = 0;
  #count = 0;
  /** By their ends on the server's clock, the last one first. */
  readonly #ends: number[] = [];
  readonly #counts: number[] = [];

  /** Begins with nothing to do. */
  constructor(speed: number, time: number) {
    this.#speed = speed;
    this.#time = time;
  }

  /** How many downloads there are. */
  get count(): number {
    return this.#count;
  }

  /** Downloads begin. */
  add(bytes: number, count: number): void {
    const end = this.#served + bytes;
    let low = 0, high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! > end) low = middle + 1;
      else high = middle;
    }
    this.#ends.splice(low, 0, end);
    this.#counts.splice(low, 0, count);
    this.#count += count;
  }

  /** Lets time pass; those that end are gone. */
  runTo(time: number): void {
    for (let last = this.#ends.length - 1; last >= 0; last--) {
      const end = this.#ends[last]!;
      const needed = (end - this.#served) * this.#count / this.#speed;
      if (this.#time + needed > time) break;
      this.#time += needed;
      this.#served = end;
      this.#ends.pop();
      this.#count -= this.#counts.pop()!;
    }
    if (this.#count > 0) this.#served += (time - this.#time) * this.#speed / this.#count;
    this.#time = time;
  }

  /** Those that have not ended. */
  rest(): Downloads[] {
    const rest = this.#ends.map((end, i) => ({
      bytes: end - this.#served,
      count: this.#counts[i]!,
    }));
    return rest.length > MOST_ENTRIES ? joinPairs(rest) : rest;
  }
}

/** Puts two and two neighbours together, so that time and memory are bounded at any rate. */
function joinPairs(list: readonly Downloads[]): Downloads[] {
  const joined = list.slice(0, list.length >> 1).map((_, i) => {
    const [a, b] = [list[2 * i]!, list[2 * i + 1]!];
    const count = a.count + b.count;
    return { bytes: (a.bytes * a.count + b.bytes * b.count) / count, count };
  });
  return list.length % 2 === 0 ? joined : [...joined, list.at(-1)!];
}
