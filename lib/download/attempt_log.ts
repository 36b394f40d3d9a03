import type { TryError } from "./download_error.ts";

/** What one server did in the course of a download. */
export interface ServerRecord {
  /** Host and port. */
  readonly server: string;
  /** How each try with it ended, in their order. */
  readonly outcomes: readonly string[];
}

/** All that is remembered of a server. Times are in ms, on the clock of `restMs`. */
interface ServerState extends ServerRecord {
  readonly outcomes: string[];
  failures: number;
  /** Which of all failures its last one was, from 1; 0 for none. */
  lastFailure: number;
  lastError?: TryError;
  failuresInRow: number;
  allowsRange: boolean;
  /** Up to when it asks to be left alone. */
  restUntil: number;
  /** Up to when people have been told that it does. */
  toldUntil: number;
}

/** How often a download may go on to a server that is new to it: no redirect may lead us for ever. */
export const MOST_SERVERS = 100;

/** So many names a balancer reads of Avoid-Server. */
export const MOST_AVOIDED = 16;

/** So many characters a balancer reads of Avoid-Server. */
const LONGEST_AVOIDANCE = 1024;

/** Times up to which a server asks to be left alone are the same if they differ by less, in ms. */
const SAME_REST_MS = 1000;

/** What one download has seen of servers: which to avoid, and whether another try is due. */
export class AttemptLog {
  readonly #states = new Map<string, ServerState>();
  #repeats = 0;
  #failures = 0;

  /** All servers that were tried, in the order in which they first were. */
  get records(): readonly ServerRecord[] {
    return [...this.#states.values()].filter(({ outcomes }) => outcomes.length > 0);
  }

  /** How often servers have failed that had failed before, with nothing gained. */
  get repeats(): number {
    return this.#repeats;
  }

  get failures(): number {
    return this.#failures;
  }

  failuresOf(server: string): number {
    return this.#states.get(server)?.failures ?? 0;
  }

  /**
   * A try has failed.
   *
   * @param hasGained whether it brought a fair part of the content, which is kept
   * @param restUntil up to when the server asks to be left alone, on the clock of `restMs`
   */
  fail(error: TryError, hasGained: boolean, restUntil = -Infinity): void {
    this.failBeside(error, restUntil);
    const state = this.#state(error.server);
    const isRepeat = state.failures > 1 || this.records.length > MOST_SERVERS;
    if (!hasGained && isRepeat) this.#repeats++;
    state.failuresInRow++;
  }

  /** A server has failed while others went on: that is no try of the download. */
  failBeside(error: TryError, restUntil = -Infinity): void {
    const state = this.#state(error.server);
    state.failures++;
    state.lastFailure = ++this.#failures;
    state.outcomes.push(error.reason);
    state.lastError = error;
    this.rest(error.server, restUntil);
  }

  /** A server asks to be left alone up to a time; a later time that it asked for before stays. */
  rest(server: string, until: number): void {
    const state = this.#state(server);
    state.restUntil = Math.max(until, state.restUntil);
  }

  /**
   * The answer 404 or 410 that came last, if that is how every server failed last that failed at
   * all: none of them has the file.
   *
   * @param typed the server that is asked itself, which is not counted
   */
  missing(typed: string): TryError | undefined {
    const errors = this.#failed(typed).map(({ lastError }) => lastError!);
    return errors.every(isMissing) ? errors[0] : undefined;
  }

  /** How many failures of a server the last one was of, with no redirect from it between them. */
  failuresInRow(server: string): number {
    return this.#states.get(server)?.failuresInRow ?? 0;
  }

  /** A server has said where to go. */
  redirected(server: string): void {
    this.#state(server).failuresInRow = 0;
  }

  /** A try has brought the content to its end. */
  succeed(server: string): void {
    this.#state(server).outcomes.push("done");
  }

  /**
   * Avoid-Server, the field that tells a balancer which servers to leave out: the last that have
   * failed first, as many as it reads.
   *
   * @param typed the server that is asked itself
   * @param first servers that have not failed, but are to be left out before all others
   * @returns its value; undefined when no server is to be left out
   */
  avoidance(typed: string, first: readonly string[] = []): string | undefined {
    const failed = this.#failed(typed).map(({ server }) => server);
    const avoided = [...new Set([...first, ...failed])].slice(0, MOST_AVOIDED);
    while (avoided.join(", ").length > LONGEST_AVOIDANCE) avoided.pop();
    return avoided.length === 0 ? undefined : avoided.join(", ");
  }

  /** From now on that server is not to be asked for a part. */
  denyRange(server: string): void {
    this.#state(server).allowsRange = false;
  }

  allowsRange(server: string): boolean {
    return this.#states.get(server)?.allowsRange ?? true;
  }

  /** How long a server has still asked to be left alone, in ms. */
  restMs(server: string, monotonicMs: number): number {
    return Math.max(0, (this.#states.get(server)?.restUntil ?? -Infinity) - monotonicMs);
  }

  /**
   * Whether a person is to be told that this server asks to be left alone: once for each time up to
   * which it does, and not by each of several connections that were answered at about the same time.
   */
  mustTellRest(server: string): boolean {
    const state = this.#state(server);
    if (state.restUntil < state.toldUntil + SAME_REST_MS) return false;
    state.toldUntil = state.restUntil;
    return true;
  }

  /** Servers that have failed, the last first, without the one that is asked itself. */
  #failed(typed: string): ServerState[] {
    return [...this.#states.values()]
      .filter(({ server, failures }) => failures > 0 && server !== typed)
      .sort((a, b) => b.lastFailure - a.lastFailure);
  }

  #state(server: string): ServerState {
    let state = this.#states.get(server);
    if (state === undefined) {
      state = {
        server,
        outcomes: [],
        failures: 0,
        lastFailure: 0,
        failuresInRow: 0,
        allowsRange: true,
        restUntil: -Infinity,
        toldUntil: -Infinity,
      };
      this.#states.set(server, state);
    }
    return state;
  }
}

/** Whether an answer says that the server lacks the file (RFC 9110 §15.5.5, §15.5.11). */
export function isMissing({ details: { statusCode } }: TryError): boolean {
  return statusCode === 404 || statusCode === 410;
}

/** The strong ETags of servers that answer, but not with what follows what is here. */
export type UnfitServers = Map<string, string | undefined>;

/**
 * The file is to be started over: takes out the servers with the content that most of them share,
 * since several can bring that together; all where each has its own.
 */
export function readmit(unfit: UnfitServers): void {
  const counts = new Map<string, number>();
  for (const tag of unfit.values()) {
    if (tag !== undefined) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  const shared = most !== undefined && most[1] > 1 ? most[0] : undefined;
  for (const [server, tag] of [...unfit]) {
    if (shared === undefined || tag === shared) unfit.delete(server);
  }
}
