import type { FarmServer } from "../harness/farm_server.ts";
import { childrenOf } from "../support/children.ts";
import type { Process } from "../support/process.ts";
import { randomInteger } from "../support/random.ts";
import type { ServerListFile } from "./scene.ts";
import type { Span, StateLog, StateRecord } from "./state_log.ts";
import type { DetectionTimes } from "./verdict.ts";

/** What can go wrong in a day. */
export type Fault = "kill" | "hang" | "slow" | "unlist" | "mistake" | "worker";

/** One thing that goes wrong. */
export interface Step {
  /** How long after the one before, in ms. */
  readonly afterMs: number;
  readonly fault: Fault;
  /** Which server, by index; or which worker, or which mistake, from 0. */
  readonly index: number;
  /** How long it stays so once it was noticed, in ms. */
  readonly stayMs: number;
}

/** Each as often as it stands here. */
const FAULTS: readonly Fault[] = [
  "kill",
  "kill",
  "kill",
  "hang",
  "hang",
  "slow",
  "slow",
  "unlist",
  "unlist",
  "mistake",
  "worker",
];

const PAUSE_MS = [1500, 5000] as const;
const STAY_MS = [1000, 15_000] as const;

/** Draws what goes wrong in so many ms, from numbers at least 0 and less than 1. */
export function planOf(random: () => number, servers: number, lengthMs: number): Step[] {
  const steps: Step[] = [];
  const between = ([least, most]: readonly [number, number]) =>
    least + randomInteger(random, most - least);
  for (let at = 0;;) {
    const step = {
      afterMs: between(PAUSE_MS),
      fault: FAULTS[randomInteger(random, FAULTS.length)]!,
      index: randomInteger(random, servers),
      stayMs: between(STAY_MS),
    };
    at += step.afterMs;
    if (at > lengthMs) return steps;
    steps.push(step);
  }
}

/** What a slow server sends to every connection, in bytes per second. */
const SLOW_RATE = 192 * 1024;

/** Between the times of a test of a server as it is and of a slow one, in ms. */
const SLOW_MS = 1000;

/** What was not logged by then never will be. */
const LOG_TIMEOUT_MS = 90_000;

/** What can be broken, and where that shows. */
export interface FaultTargets {
  readonly servers: readonly FarmServer[];
  readonly balancer: Process;
  readonly log: StateLog;
  readonly list: ServerListFile;
  readonly detectionTimes: DetectionTimes;
  /** Resolves after so many ms, or when the day is over. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Breaks things, waits until the log says so, and repairs them. */
export class FaultInjector {
  readonly #targets: FaultTargets;
  /** Servers that something is wrong with. */
  readonly #troubled = new Set<FarmServer>();
  #isListTroubled = false;
  readonly #deadSpans = new Map<string, Span[]>();
  readonly #troubledSpans = new Map<string, Span[]>();
  /** Faults that were never logged. */
  readonly missing: string[] = [];
  /** Steps that could not be taken, since too much was wrong already. */
  skipped = 0;

  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  /** When a server was dead, or as good as dead. */
  deadSpansOf(server: string): readonly Span[] {
    return this.#deadSpans.get(server) ?? [];
  }

  /** Whether something was wrong with a server at a moment; of now and later it is not known yet. */
  wasTroubled(server: string, at: number): boolean {
    const spans = this.#troubledSpans.get(server) ?? [];
    return spans.some(([from, to]) => from <= at && at <= to);
  }

  /** Takes a step; resolves once it is repaired. */
  async inject({ fault, index, stayMs }: Step): Promise<void> {
    const acts: Record<Fault, () => Promise<void>> = {
      kill: () => this.#onServer(index, (server) => this.#kill(server, stayMs)),
      hang: () => this.#onServer(index, (server) => this.#hang(server, stayMs)),
      slow: () => this.#onServer(index, (server) => this.#slow(server, stayMs)),
      unlist: () =>
        this.#onList(() => this.#onServer(index, (server) => this.#unlist(server, stayMs))),
      mistake: () => this.#onList(() => this.#mistake(index, stayMs)),
      worker: () => this.#killWorker(index),
    };
    await acts[fault]();
  }

  /** Acts on that server or the next one that is well, unless it is the last such server. */
  async #onServer(index: number, act: (server: FarmServer) => Promise<void>): Promise<void> {
    const { servers, log } = this.#targets;
    const well = [...servers.slice(index % servers.length), ...servers].filter((server, i, all) =>
      all.indexOf(server) === i && !this.#troubled.has(server) &&
      log.states.stateOf(server.authority) === "available"
    );
    if (well.length < 2) return void this.skipped++;
    const [server] = well as [FarmServer];
    const from = Date.now();
    this.#troubled.add(server);
    await act(server);
    this.#troubled.delete(server);
    note(this.#troubledSpans, server, from);
  }

  async #onList(act: () => Promise<void>): Promise<void> {
    if (this.#isListTroubled) return void this.skipped++;
    this.#isListTroubled = true;
    await act();
    this.#isListTroubled = false;
  }

  async #kill(server: FarmServer, stayMs: number): Promise<void> {
    const { pause } = this.#targets;
    const from = Date.now();
    await this.#expectLine("killed: out", isAbout(server, "out"), () => server.kill());
    await pause(stayMs);
    const isBack = isAbout(server, "returned");
    await this.#expectLine("started again: returned", isBack, async () => {
      await server.restart();
      note(this.#deadSpans, server, from);
    }, "after");
  }

  async #hang(server: FarmServer, stayMs: number): Promise<void> {
    const { pause } = this.#targets;
    const from = Date.now();
    await this.#expectLine("hangs: out", isAbout(server, "out"), () => server.stop());
    await pause(stayMs);
    note(this.#deadSpans, server, from);
    await this.#expectLine("goes on: returned", isAbout(server, "returned"), () => server.resume());
  }

  /** Where a test finds it missing as it is started anew, it has to return first. */
  async #slow(server: FarmServer, stayMs: number): Promise<void> {
    const { pause } = this.#targets;
    const isSlow = isTimed(server, (ms) => ms >= SLOW_MS);
    await this.#expectLine("slowed: round", isSlow, () => server.restart(SLOW_RATE), "after");
    await pause(stayMs);
    const isFast = isTimed(server, (ms) => ms < SLOW_MS);
    await this.#expectLine("fast again: round", isFast, () => server.restart(), "after");
  }

  async #unlist(server: FarmServer, stayMs: number): Promise<void> {
    const { log, pause } = this.#targets;
    const { authority } = server;
    const isGone = isAbout(server, "unlisted"), isListed = isAbout(server, "listed");
    await this.#reload("taken off the list: unlisted", isGone, (list) => list.remove(authority));
    await pause(stayMs);
    const isTested = log.next(isAbout(server, "available"), LOG_TIMEOUT_MS);
    const since = Date.now();
    await this.#reload("put on the list: listed", isListed, (list) => list.add(authority));
    this.#measure("put on the list: available", since, await isTested);
  }

  async #mistake(number: number, stayMs: number): Promise<void> {
    const spoil = (list: ServerListFile) => list.spoil(number);
    await this.#reload("mistake in the list: unchanged", is("unchanged"), spoil);
    await this.#targets.pause(stayMs);
    await this.#reload("list put right: reread", is("reread"), (list) => list.write());
  }

  /** Changes the list, lets the balancer read it, and waits for its line. */
  async #reload(
    kind: string,
    isMeant: (record: StateRecord) => boolean,
    change: (list: ServerListFile) => Promise<void>,
  ): Promise<void> {
    const { list, balancer } = this.#targets;
    await this.#expectLine(kind, isMeant, async () => {
      await change(list);
      balancer.signal("SIGHUP");
    });
  }

  async #killWorker(number: number): Promise<void> {
    const workers = await childrenOf(this.#targets.balancer.pid);
    const pid = workers[number % workers.length];
    if (pid === undefined) return void this.skipped++;
    const isAboutIt = ({ message }: StateRecord) =>
      message?.startsWith(`worker ${pid} ended by SIGKILL`) ?? false;
    const act = () => Deno.kill(pid, "SIGKILL");
    await this.#expectLine("worker killed: notice", isAboutIt, act);
  }

  /** Does something, and waits for its line; the time counts from before it, or from its end. */
  async #expectLine(
    kind: string,
    isMeant: (record: StateRecord) => boolean,
    act: () => void | Promise<void>,
    from: "before" | "after" = "before",
  ): Promise<void> {
    const logged = this.#targets.log.next(isMeant, LOG_TIMEOUT_MS);
    const before = Date.now();
    await act();
    this.#measure(kind, from === "before" ? before : Date.now(), await logged);
  }

  #measure(kind: string, since: number, record: StateRecord | undefined): void {
    if (record === undefined) return void this.missing.push(`${kind} was never told`);
    this.#targets.detectionTimes.add(kind, Math.max(0, record.at - since));
  }
}

/** Until now. */
function note(spans: Map<string, Span[]>, { authority }: FarmServer, from: number): void {
  spans.set(authority, [...spans.get(authority) ?? [], [from, Date.now()]]);
}

function is(event: string): (record: StateRecord) => boolean {
  return (record) => record.event === event;
}

function isAbout({ authority }: FarmServer, event: string): (record: StateRecord) => boolean {
  return (record) => record.event === event && record.server === authority;
}

function isTimed(
  { authority }: FarmServer,
  isMeant: (elapsedMs: number) => boolean,
): (record: StateRecord) => boolean {
  return ({ event, fastest = [] }) =>
    event === "round" &&
    fastest.some(({ server, elapsedMs }) => server === authority && isMeant(elapsedMs));
}
