import { format } from "@std/fmt/bytes";
import { escapeControls } from "../log.ts";

/** What progress is shown on. */
export interface Terminal {
  /** Whether a person is looking. */
  isTerminal(): boolean;
  /** Writes octets. */
  writeSync(octets: Uint8Array): number;
}

const REFRESH_MS = 200;
const COLUMNS = 79;

/** One line about a download, written over itself; nothing at all where no person is looking. */
export class Progress {
  readonly #name: string;
  readonly #terminal: Terminal | undefined;
  #startedAt: number | undefined;
  #shownAt = -Infinity;
  #isShown = false;

  /** For the download of one file. */
  constructor(name: string, terminal: Terminal) {
    this.#name = escapeControls(name);
    this.#terminal = terminal.isTerminal() ? terminal : undefined;
  }

  /**
   * Shows how far the download is, a few times a second at the most.
   *
   * @param received in bytes
   * @param length of the whole, in bytes; undefined when it is not known
   * @param now ms, on any clock that never goes back
   */
  show(received: number, length: number | undefined, now: number): void {
    this.#startedAt ??= now;
    if (this.#terminal === undefined || now - this.#shownAt < REFRESH_MS) return;
    this.#shownAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    const percent = length ? `${Math.floor((received / length) * 100)} % of ${bytes(length)}` : "";
    const speed = seconds > 0 ? `${bytes(received / seconds)}/s` : "";
    const parts = [this.#name, percent || bytes(received), speed];
    this.#write(`\r\x1b[K${parts.filter((part) => part !== "").join("  ").slice(0, COLUMNS)}`);
    this.#isShown = true;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isShown) this.#write("\r\x1b[K");
    this.#isShown = false;
  }

  #write(text: string): void {
    try {
      this.#terminal?.writeSync(new TextEncoder().encode(text));
    } catch {
      // A terminal that has gone away is no reason to give the download up.
    }
  }
}

function bytes(count: number): string {
  return format(Math.round(count), { binary: true, maximumFractionDigits: 1 });
}
