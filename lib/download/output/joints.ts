import type { Pieces } from "./part_record.ts";
import { isSameTail, type Joint } from "./resume.ts";

/** What a part has, and how it is read. */
interface Content {
  /** What is there at present. */
  readonly pieces: () => Pieces;
  /** The bytes from a position up to another, which are there. */
  readonly read: (from: number, to: number) => Uint8Array;
}

/**
 * Positions in a content where bytes of one answer follow those of another, each with bytes that must
 * stand before it. They are compared as soon as all of these are there.
 */
export class Joints {
  readonly #content: Content;
  #list: Joint[] = [];

  constructor(content: Content) {
    this.#content = content;
  }

  clear(): void {
    this.#list = [];
  }

  /** Adds a joint that cannot hold yet: a byte before it is missing. */
  add(joint: Joint): void {
    this.#list.push(joint);
  }

  /** Adds a joint unless it can be told by now. @returns whether it holds, as far as can be told */
  join(joint: Joint): boolean {
    if (this.#isDue(joint)) return this.#holds(joint);
    this.add(joint);
    return true;
  }

  /** The first that does not hold, of those that can be told by now; none of them stays. */
  takeBroken(): Joint | undefined {
    const due = this.#list.filter((it) => this.#isDue(it));
    if (due.length > 0) this.#list = this.#list.filter((it) => !due.includes(it));
    return due.find((it) => !this.#holds(it));
  }

  /** Whether what a joint is compared with is there. */
  #isDue({ position, before }: Joint): boolean {
    return this.#content.pieces().has(position - before.length, position);
  }

  #holds({ position, before }: Joint): boolean {
    return isSameTail(before, this.#content.read(position - before.length, position));
  }
}
