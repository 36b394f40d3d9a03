import { escapeControlsInJson } from "../../log/console.ts";
import type { Progress } from "./screen.ts";
import { PaceMeter } from "../speed.ts";

/** A download under way. */
interface Running {
  readonly meter: PaceMeter;
  progress: Progress;
  perSecond: number | undefined;
  /** Whether no line tells of it yet. */
  isNew: boolean;
}

/** Progress for programs: lines of JSON, one a second for each download under way. */
export class ProgressLines {
  readonly #write: (line: string) => void;
  readonly #running = new Map<string, Running>();

  /** `write` receives lines without their ends: messages, and JSON objects. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  say(line: string): void {
    this.#write(line);
  }

  update(name: string, progress: Progress, monotonicMs: number): void {
    const { meter } = this.#running.get(name) ?? { meter: new PaceMeter() };
    const perSecond = meter.measure(progress.received, monotonicMs);
    this.#running.set(name, { meter, progress, perSecond, isNew: true });
  }

  /** A second has passed: writes a line for each download, also for one that has got nothing. */
  tick(monotonicMs: number): void {
    for (const [name, running] of this.#running) {
      running.perSecond = running.meter.measure(running.progress.received, monotonicMs);
      this.#tell(name, running);
    }
  }

  /** Writes where the download is now, unless that was told already. */
  end(name: string): void {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (running?.isNew) this.#tell(name, running);
  }

  #tell(name: string, running: Running): void {
    const { progress: { received, length, server }, perSecond } = running;
    running.isNew = false;
    const rest = length === undefined ? undefined : length - received;
    const secondsLeft = rest !== undefined && perSecond ? Math.ceil(rest / perSecond) : null;
    this.#write(escapeControlsInJson(JSON.stringify({
      event: "progress",
      file: name,
      bytes: received,
      length: length ?? null,
      bytesPerSecond: perSecond === undefined ? null : Math.round(perSecond),
      secondsLeft: rest === 0 ? 0 : secondsLeft,
      server,
    })));
  }
}
