import type { StateRecord } from "./state_record.ts";

/** How a server stands, as far as the log tells. */
export type State = "absent" | "untested" | "available" | "out";

/** From and to, in ms since the epoch. */
export type Span = readonly [from: number, to: number];

/** Which states an event may be told in, and the state that it leads to. */
const TRANSITIONS: Readonly<Record<string, readonly [from: readonly State[], to: State]>> = {
  listed: [["absent"], "untested"],
  unlisted: [["untested", "available", "out"], "absent"],
  available: [["untested"], "available"],
  out: [["untested", "available"], "out"],
  returned: [["out"], "available"],
};

/** What is told of a server and changes nothing, and in which states. */
const REMARKS: Readonly<Record<string, readonly State[]>> = {
  recovering: ["out"],
  different: ["available", "out"],
  untestable: ["untested", "available", "out"],
  retested: ["untested", "available"],
  changed: ["untested", "available", "out"],
};

/** How far what a line says of a span of time may be from the times of the lines, in ms. */
const LEEWAY_MS = 1500;

/** The log of a balancer, read as what it says of each server: every line has to fit the last. */
export class Replay {
  readonly #states = new Map<string, State>();
  /** Changes of each server, the earliest first. */
  readonly #changes = new Map<string, { readonly at: number; readonly state: State }[]>();

  /** Servers that are in the list at first. */
  constructor(servers: readonly string[]) {
    for (const server of servers) this.#states.set(server, "untested");
  }

  /** How a server stands now. */
  stateOf(server: string): State {
    return this.#states.get(server) ?? "absent";
  }

  /** Takes in the next line; says why it makes no sense, if it does not. */
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

  /** When a server was not to get any clients, after it once did; the last span may have no end. */
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
