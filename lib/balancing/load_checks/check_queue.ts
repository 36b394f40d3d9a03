/**
 * Which servers are asked for their load, and when: those that clients are sent to, and now and then
 * others. Pure.
 *
 * @module
 */

/** Time is divided into slots of so many ms. A server is asked at most once in a slot. */
export const SLOT_MS = 50;

/** Slots in a second. */
const SLOTS = 1000 / SLOT_MS;

/** Servers asked in one slot, which bounds what checks cost: 100 a second. */
const MOST_IN_SLOT = 5;

/** The part of all checks that goes to servers whatever clients are sent there. */
const EXPLORING = 1 / 5;

/** Of so many servers, drawn at random, the one that was asked longest ago is explored. */
const DRAWS = 4;

/** A server that can be asked. */
interface Member {
  /** Its place among the servers that are explored; undefined if it is not. */
  place: number | undefined;
  /** The number of the slot in which it was asked last. */
  askedIn: number;
}

/** Chooses servers, known by authority, in proportion to the clients that are sent to them. */
export class CheckQueue {
  readonly #perRedirect: number;
  readonly #random: () => number;
  readonly #members = new Map<string, Member>();
  readonly #explored: string[] = [];
  /** Servers to ask in this slot and those that follow, in a ring. */
  readonly #slots: Set<string>[] = Array.from({ length: SLOTS }, () => new Set());
  #slot = 0;
  #waiting = 0;
  /** Checks that redirects have earned, and how many of them the next check costs. */
  #earned = 0;
  #cost: number;

  /**
   * Has no server to ask.
   *
   * @param perRedirect checks for each client that is redirected, on average
   * @param random evenly distributed, at least 0 and less than 1
   */
  constructor(perRedirect: number, random: () => number) {
    this.#perRedirect = perRedirect;
    this.#random = random;
    this.#cost = this.#nextCost();
  }

  /** Whether no server is to be asked. */
  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** A server can be asked. @param isExplored also if no clients are sent there */
  add(authority: string, isExplored: boolean): void {
    if (this.#members.has(authority)) return;
    const place = isExplored ? this.#explored.push(authority) - 1 : undefined;
    this.#members.set(authority, { place, askedIn: -1 });
  }

  /** A server cannot be asked any more. */
  delete(authority: string): void {
    const place = this.#members.get(authority)?.place;
    this.#members.delete(authority);
    if (place === undefined) return;
    const last = this.#explored.pop()!;
    if (last === authority) return;
    this.#explored[place] = last;
    this.#members.get(last)!.place = place;
  }

  /** A client was redirected. Takes constant time, and next to none while the slot is full. */
  redirected(authority: string): void {
    const slot = this.#slots[this.#slot % SLOTS]!;
    if (slot.size === MOST_IN_SLOT || this.#members.size === 0) return;
    this.#earned += this.#perRedirect;
    while (this.#earned >= this.#cost) this.#put(slot, authority);
  }

  /**
   * Clients were redirected within the last second, as workers report them: their checks are spread
   * over the next one.
   *
   * @param counts clients by server
   */
  counted(counts: Readonly<Record<string, number>>): void {
    if (this.#members.size === 0) return;
    const entries = Object.entries(counts);
    const clients = entries.reduce((sum, [, count]) => sum + count, 0);
    const perRedirect = Math.min(this.#perRedirect, SLOTS * MOST_IN_SLOT / clients);
    for (const [authority, count] of entries) {
      this.#earned += count * perRedirect;
      while (this.#earned >= this.#cost) {
        const later = Math.floor(this.#random() * SLOTS);
        this.#put(this.#slots[(this.#slot + later) % SLOTS]!, authority);
      }
    }
  }

  /** Ends the slot. @returns the servers to ask, each once */
  next(): string[] {
    const slot = this.#slots[this.#slot % SLOTS]!;
    const asked = [...slot].filter((it) => this.#members.has(it));
    for (const it of asked) this.#members.get(it)!.askedIn = this.#slot;
    this.#waiting -= slot.size;
    slot.clear();
    this.#slot++;
    return asked;
  }

  /** Some server is to be asked in this slot, whatever clients get there. */
  explore(): void {
    this.#add(this.#slots[this.#slot % SLOTS]!, this.#explorable());
  }

  /** Of some servers at random, the one that was asked longest ago; undefined if there is none. */
  #explorable(): string | undefined {
    let oldest: string | undefined;
    let askedIn = Infinity;
    for (let draw = 0; draw < DRAWS && this.#explored.length > 0; draw++) {
      const drawn = this.#explored[Math.floor(this.#random() * this.#explored.length)]!;
      const member = this.#members.get(drawn)!;
      if (member.askedIn >= askedIn) continue;
      oldest = drawn;
      askedIn = member.askedIn;
    }
    return oldest;
  }

  #put(slot: Set<string>, authority: string): void {
    this.#earned -= this.#cost;
    this.#cost = this.#nextCost();
    this.#add(slot, this.#random() < EXPLORING ? this.#explorable() : authority);
  }

  #add(slot: Set<string>, authority: string | undefined): void {
    if (authority === undefined || !this.#members.has(authority)) return;
    if (slot.size === MOST_IN_SLOT || slot.has(authority)) return;
    slot.add(authority);
    this.#waiting++;
  }

  /** 1 on average: of clients that are sent to servers in turn, not always the same earn a check. */
  #nextCost(): number {
    return 0.5 + this.#random();
  }
}
