/** Octets from a position up to, and without, another. */
export type Piece = readonly [first: number, end: number];

/** Which octets of a content are there, when they did not come in their order. Pure. */
export class Pieces {
  /** In ascending order, none touching the next. */
  #list: readonly Piece[] = [];

  /** These are there, in any order. */
  constructor(list: Iterable<Piece> = []) {
    for (const [first, end] of list) this.add(first, end);
  }

  /** Those that are there: in ascending order, none touching the next. */
  get list(): readonly Piece[] {
    return this.#list;
  }

  /** How many octets are there in all. */
  get octets(): number {
    return this.#list.reduce((sum, [first, end]) => sum + end - first, 0);
  }

  /** How many are there from the start on, with none missing. */
  get prefix(): number {
    const [first, end] = this.#list[0] ?? [0, 0];
    return first === 0 ? end : 0;
  }

  /** These are there as well. */
  add(first: number, end: number): void {
    if (first >= end) return;
    const before = this.#list.filter((it) => it[1] < first);
    const behind = this.#list.filter((it) => it[0] > end);
    const touching = this.#list.slice(before.length, this.#list.length - behind.length);
    const from = Math.min(first, ...touching.map((it) => it[0]));
    const to = Math.max(end, ...touching.map((it) => it[1]));
    this.#list = [...before, [from, to], ...behind];
  }

  /** These are there no more. */
  remove(first: number, end: number): void {
    this.#list = this.#list.flatMap(([a, b]): Piece[] => [[a, Math.min(b, first)], [
      Math.max(a, end),
      b,
    ]]).filter(([a, b]) => a < b);
  }

  /** Whether all of these are there. */
  has(first: number, end: number): boolean {
    return this.#list.some((it) => it[0] <= first && end <= it[1]);
  }

  /** What is missing of a content of that length, in ascending order. */
  holes(length: number): Piece[] {
    const firsts = [0, ...this.#list.map(([, end]) => end)];
    const ends = [...this.#list.map(([first]) => first), length];
    return firsts.map((first, i) => [first, ends[i]!] as const).filter(([a, b]) => a < b);
  }
}
