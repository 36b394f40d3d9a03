import type { Output } from "../support/process.ts";
import { Replay } from "./replay.ts";
import { parseStateRecord, type StateRecord } from "./state_record.ts";

/** What a balancer says while it runs, read line by line as it comes. */
export class StateLog {
  /** All lines, in their order. */
  readonly records: StateRecord[] = [];
  /** What made no sense. */
  readonly mistakes: string[] = [];
  /** What they add up to. */
  readonly replay: Replay;
  readonly #onRecord = new Set<(record: StateRecord) => void>();

  /** Reads the standard error of a balancer with these servers in its list. */
  constructor(stderr: Output, servers: readonly string[]) {
    this.replay = new Replay(servers);
    this.#read(stderr);
  }

  /** The first line from now on that is of this kind; undefined when none comes in time. */
  next(
    isMeant: (record: StateRecord) => boolean,
    withinMs: number,
  ): Promise<StateRecord | undefined> {
    return new Promise((resolve) => {
      const settle = (record: StateRecord | undefined) => {
        clearTimeout(timer);
        this.#onRecord.delete(onRecord);
        resolve(record);
      };
      const onRecord = (record: StateRecord) => isMeant(record) ? settle(record) : undefined;
      const timer = setTimeout(() => settle(undefined), withinMs);
      this.#onRecord.add(onRecord);
    });
  }

  /** How many lines there are of an event. */
  countOf(event: string): number {
    return this.records.filter((record) => record.event === event).length;
  }

  async #read(stderr: Output): Promise<void> {
    for (;;) {
      const line = await stderr.next(/^/).catch(() => undefined);
      if (line === undefined) return; // It has ended.
      this.#take(line);
    }
  }

  #take(line: string): void {
    const record = parseStateRecord(line);
    if (record === undefined) return void this.mistakes.push(`this is no record: ${line}`);
    this.records.push(record);
    const mistake = this.replay.take(record);
    if (mistake !== undefined) this.mistakes.push(`${mistake}: ${line}`);
    for (const onRecord of [...this.#onRecord]) onRecord(record);
  }
}
