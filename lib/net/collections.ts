/**
 * What open connections stand in: adding and taking out cost some ns each and leave no garbage.
 *
 * @module
 */

/** Something that can stand in one bag. */
export interface Indexed {
  /** Where it stands; the bag's own to write. */
  index: number;
}

/**
 * An unordered set. JavaScript's own Set, when it makes itself anew, leaves its old
 * table behind with all that stood in it, and of a thousand connections a second most then outlive
 * the collector's first, cheap look at them: a short connection cost 10 % more.
 */
export class Bag<Member extends Indexed> {
  readonly #members: Member[] = [];

  /** How many there are. */
  get size(): number {
    return this.#members.length;
  }

  /** Adds one that is not there. */
  add(member: Member): void {
    member.index = this.#members.length;
    this.#members.push(member);
  }

  /** Takes one away, if it is there. */
  delete(member: Member): void {
    if (this.#members[member.index] !== member) return;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#members[member.index] = last;
    last.index = member.index;
  }

  /**
   * All of them, the latest first. Members may be added and taken away meanwhile: those that are
   * taken away do not come any more, and one that takes the place of another may come twice.
   */
  *[Symbol.iterator](): IterableIterator<Member> {
    for (let index = this.#members.length - 1; index >= 0; index--) {
      const member = this.#members[index];
      if (member !== undefined) yield member;
    }
  }
}

/** A connection that can stand in the list of idle ones. */
export interface Idle {
  /** The one that has been idle next longest; the list's own to write, as the two below. */
  nextIdle: Idle | undefined;
  /** The one that became idle just before. */
  previousIdle: Idle | undefined;
  /** Whether it is in the list. */
  isListedIdle: boolean;
  /** Closes the connection if it is idle; whether it was. */
  closeIfIdle(): boolean;
}

/**
 * Kept connections that wait for their next request, the longest idle first. A linked list, since
 * each request takes its connection out and puts it back in: some ns, without garbage.
 */
export class IdleList {
  #first: Idle | undefined;
  #last: Idle | undefined;
  /** Called when a connection has become idle. */
  onAdded: (() => void) | undefined;

  /** Whether no connection is idle. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Adds one as the latest. One that is listed keeps its place. */
  add(it: Idle): void {
    if (it.isListedIdle) return;
    it.isListedIdle = true;
    it.previousIdle = this.#last;
    if (this.#last === undefined) this.#first = it;
    else this.#last.nextIdle = it;
    this.#last = it;
    this.onAdded?.();
  }

  /** Takes one out, if it is listed. */
  delete(it: Idle): void {
    if (!it.isListedIdle) return;
    it.isListedIdle = false;
    const { previousIdle: previous, nextIdle: next } = it;
    if (previous === undefined) this.#first = next;
    else previous.nextIdle = next;
    if (next === undefined) this.#last = previous;
    else next.previousIdle = previous;
    it.previousIdle = it.nextIdle = undefined;
  }

  /** Closes the longest idle connection; false when none is idle. */
  closeLongest(): boolean {
    for (let it = this.#first; it !== undefined; it = this.#first) {
      this.delete(it);
      if (it.closeIfIdle()) return true; // Otherwise a request has just arrived.
    }
    return false;
  }
}
