import type { Progress } from "./progress_text.ts";

/** Where a person sees how downloads get on. */
export interface Display {
  /** Shows a line that stays. */
  say(line: string): void;
  /**
   * A download has got on.
   *
   * @param name of the file
   * @param now ms on any clock that never goes back
   */
  update(name: string, progress: Progress, now: number): void;
  /** A download has ended, or waits. */
  end(name: string): void;
}

/** So often a download that goes on says so: silence would be taken for a hang. */
const INTERVAL_MS = 10_000;

/** What a pipe or a log gets: a line now and then, none of which is written over. */
export class Journal implements Display {
  readonly #write: (line: string) => void;
  readonly #due = new Map<string, number>();

  /** `write` writes a line. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  say(line: string): void {
    this.#write(line);
  }

  update(name: string, { received, length, server }: Progress, now: number): void {
    const due = this.#due.get(name);
    if (due === undefined || now < due) {
      if (due === undefined) this.#due.set(name, now + INTERVAL_MS);
      return;
    }
    this.#due.set(name, now + INTERVAL_MS);
    // Most downloads end before: what makes the text is loaded only here.
    import("./progress_text.ts").then(({ sizes }) => {
      if (this.#due.has(name)) this.#write(`${name}: ${sizes(received, length)} from ${server}`);
    }).catch(reportError);
  }

  end(name: string): void {
    this.#due.delete(name);
  }
}
