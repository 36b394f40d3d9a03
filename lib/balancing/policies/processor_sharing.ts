/** Downloads of one size. */
export interface Downloads {
  /** Bytes that each still lacks. */
  readonly bytes: number;
  readonly count: number;
}

/** More entries are joined in pairs. */
const MOST_ENTRIES = 64;

/**
 * Simulates a server that shares its line evenly among its downloads (processor sharing). Its
 * virtual clock counts the bytes that each download has got, on which the end of each is known from
 * the start. Times are in milliseconds, speeds in bytes per millisecond.
 */
export class ProcessorSharingModel {
  readonly #speed: number;
  #time: number;
  #served = 0;
  #count = 0;
  /** Ends on the virtual clock, the last one first. */
  readonly #ends: number[] = [];
  readonly #counts: number[] = [];

  constructor(speed: number, time: number) {
    this.#speed = speed;
    this.#time = time;
  }

  get count(): number {
    return this.#count;
  }

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

  /** Advances to this time; removes downloads that end. */
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

  rest(): Downloads[] {
    const rest = this.#ends.map((end, i) => ({
      bytes: end - this.#served,
      count: this.#counts[i]!,
    }));
    return rest.length > MOST_ENTRIES ? joinPairs(rest) : rest;
  }
}

/** Joins neighbours in pairs, so that time and memory are bounded. */
function joinPairs(list: readonly Downloads[]): Downloads[] {
  const joined = list.slice(0, list.length >> 1).map((_, i) => {
    const [a, b] = [list[2 * i]!, list[2 * i + 1]!];
    const count = a.count + b.count;
    return { bytes: (a.bytes * a.count + b.bytes * b.count) / count, count };
  });
  return list.length % 2 === 0 ? joined : [...joined, list.at(-1)!];
}

/** Numbers in an entry: size, count, time. */
const STRIDE = 3;

/**
 * When downloads began, and their sizes, in bounded memory: the more there are, the more share an
 * entry. Kept as plain numbers, since every pick writes it.
 */
export class StartLog {
  #numbers: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(bytes: number, at: number): void {
    if (this.#numbers.length === MOST_ENTRIES * STRIDE) this.#joinPairs();
    this.#numbers.push(bytes, 1, at);
    this.#count++;
  }

  clear(): void {
    this.#numbers = [];
    this.#count = 0;
  }

  /** Forgets downloads that began until a time. */
  dropUntil(time: number): void {
    const numbers = this.#numbers;
    let first = 0;
    while (first < numbers.length && numbers[first + 2]! <= time) {
      this.#count -= numbers[first + 1]!;
      first += STRIDE;
    }
    this.#numbers = numbers.slice(first);
  }

  /** Calls back for each entry, oldest first. */
  replay(info: (bytes: number, count: number, at: number) => void): void {
    const numbers = this.#numbers;
    for (let i = 0; i < numbers.length; i += STRIDE) {
      info(numbers[i]!, numbers[i + 1]!, numbers[i + 2]!);
    }
  }

  #joinPairs(): void {
    const numbers = this.#numbers;
    for (let to = 0, from = 0; from < numbers.length; to += STRIDE, from += 2 * STRIDE) {
      const [a, b] = [numbers[from + 1]!, numbers[from + STRIDE + 1]!];
      numbers[to] = (numbers[from]! * a + numbers[from + STRIDE]! * b) / (a + b);
      numbers[to + 1] = a + b;
      numbers[to + 2] = (numbers[from + 2]! + numbers[from + STRIDE + 2]!) / 2;
    }
    numbers.length /= 2;
  }
}
