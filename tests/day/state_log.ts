/**
 * The log of a balancer with `--log=json`, read line by line while it runs: every line has to fit
 * the lines before it.
 *
 * @module
 */

import type { Output } from "../support/process.ts";

/** How one server did in a round. */
export interface RoundTime {
  /** `host:port`. */
  readonly server: string;
  /** Of its last transfer that passed. */
  readonly elapsedMs: number;
}

/** A line of a balancer's standard error with `--log=json`; its fields depend on `event`. */
export interface StateRecord {
  /** In ms since the epoch, by the balancer's clock. */
  readonly at: number;
  readonly event: string;
  /** The line as it was. */
  readonly line: string;
  /** The server concerned, `host:port`. */
  readonly server?: string;
  /** How long a server that returns was out. */
  readonly outMs?: number;
  /** In the list. */
  readonly servers?: number;
  readonly available?: number;
  /** The servers of a round. */
  readonly fastest?: readonly RoundTime[];
  /** In words. */
  readonly message?: string;
}

/** Reads a line; undefined when it is no object with a time and an event. */
export function parseStateRecord(line: string): StateRecord | undefined {
  try {
    const value = JSON.parse(line);
    const at = Date.parse(value.time);
    return Number.isNaN(at) || typeof value.event !== "string" ? undefined : { ...value, at, line };
  } catch {
    return undefined;
  }
}

/** The state of a server, by the log. */
export type State = "absent" | "untested" | "available" | "out";

/** From and to, in ms since the epoch. */
export type Span = readonly [from: number, to: number];

/** The states that an event may be logged in, and the state that it leads to. */
const TRANSITIONS: Readonly<Record<string, readonly [from: readonly State[], to: State]>> = {
  listed: [["absent"], "untested"],
  unlisted: [["untested", "available", "out"], "absent"],
  available: [["untested"], "available"],
  out: [["untested", "available"], "out"],
  returned: [["out"], "available"],
};

/** Events that do not change the state, and the states that each may be logged in. */
const REMARKS: Readonly<Record<string, readonly State[]>> = {
  recovering: ["out"],
  different: ["available", "out"],
  untestable: ["untested", "available", "out"],
  retested: ["untested", "available"],
  changed: ["untested", "available", "out"],
};

/** How far a duration in a line may differ from the times of the lines, in ms. */
const LEEWAY_MS = 1500;

/** The states of all servers, by the lines of the log. */
export class LoggedStates {
  readonly #states = new Map<string, State>();
  /** Changes of each server, the earliest first. */
  readonly #changes = new Map<string, { readonly at: number; readonly state: State }[]>();

  /** Servers that are in the list at first. */
  constructor(servers: readonly string[]) {
    for (const server of servers) this.#states.set(server, "untested");
  }

  /** The present state of a server. */
  stateOf(server: string): State {
    return this.#states.get(server) ?? "absent";
  }

  /** Takes the next line; returns why it does not fit, or undefined when it does. */
  take(record: StateRecord): string | undefined {
    if (record.event === "round") return this.#checkRound(record);
    const { server, event, at } = record;
    if (server === undefined) return undefined;
    const state = this.stateOf(server);
    const transition = TRANSITIONS[event];
    if (transition === undefined) {
      const isFit = REMARKS[event]?.includes(state) ?? false;
      return isFit ? undefined : `${server} was told "${event}" while it was ${state}`;
    }
    const [from, to] = transition;
    const mistake = event === "returned" ? this.#checkReturn(server, record) : undefined;
    this.#states.set(server, to);
    const changes = this.#changes.get(server) ?? [];
    this.#changes.set(server, [...changes, { at, state: to }]);
    return from.includes(state) ? mistake : `${server} was told "${event}" while it was ${state}`;
  }

  /** When a server was to get no clients after it once was available; the last span may be open. */
  spansWithout(server: string): Span[] {
    const spans: Span[] = [];
    let from: number | undefined;
    for (const { at, state } of this.#changes.get(server) ?? []) {
      if (state !== "available") {
        from ??= at;
      } else if (from !== undefined) {
        spans.push([from, at]);
        from = undefined;
      }
    }
    return from === undefined ? spans : [...spans, [from, Infinity]];
  }

  #checkReturn(server: string, { at, outMs }: StateRecord): string | undefined {
    const last = this.#changes.get(server)?.at(-1);
    if (last?.state !== "out") return undefined; // Told by its state.
    const actual = at - last.at;
    if (outMs !== undefined && Math.abs(outMs - actual) <= LEEWAY_MS) return undefined;
    return `${server} was out for ${actual} ms, and the log says ${outMs}`;
  }

  #checkRound({ servers, available }: StateRecord): string | undefined {
    const states = [...this.#states.values()];
    const listed = states.filter((state) => state !== "absent").length;
    const open = states.filter((state) => state === "available").length;
    if (servers === listed && available === open) return undefined;
    return `a round says ${available} of ${servers} are available; it should be ${open} of ${listed}`;
  }
}

/** The lines of a running balancer. */
export class StateLog {
  readonly records: StateRecord[] = [];
  /** Lines that do not fit, each with the reason. */
  readonly mistakes: string[] = [];
  readonly states: LoggedStates;
  readonly #onRecord = new Set<(record: StateRecord) => void>();

  /** Reads the standard error of a balancer with these servers in its list. */
  constructor(stderr: Output, servers: readonly string[]) {
    this.states = new LoggedStates(servers);
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
    const mistake = this.states.take(record);
    if (mistake !== undefined) this.mistakes.push(`${mistake}: ${line}`);
    for (const onRecord of [...this.#onRecord]) onRecord(record);
  }
}
