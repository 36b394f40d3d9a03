import type { OutputOptions, Placed } from "./output.ts";
import { attempt, moveOver, moveToNew, takeAfter } from "./place_file.ts";

/** Gives a part file that is whole the name of its file, and knows how far that has come. */
export class Placement {
  readonly #name: string;
  readonly #partName: string;
  readonly #options: OutputOptions;
  /** What is good to have, and the file system has not. */
  readonly #lacks: string[] = [];
  #hasBegun = false;
  #isOverwriting = false;
  #proposed: string | undefined;

  /** Of one part file. */
  constructor(name: string, partName: string, options: OutputOptions) {
    this.#name = name;
    this.#partName = partName;
    this.#options = options;
  }

  /** Whether the part file may have its name already. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether a file is being overwritten with it. */
  get isOverwriting(): boolean {
    return this.#isOverwriting;
  }

  /** The proposed name that it gets, or has got; undefined for its own. */
  get proposed(): string | undefined {
    return this.#proposed;
  }

  /** Tries what is good to have, and no condition; `what` it would have then. */
  async attempt(what: string, operation: () => Promise<unknown> | unknown): Promise<void> {
    if (await attempt(operation)) this.#lacks.push(what);
  }

  /** The file system does not let the part file have this. */
  lack(what: string): void {
    this.#lacks.push(what);
  }

  /**
   * Gives it the proposed name, if it is free, or its own; and takes away no other file that is to
   * stay.
   */
  async place(proposed: string | undefined): Promise<Placed> {
    const { keepsExisting, replaced, onNotice } = this.#options;
    this.#hasBegun = true;
    if (proposed !== undefined && proposed !== this.#name) {
      this.#proposed = proposed;
      if (await moveToNew(this.#partName, proposed)) return "proposed";
      this.#proposed = undefined;
      onNotice?.(`${proposed} is there by now: it stays as it is`);
    }
    if (keepsExisting) return await moveToNew(this.#partName, this.#name) ? "own" : "taken";
    if (replaced !== undefined) {
      await this.attempt("its mode", () => takeAfter(this.#partName, replaced));
    }
    const isKnown = replaced?.isMountPoint === true;
    const onOverwrite = () => {
      this.#isOverwriting = true;
    };
    if (await moveOver(this.#partName, this.#name, isKnown, onOverwrite) && !isKnown) {
      onNotice?.(`${this.#name} cannot be replaced: its content was overwritten`);
    }
    return "own";
  }

  /** Tells of all that the file system has not, in one line. */
  tellLacks(): void {
    if (this.#lacks.length === 0) return;
    this.#options.onNotice?.(`the file system does not let it have ${this.#lacks.join(", ")}`);
  }
}
