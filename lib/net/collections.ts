/**
 * Collections of open connections whose operations take a few ns and leave no garbage.
 *
 * @module
 */

/** A member of one bag, which writes its index. */
export interface Indexed {
  index: number;
}

/**
 * An unordered set. JavaScript's own Set leaves its old table behind, with all members, when it grows
 * or shrinks; then most short connections outlive the first, cheap garbage collection and cost 10 %
 * more.
 */
export class Bag<Member extends Indexed> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Adds one that is not a member. */
  add(member: Member): void {
    member.index = this.#members.length;
    this.#members.push(member);
  }

  delete(member: Member): void {
    if (this.#members[member.index] !== member) return;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#members[member.index] = last;
    last.index = member.index;
  }

  /**
   * All members, the latest first. Members may be added and deleted meanwhile: a deleted one does not
   * come, and one that takes its place may come twice.
   */
  *[Symbol.iterator](): IterableIterator<Member> {
    for (let index = this.#members.length - 1; index >= 0; index--) {
      const member = this.#members[index];
      if (member !== undefined) yield member;
    }
  }
}

/** A connection that can be in the list of idle ones, which writes the first three members. */
export interface Idle {
  nextIdle: Idle | undefined;
  previousIdle: Idle | undefined;
  isListedIdle: boolean;
  /** Closes the connection if it is idle; whether it was. */
  closeIfIdle(): boolean;
}

/** Kept connections that wait for their next request, the longest idle first: a linked list. */
export class IdleList {
  #first: Idle | undefined;
  #last: Idle | undefined;
  /** Called when a connection was added. */
  onAdded: (() => void) | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Adds one at the end, unless it is listed. */
  add(it: Idle): void {
    if (it.isListedIdle) return;
    it.isListedIdle = true;
    it.previousIdle = this.#last;
    if (this.#last === undefined) this.#first = it;
    else this.#last.nextIdle = it;
    this.#last = it;
    this.onAdded?.();
  }

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
