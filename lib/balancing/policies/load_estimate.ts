/** Halvings of the interval in which a speed is sought; so many leave an error of a thousandth. */
const HALVINGS = 12;

/**
 * What one server still has to send, as far as that can be known from outside: who was sent there
 * and when, and what a probe saw now and then. Times are in milliseconds and speeds in octets per
 * millisecond.
 */
export class LoadEstimate {
  /** What it sends in all, to everybody together. */
  speed: number;
  /** When it will have sent everything. */
  until: number;
  /** Octets that clients were sent here for since it was last measured. */
  unproven = 0;
  /** When it was last measured, and what it still had to send then. */
  #measuredAt: number;
  #rest: readonly Downloads[] = [];
  /** What was begun since. */
  readonly #starts = new StartLog();

  /** Of a server that was measured while it had nothing else to do. */
  constructor(speed: number, monotonicMs: number) {
    this.speed = speed;
    this.until = monotonicMs;
    this.#measuredAt = monotonicMs;
  }

  /**
   * A client is sent here.
   *
   * @param bytes what is to be expected of the file
   * @param guess what the file is taken to be when this is played again
   */
  add(bytes: number, guess: number, monotonicMs: number): void {
    this.#starts.add(guess, monotonicMs);
    this.unproven += bytes;
    this.until = Math.max(this.until, monotonicMs) + bytes / this.speed;
  }

  /**
   * A probe saw its `throughput` beside k downloads, that is 1/(k + 1) of the speed. How many there
   * still are depends on how fast they went: of all speeds, only one explains what was seen, since
   * a greater one leaves fewer downloads, and so would have shown more.
   */
  measure(throughput: number, monotonicMs: number): void {
    const atFirst = this.#rest.reduce((sum, { count }) => sum + count, 0);
    let low = throughput;
    let high = throughput * (1 + atFirst + this.#starts.count);
    for (let i = 0; i < HALVINGS && low < high; i++) {
      const speed = Math.sqrt(low * high);
      if (speed / (1 + this.#replay(speed, monotonicMs).count) < throughput) low = speed;
      else high = speed;
    }
    this.speed = Math.sqrt(low * high);
    this.#rest = this.#replay(this.speed, monotonicMs).rest();
    this.#measuredAt = monotonicMs;
    this.#starts.clear();
    const bytes = this.#rest.reduce((sum, it) => sum + it.bytes * it.count, 0);
    this.until = monotonicMs + bytes / this.speed;
    this.unproven = 0;
  }

  /** What would have happened since the last measurement, had this been the speed. */
  #replay(speed: number, monotonicMs: number): ProcessorSharingModel {
    const replay = new ProcessorSharingModel(speed, this.#measuredAt);
    for (const { bytes, count } of this.#rest) replay.add(bytes, count);
    this.#starts.replay((bytes, count, at) => {
      replay.runTo(at);
      replay.add(bytes, count);
    });
    replay.runTo(monotonicMs);
    return replay;
  }
}

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

/** Numbers in an entry: size, count, time. */
const STRIDE = 3;

/**
 * When clients were sent to a server, and for how many octets, in bounded memory: the more there
 * are, the more of them stand together in one entry. Kept as plain numbers, since it is written at
 * every pick.
 */
export class StartLog {
  #numbers: number[] = [];
  #count = 0;

  /** How many clients there were. */
  get count(): number {
    return this.#count;
  }

  /** Puts one down. */
  add(bytes: number, at: number): void {
    if (this.#numbers.length === MOST_ENTRIES * STRIDE) this.#joinPairs();
    this.#numbers.push(bytes, 1, at);
    this.#count++;
  }

  /** Forgets all. */
  clear(): void {
    this.#numbers = [];
    this.#count = 0;
  }

  /** Tells of all, oldest first. */
  replay(tell: (bytes: number, count: number, at: number) => void): void {
    const numbers = this.#numbers;
    for (let i = 0; i < numbers.length; i += STRIDE) {
      tell(numbers[i]!, numbers[i + 1]!, numbers[i + 2]!);
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
