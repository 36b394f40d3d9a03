import { CommandError } from "../cli/command.ts";
import type { Chooser } from "./chooser.ts";
import { FarmLog, type Tell } from "./farm_log.ts";
import { HealthChecker, type HealthCheckerOptions } from "./health_checker.ts";
import type { Server } from "./list/server.ts";
import type { ServerSource } from "./list/server_source.ts";
import type { Member, Pool, Replacement } from "./pool.ts";
import type { RequestCounters } from "./request_counters.ts";
import { History } from "./sample.ts";

/** How a farm is tested, and who is told of it. */
export interface FarmOptions extends
  Pick<
    HealthCheckerOptions,
    "thresholds" | "probe" | "concurrency" | "clock" | "pausedMs" | "wait"
  > {
  /** The time in ms since the epoch. */
  readonly epochMs: () => number;
  /** Told of all that happens. */
  readonly tell: Tell;
  /** Told of the end of each round. */
  readonly onRound?: () => void;
  /** Counts clients by server; those that are listed no more are forgotten. */
  readonly counters: RequestCounters;
}

/** How the rounds of a farm have gone until now. */
export interface Rounds {
  /** Those that have ended. */
  readonly count: number;
  /** Whether one is under way. */
  readonly isUnderWay: boolean;
  /** When the last one ended, in ms since the epoch; undefined before the first has. */
  readonly endedAt: number | undefined;
  /** How long the last one took, in ms; undefined before the first has ended. */
  readonly elapsedMs: number | undefined;
}

/** A server, its state and its past. */
export interface Resident extends Member {
  /** Its latest tests. */
  readonly history: History;
}

/** Where a farm has its list from. */
export type FarmSource = Pick<ServerSource, "servers" | "remembered" | "reload" | "isDynamic">;

/** The servers that are listed at the moment, tested round after round. */
export class Farm {
  readonly #source: FarmSource;
  readonly #pool: Pool;
  readonly #options: FarmOptions;
  readonly #log: FarmLog;
  readonly #checker: HealthChecker;
  #histories: ReadonlyMap<Server, History> = new Map();
  #updating: Promise<void> | undefined;
  #past: Omit<Rounds, "isUnderWay"> = { count: 0, endedAt: undefined, elapsedMs: undefined };
  #round: Promise<void> | undefined;
  #rereading: Promise<void> | undefined;
  #isToRereadAgain = false;

  /**
   * Knows of no server yet.
   *
   * @param pool an empty one
   * @param chooser one that is told by the pool; it knows the shares
   */
  constructor(source: FarmSource, pool: Pool, chooser: Chooser, options: FarmOptions) {
    const { epochMs } = options;
    this.#source = source;
    this.#pool = pool;
    this.#options = options;
    this.#log = new FarmLog(options.tell);
    this.#checker = new HealthChecker(pool, chooser, {
      ...options,
      onOutcome: (server, outcome) => this.#histories.get(server)?.add(outcome),
      onRefined: (server, sample) => this.#histories.get(server)?.refine(sample),
      onEvent: this.#log.server,
      onTrouble: this.#log.trouble,
      onRound: (event) => {
        const { elapsedMs } = event;
        if (elapsedMs !== undefined) {
          this.#past = { count: this.#past.count + 1, endedAt: epochMs(), elapsedMs };
          options.onRound?.();
        }
        this.#log.round(event);
      },
    });
  }

  /** Takes in the list as it was read first; nobody is tested yet. */
  async begin(): Promise<void> {
    const { servers, duplicates, problems } = await this.#source.servers();
    this.#replace(servers);
    this.#log.problems(problems);
    this.#log.duplicates(duplicates);
    this.#log.testing(servers.length);
  }

  /**
   * Tests all, before the first client comes.
   *
   * @throws what the probe rejects with
   */
  firstRound(): Promise<void> {
    return this.#checker.firstRound();
  }

  /**
   * Looks servers up that DNS knows, and tests all; while that is under way, that is the round.
   *
   * @throws what the probe rejects with
   */
  round(): Promise<void> {
    return this.#round ??= this.#runRound().finally(() => this.#round = undefined);
  }

  /**
   * Reads the lists again: those who are listed no more get nobody from now on, and those who are
   * new are tested first. With a mistake in a list all stays as it was. Asked for while it is under
   * way, it begins anew afterwards.
   *
   * @throws what the probe rejects with
   */
  async reload(): Promise<void> {
    this.#isToRereadAgain = true;
    await (this.#rereading ??= this.#reread());
    await this.#update();
    await this.#checker.newcomers();
  }

  /** Whether there is a server that clients can be sent to. */
  get isOpen(): boolean {
    return this.#pool.isOpen;
  }

  /** Whether a round can change anything. */
  get isTestable(): boolean {
    return this.#source.isDynamic || this.#pool.isTestable;
  }

  /** Whether there may be servers again when none is left. */
  get mayRecover(): boolean {
    return this.#source.isDynamic || this.#options.thresholds.rise > 0;
  }

  /** How the rounds go. */
  get rounds(): Rounds {
    return { ...this.#past, isUnderWay: this.#checker.isTesting };
  }

  /** All servers with what is known of them, in the order of the list. */
  get residents(): Resident[] {
    return this.#pool.members.map((member) => {
      return { ...member, history: this.#histories.get(member.server)! };
    });
  }

  async #runRound(): Promise<void> {
    await this.#update();
    await this.#checker.round();
  }

  async #reread(): Promise<void> {
    try {
      while (this.#isToRereadAgain) {
        this.#isToRereadAgain = false;
        await this.#rereadOnce();
      }
    } finally {
      this.#rereading = undefined; // In the same turn, or who asks just then would not be heard.
    }
  }

  async #rereadOnce(): Promise<void> {
    let isRead: boolean;
    try {
      const { read, unread } = await this.#source.reload();
      isRead = read.length > 0;
      this.#log.unread(unread, read);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return this.#log.unchanged(error.message);
    }
    // At once, since DNS may take its time to answer.
    const { servers, duplicates } = this.#source.remembered();
    const replacement = this.#replace(servers);
    this.#log.changed(replacement);
    this.#log.duplicates(duplicates);
    if (isRead) this.#log.reread(replacement.added, replacement.removed, servers.length);
  }

  /** While one is under way, that is the one: it begins again when lists are read meanwhile. */
  async #update(): Promise<void> {
    if (this.#source.isDynamic) await (this.#updating ??= this.#updateNow());
  }

  async #updateNow(): Promise<void> {
    const { servers, problems } = await this.#source.servers();
    this.#updating = undefined;
    this.#log.problems(problems);
    this.#log.changed(this.#replace(servers));
  }

  #replace(servers: readonly Server[]): Replacement {
    const { clock, epochMs, counters } = this.#options;
    const replacement = this.#pool.replace(servers, clock());
    counters.retain(new Set(servers.map(({ authority }) => authority)));
    const before = this.#histories;
    this.#histories = new Map(
      this.#pool.servers.map((server) => [server, before.get(server) ?? new History(epochMs())]),
    );
    return replacement;
  }
}
