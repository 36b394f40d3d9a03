import type { Display } from "./display.ts";
import { escapeControls } from "../log/console.ts";
import { PaceMeter } from "./speed.ts";
import { type Progress, progressLine } from "./progress_text.ts";

/** What progress is drawn on. */
export interface Terminal {
  /** Writes octets. */
  writeSync(octets: Uint8Array): number;
}

const REFRESH_MS = 200;

interface Row {
  readonly meter: PaceMeter;
  progress: Progress;
  perSecond: number | undefined;
}

/** A terminal with one line for each download under way, drawn over themselves, below what stays. */
export class Screen implements Display {
  readonly #terminal: Terminal;
  readonly #columns: () => number;
  readonly #hasColor: boolean;
  readonly #rows = new Map<string, Row>();
  #drawn = 0;
  #drawnAt = -Infinity;

  /** `columns` tells how wide the terminal is at present. */
  constructor(terminal: Terminal, columns: () => number, hasColor: boolean) {
    this.#terminal = terminal;
    this.#columns = columns;
    this.#hasColor = hasColor;
  }

  say(line: string): void {
    this.#write(`${this.#erased()}${escapeControls(line)}\n${this.#lines()}`);
  }

  update(name: string, progress: Progress, now: number): void {
    const row = this.#rows.get(name);
    const meter = row?.meter ?? new PaceMeter();
    const perSecond = meter.measure(progress.received, now);
    this.#rows.set(name, { meter, progress, perSecond });
    if (now - this.#drawnAt < REFRESH_MS) return;
    this.#drawnAt = now;
    this.#write(`${this.#erased()}${this.#lines()}`);
  }

  end(name: string): void {
    if (!this.#rows.delete(name)) return;
    if (this.#drawn > 0) this.#write(`${this.#erased()}${this.#lines()}`);
  }

  /** The lines as they are now. The cursor stays at the end of the last, so that nothing scrolls. */
  #lines(): string {
    const columns = this.#columns();
    const lines = [...this.#rows].map(([name, { progress, perSecond }]) =>
      progressLine(name, progress, { perSecond }, columns, this.#hasColor)
    );
    this.#drawn = lines.length;
    return lines.join("\n");
  }

  /** What takes the lines away. */
  #erased(): string {
    const erased = this.#drawn === 0 ? "" : `\r${"\x1b[K\x1b[A".repeat(this.#drawn - 1)}\x1b[K`;
    this.#drawn = 0;
    return erased;
  }

  #write(text: string): void {
    try {
      if (text !== "") this.#terminal.writeSync(new TextEncoder().encode(text));
    } catch {
      // A terminal that has gone away is no reason to give the download up.
    }
  }
}
