import type { Display, Progress } from "./display.ts";

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
