import { childrenOf } from "../support/children.ts";
import type { Process } from "../support/process.ts";
import type { DayServer } from "./day_server.ts";
import type { Noticing } from "./noticing.ts";
import type { Fault, Step } from "./plan.ts";
import type { Span } from "./replay.ts";
import type { ServerFile } from "./server_file.ts";
import type { StateLog } from "./state_log.ts";
import type { StateRecord } from "./state_record.ts";

/** What a slow server sends to every connection, in bytes per second. */
const SLOW_RATE = 192 * 1024;

/** Between the times of a test of a server as it is and of a slow one, in ms. */
const SLOW_MS = 1000;

/** What was not told by then never will be. */
const PATIENCE_MS = 90_000;

/** What fate has power over. */
export interface World {
  readonly servers: readonly DayServer[];
  readonly balancer: Process;
  readonly log: StateLog;
  readonly file: ServerFile;
  /** Told what was noticed when. */
  readonly noticing: Noticing;
  /** Settles after so many ms, or when the day is over. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Lets things go wrong, waits until the log says so, and puts them right again. */
export class Fate {
  readonly #world: World;
  /** Servers that something is wrong with. */
  readonly #troubled = new Set<DayServer>();
  #isListTroubled = false;
  readonly #deadSpans = new Map<string, Span[]>();
  readonly #troubledSpans = new Map<string, Span[]>();
  /** What the log did not tell. */
  readonly missing: string[] = [];
  /** Steps that could not be taken, since too much was wrong already. */
  skipped = 0;

  /** Leaves all as it is yet. */
  constructor(world: World) {
    this.#world = world;
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

  /** Takes a step, and settles when all is well again after it. */
  async strike({ fault, index, stayMs }: Step): Promise<void> {
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

  /** That server, or the next one, that is well; unless no other were. */
  async #onServer(index: number, act: (server: DayServer) => Promise<void>): Promise<void> {
    const { servers, log } = this.#world;
    const well = [...servers.slice(index % servers.length), ...servers].filter((server, i, all) =>
      all.indexOf(server) === i && !this.#troubled.has(server) &&
      log.replay.stateOf(server.authority) === "available"
    );
    if (well.length < 2) return void this.skipped++;
    const [server] = well as [DayServer];
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

  async #kill(server: DayServer, stayMs: number): Promise<void> {
    const { pause } = this.#world;
    const from = Date.now();
    await this.#notices("killed: out", isAbout(server, "out"), () => server.kill());
    await pause(stayMs);
    const isBack = isAbout(server, "returned");
    await this.#notices("started again: returned", isBack, async () => {
      await server.restart();
      note(this.#deadSpans, server, from);
    }, "after");
  }

  async #hang(server: DayServer, stayMs: number): Promise<void> {
    const { pause } = this.#world;
    const from = Date.now();
    await this.#notices("hangs: out", isAbout(server, "out"), () => server.hang());
    await pause(stayMs);
    note(this.#deadSpans, server, from);
    await this.#notices("goes on: returned", isAbout(server, "returned"), () => server.goOn());
  }

  /** Where a test finds it missing as it is started anew, it has to return first. */
  async #slow(server: DayServer, stayMs: number): Promise<void> {
    const { pause } = this.#world;
    const isSlow = isTimed(server, (ms) => ms >= SLOW_MS);
    await this.#notices("slowed: round", isSlow, () => server.restart(SLOW_RATE), "after");
    await pause(stayMs);
    const isFast = isTimed(server, (ms) => ms < SLOW_MS);
    await this.#notices("fast again: round", isFast, () => server.restart(), "after");
  }

  async #unlist(server: DayServer, stayMs: number): Promise<void> {
    const { file, pause } = this.#world;
    await this.#notices("taken off the list: unlisted", isAbout(server, "unlisted"), async () => {
      await file.remove(server.authority);
      this.#hangup();
    });
    await pause(stayMs);
    const isTested = this.#world.log.next(isAbout(server, "available"), PATIENCE_MS);
    const since = Date.now();
    await this.#notices("put on the list: listed", isAbout(server, "listed"), async () => {
      await file.add(server.authority);
      this.#hangup();
    });
    this.#took("put on the list: available", since, await isTested);
  }

  async #mistake(number: number, stayMs: number): Promise<void> {
    const { file, pause } = this.#world;
    await this.#notices("mistake in the list: unchanged", is("unchanged"), async () => {
      await file.spoil(number);
      this.#hangup();
    });
    await pause(stayMs);
    await this.#notices("list put right: reread", is("reread"), async () => {
      await file.write();
      this.#hangup();
    });
  }

  async #killWorker(number: number): Promise<void> {
    const workers = await childrenOf(this.#world.balancer.pid);
    const pid = workers[number % workers.length];
    if (pid === undefined) return void this.skipped++;
    const isAboutIt = ({ message }: StateRecord) =>
      message?.startsWith(`worker ${pid} ended by SIGKILL`) ?? false;
    const act = () => Deno.kill(pid, "SIGKILL");
    await this.#notices("worker killed: notice", isAboutIt, act);
  }

  #hangup(): void {
    this.#world.balancer.signal("SIGHUP");
  }

  /** Does something, and waits for its line; the time counts from before it, or from its end. */
  async #notices(
    kind: string,
    isMeant: (record: StateRecord) => boolean,
    act: () => void | Promise<void>,
    from: "before" | "after" = "before",
  ): Promise<void> {
    const told = this.#world.log.next(isMeant, PATIENCE_MS);
    const before = Date.now();
    await act();
    this.#took(kind, from === "before" ? before : Date.now(), await told);
  }

  #took(kind: string, since: number, record: StateRecord | undefined): void {
    if (record === undefined) return void this.missing.push(`${kind} was never told`);
    this.#world.noticing.add(kind, Math.max(0, record.at - since));
  }
}

/** Until now. */
function note(spans: Map<string, Span[]>, { authority }: DayServer, from: number): void {
  spans.set(authority, [...spans.get(authority) ?? [], [from, Date.now()]]);
}

function is(event: string): (record: StateRecord) => boolean {
  return (record) => record.event === event;
}

function isAbout({ authority }: DayServer, event: string): (record: StateRecord) => boolean {
  return (record) => record.event === event && record.server === authority;
}

function isTimed(
  { authority }: DayServer,
  isMeant: (elapsedMs: number) => boolean,
): (record: StateRecord) => boolean {
  return ({ event, fastest = [] }) =>
    event === "round" &&
    fastest.some(({ server, elapsedMs }) => server === authority && isMeant(elapsedMs));
}
