/** Entries before neighbours are put together. */
const MOST_ENTRIES = 64;

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
