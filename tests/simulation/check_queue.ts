import { randomInteger } from "../support/random.ts";
const env = (name: string, usual: number) => Number(Deno.env.get(name) ?? usual);
export const SLOT_MS = 50;
const FIRST = env("FIRST", 0);
const SPREAD = env("SPREAD", 1), EXPLORE = env("EXPLORE", 0), PERMAX = env("PERMAX", 1e9);

export class CheckQueue {
  readonly #per: number;
  readonly #random: () => number;
  readonly #all: string[] = [];
  readonly #wanted: string[] = [];
  readonly #places = new Map<string, number>();
  #earned = 0;
  #spend = 0;
  readonly #fresh = new Set<string>();
  constructor(per: number, random: () => number) {
    this.#per = per;
    this.#random = random;
  }
  get isEmpty() {
    return this.#fresh.size === 0 && (this.#wanted.length === 0 || this.#earned < 0.01);
  }
  add(a: string) {
    this.#all.push(a);
  }
  want(a: string) {
    if (!this.#places.has(a)) this.#places.set(a, this.#wanted.push(a) - 1);
  }
  redirected(a: string) {
    this.want(a);
    this.#earned = Math.min(this.#earned + this.#per, 1000);
    if (FIRST > 0 && this.#earned >= 1 && this.#random() < FIRST) {
      this.#earned--;
      this.#fresh.add(a);
    }
  }
  next(): string[] {
    this.#spend += Math.min(this.#earned * SPREAD, PERMAX);
    const asked: string[] = [...this.#fresh];
    this.#fresh.clear();
    while (this.#spend >= 1 && this.#earned >= 1 && this.#wanted.length > 0) {
      this.#spend--;
      this.#earned--;
      if (this.#random() < EXPLORE) {
        const a = this.#all[randomInteger(this.#random, this.#all.length)]!;
        if (!asked.includes(a)) asked.push(a);
        continue;
      }
      const place = randomInteger(this.#random, this.#wanted.length);
      const a = this.#wanted[place]!, last = this.#wanted.pop()!;
      this.#places.delete(a);
      if (last !== a) {
        this.#wanted[place] = last;
        this.#places.set(last, place);
      }
      if (!asked.includes(a)) asked.push(a);
    }
    if (this.#wanted.length === 0) this.#spend = Math.min(this.#spend, 1);
    return asked;
  }
}
