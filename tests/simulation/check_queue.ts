import { randomInteger } from "../support/random.ts";

/** Servers are asked every so many ms. */
export const SLOT_MS = 50;

/** The part of the earned checks that is spent in one slot, so that they last for about a second. */
const SPENT = 0.05;

/** Earned checks that are kept. */
const MOST_EARNED = 1000;

/**
 * Chooses servers to ask for their load, by index, in proportion to redirects: at random those that
 * clients were sent to since they were last asked, and those that were busy then.
 */
export class CheckQueue {
  readonly #perRedirect: number;
  readonly #random: () => number;
  readonly #wanted: number[] = [];
  /** The place of each server in that list; -1 outside. */
  readonly #places: Int32Array;
  #earned = 0;
  /** Fractions of checks that slots left over. */
  #due = 0;

  constructor(servers: number, perRedirect: number, random: () => number) {
    this.#perRedirect = perRedirect;
    this.#random = random;
    this.#places = new Int32Array(servers).fill(-1);
  }

  /** Whether no server is to be asked. */
  get isEmpty(): boolean {
    return this.#wanted.length === 0 || this.#earned < 1;
  }

  /** A client was sent to a server. */
  redirected(server: number): void {
    this.want(server);
    this.#earned = Math.min(MOST_EARNED, this.#earned + this.#perRedirect);
  }

  /** There is something to be learnt of a server. */
  want(server: number): void {
    if (this.#places[server]! < 0) this.#places[server] = this.#wanted.push(server) - 1;
  }

  /** Ends the slot. @returns the servers to ask */
  next(): number[] {
    this.#due = Math.min(this.#due + this.#earned * SPENT, this.#wanted.length);
    const asked: number[] = [];
    while (this.#due >= 1 && this.#earned >= 1) {
      this.#due--;
      this.#earned--;
      asked.push(this.#takeOne());
    }
    return asked;
  }

  #takeOne(): number {
    const place = randomInteger(this.#random, this.#wanted.length);
    const server = this.#wanted[place]!, last = this.#wanted.pop()!;
    this.#places[server] = -1;
    if (last === server) return server;
    this.#wanted[place] = last;
    this.#places[last] = place;
    return server;
  }
}
