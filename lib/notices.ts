import { say } from "./log.ts";

/**
 * What a role says on standard error while it runs: a line of text, or of JSON with the time, for
 * programs.
 */
export class Notices {
  readonly #name: string;
  readonly #isJson: boolean;
  readonly #now: () => number;
  readonly #say: (line: string) => void;

  /**
   * Says nothing yet.
   *
   * @param name that of the role, before every line of text
   * @param now in ms since the epoch
   */
  constructor(name: string, isJson: boolean, now: () => number, sayLine = say) {
    this.#name = name;
    this.#isJson = isJson;
    this.#now = now;
    this.#say = sayLine;
  }

  /**
   * Says something.
   *
   * @param words for people
   * @param record the same for programs: `event` and what belongs to it
   */
  readonly tell = (words: string, record: object = { event: "notice", message: words }): void => {
    if (!this.#isJson) return this.#say(`${this.#name}: ${words}`);
    this.#say(JSON.stringify({ time: new Date(this.#now()).toISOString(), ...record }));
  };

  /** What must not happen is told, and ends nothing. */
  readonly tellError = (error: unknown): void => {
    this.tell(error instanceof Error ? error.message : String(error));
  };
}
