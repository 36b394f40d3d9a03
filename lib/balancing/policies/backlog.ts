import { type Downloads, ProcessorSharingModel } from "./replay.ts";
import { StartLog } from "./start_log.ts";

/** Halvings of the interval in which a speed is sought; so many leave an error of a thousandth. */
const HALVINGS = 12;

/**
 * What one server still has to send, as far as that can be known from outside: who was sent there
 * and when, and what a probe saw now and then. Times are in milliseconds and speeds in octets per
 * millisecond.
 */
export class LoadEstimate {
  /** What it sends in all, to everybody together. */
  speed: number;
  /** When it will have sent everything. */
  until: number;
  /** Octets that clients were sent here for since it was last measured. */
  unproven = 0;
  /** When it was last measured, and what it still had to send then. */
  #measuredAt: number;
  #rest: readonly Downloads[] = [];
  /** What was begun since. */
  readonly #starts = new StartLog();

  /** Of a server that was measured while it had nothing else to do. */
  constructor(speed: number, monotonicMs: number) {
    this.speed = speed;
    this.until = monotonicMs;
    this.#measuredAt = monotonicMs;
  }

  /**
   * A client is sent here.
   *
   * @param bytes what is to be expected of the file
   * @param guess what the file is taken to be when this is played again
   */
  add(bytes: number, guess: number, monotonicMs: number): void {
    this.#starts.add(guess, monotonicMs);
    this.unproven += bytes;
    this.until = Math.max(this.until, monotonicMs) + bytes / this.speed;
  }

  /**
   * A probe saw its `throughput` beside k downloads, that is 1/(k + 1) of the speed. How many there
   * still are depends on how fast they went: of all speeds, only one explains what was seen, since
   * a greater one leaves fewer downloads, and so would have shown more.
   */
  measure(throughput: number, monotonicMs: number): void {
    const atFirst = this.#rest.reduce((sum, { count }) => sum + count, 0);
    let low = throughput;
    let high = throughput * (1 + atFirst + this.#starts.count);
    for (let i = 0; i < HALVINGS && low < high; i++) {
      const speed = Math.sqrt(low * high);
      if (speed / (1 + this.#replay(speed, monotonicMs).count) < throughput) low = speed;
      else high = speed;
    }
    this.speed = Math.sqrt(low * high);
    this.#rest = this.#replay(this.speed, monotonicMs).rest();
    this.#measuredAt = monotonicMs;
    this.#starts.clear();
    const bytes = this.#rest.reduce((sum, it) => sum + it.bytes * it.count, 0);
    this.until = monotonicMs + bytes / this.speed;
    this.unproven = 0;
  }

  /** What would have happened since the last measurement, had this been the speed. */
  #replay(speed: number, monotonicMs: number): ProcessorSharingModel {
    const replay = new ProcessorSharingModel(speed, this.#measuredAt);
    for (const { bytes, count } of this.#rest) replay.add(bytes, count);
    this.#starts.replay((bytes, count, at) => {
      replay.runTo(at);
      replay.add(bytes, count);
    });
    replay.runTo(monotonicMs);
    return replay;
  }
}
