/** Bisection steps when a speed is sought: an error of a thousandth. */
const HALVINGS = 12;

/**
 * Estimates what a server still has to send, from the clients sent there and from probes. Times are
 * in milliseconds, speeds in bytes per millisecond.
 */
export class LoadEstimate {
  speed: number;
  /** When it will have sent everything. */
  until: number;
  /** Bytes assigned since its last measurement. */
  unproven = 0;
  /** When it was last measured, and what it still had to send then. */
  #measuredAt: number;
  #rest: readonly Downloads[] = [];
  /** Downloads begun since. */
  readonly #starts = new StartLog();

  /** A server that was measured while it was idle. */
  constructor(speed: number, monotonicMs: number) {
    this.speed = speed;
    this.until = monotonicMs;
    this.#measuredAt = monotonicMs;
  }

  /**
   * Adds the download of a client.
   *
   * @param bytes its expected size
   * @param guess its size in later replays
   */
  add(bytes: number, guess: number, monotonicMs: number): void {
    this.#starts.add(guess, monotonicMs);
    this.unproven += bytes;
    this.until = Math.max(this.until, monotonicMs) + bytes / this.speed;
  }

  /**
   * Applies a probe. It saw its `throughput` beside k downloads, 1/(k + 1) of the speed. k itself
   * depends on the speed: only one speed explains the throughput, since a greater one leaves fewer
   * downloads and would have shown more.
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

  /** Simulates the time since the last measurement at this speed. */
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

/** The mean while no size is known. */
const USUAL_BYTES = 64 * 1024 * 1024;

/** The least weight of one file in the mean. */
const MIN_SAMPLE_WEIGHT = 0.01;

/** Ratio of the sizes of neighbouring classes. */
const STEP = 4;

/** Classes below and above that of the mean. */
const STEPS = 2;

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The sizes of requested files, in bytes. */
export class FileSizes {
  #mean = USUAL_BYTES;
  #seen = 0;
  #guesses = 0;
  /** The mean when the classes were made. */
  #middle = USUAL_BYTES;

  /** The mean of the latest files of known size. */
  get mean(): number {
    return this.#mean;
  }

  /** Makes classes around the current mean, and returns the middle of each. */
  classes(): number[] {
    this.#middle = this.#mean;
    return Array.from({ length: 2 * STEPS + 1 }, (_, i) => this.#middle * STEP ** (i - STEPS));
  }

  /** Adds a file to the mean, if its size is known and not 0, as for HEAD. */
  add(bytes: number | undefined): void {
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return;
    const weight = Math.max(MIN_SAMPLE_WEIGHT, 1 / ++this.#seen);
    this.#mean = Math.max(1, this.#mean + weight * (bytes - this.#mean));
  }

  /** The class of a file. */
  classOf(bytes: number | undefined): number {
    if (bytes === 0) return 0;
    if (bytes === undefined || !(bytes > 0 && bytes < Infinity)) return STEPS;
    const steps = Math.round(Math.log2(Math.max(1, bytes) / this.#middle) / Math.log2(STEP));
    return STEPS + Math.max(-STEPS, Math.min(STEPS, steps));
  }

  /**
   * A size for a file of unknown size. The sizes are distributed exponentially, as file sizes are
   * roughly: if all were equal, downloads that began together would seem to end together.
   */
  guess(): number {
    this.#guesses = (this.#guesses + GOLDEN) % 1;
    return -this.#mean * Math.log(1 - this.#guesses);
  }
}
