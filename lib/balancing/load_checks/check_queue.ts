/** Time is divided into slots of so many ms. A server is asked at most once in a slot. */
export const SLOT_MS = 50;

/** The part of the earned checks that is spent in one slot, so that they last for about a second. */
const SPENT = 1 / 20;

/** Earned checks that are kept. This bounds what checks cost: to 5 in a slot, 100 a second. */
const MOST_EARNED = 100;

/** The part of all checks that goes to the server that the next client would be sent to. */
const NEXT = 1 / 2;

/** Items of which one is drawn at random in constant time. */
class Urn<T> {
  readonly #items: T[] = [];
  readonly #places = new Map<T, number>();

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#places.has(item);
  }

  add(item: T): void {
    if (!this.#places.has(item)) this.#places.set(item, this.#items.push(item) - 1);
  }

  delete(item: T): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#items[place] = last;
    this.#places.set(last, place);
  }

  /** One of them, which stays; undefined if there is none. @param random at least 0, less than 1 */
  drawn(random: number): T | undefined {
    return this.#items[Math.floor(random * this.#items.length)];
  }
}

/** How a queue chooses. */
export interface CheckQueueOptions<T> {
  /** Checks for each client that is redirected, on average. */
  readonly perRedirect: number;
  /** Evenly distributed, at least 0 and less than 1. */
  readonly random: () => number;
  /** The server that the next client would be sent to, as far as that is known. */
  readonly next: () => T | undefined;
}

/**
 * Chooses which servers are asked for their load, and when, in proportion to redirects. Half of the
 * checks go to the server that the next client would be sent to: another balancer may have sent its
 * clients there. The others go at random to those of which there is something to learn, since clients
 * were sent there after they were last asked, or they were busy then. A server that was just picked
 * has nothing new to say yet; so what redirects earn is spent over about a second. Servers are known by
 * keys. Pure.
 */
export class CheckQueue<T> {
  readonly #options: CheckQueueOptions<T>;
  /** Servers that can be asked, and those of them that are to be. */
  readonly #known = new Urn<T>();
  readonly #wanted = new Urn<T>();
  /** Those to be asked in this slot, whatever is earned. */
  readonly #urgent = new Set<T>();
  /** Those that were asked in the slot before. */
  #asked: ReadonlySet<T> = new Set();
  #earned = 0;
  /** Fractions of checks that slots left over. */
  #due = 0;

  /** Has no server to ask. */
  constructor(options: CheckQueueOptions<T>) {
    this.#options = options;
  }

  /** Whether no server is to be asked. */
  get isEmpty(): boolean {
    return this.#urgent.size === 0 && (this.#known.size === 0 || this.#earned < 1);
  }

  /** A server can be asked. */
  add(server: T): void {
    this.#known.add(server);
  }

  /** A server cannot be asked any more. */
  delete(server: T): void {
    this.#known.delete(server);
    this.#wanted.delete(server);
    this.#urgent.delete(server);
  }

  /** Clients were redirected to a server. Takes constant time. */
  redirected(server: T, clients = 1): void {
    this.want(server);
    if (this.#known.size === 0) return;
    this.#earned = Math.min(MOST_EARNED, this.#earned + clients * this.#options.perRedirect);
  }

  /** There is something to learn of a server. */
  want(server: T): void {
    if (this.#known.has(server)) this.#wanted.add(server);
  }

  /** Some server is to be asked in this slot, whatever clients get there. */
  wantAny(): void {
    const server = this.#known.drawn(this.#options.random());
    if (server !== undefined) this.#urgent.add(server);
  }

  /** Ends the slot. @returns the servers to ask, each once */
  next(): T[] {
    this.#due = Math.min(this.#due + this.#earned * SPENT, this.#known.size);
    for (; this.#due >= 1 && this.#earned >= 1; this.#due--, this.#earned--) {
      const server = this.#draw();
      if (server === undefined) continue;
      this.#wanted.delete(server);
      this.#urgent.add(server);
    }
    this.#asked = new Set(this.#urgent);
    this.#urgent.clear();
    return [...this.#asked];
  }

  #draw(): T | undefined {
    const { random, next } = this.#options;
    const server = random() < NEXT ? next() : undefined;
    const isNew = server !== undefined && this.#known.has(server) &&
      !this.#urgent.has(server) && !this.#asked.has(server);
    return isNew ? server : this.#wanted.drawn(random());
  }
}
