/**
 * What servers did in the course of a download, and when to try again. Pure: time and chance are
 * arguments.
 *
 * @module
 */

import type { Fields } from "../http/fields.ts";
import { parseHttpDate } from "../http/http_date.ts";
import type { DownloadFailure, TryError } from "./download_error.ts";
import { answerDate } from "./output/finished_file.ts";

/** What one server did in the course of a download. */
export interface ServerRecord {
  /** Host and port. */
  readonly server: string;
  /** How each try with it ended, in their order. */
  readonly outcomes: readonly string[];
}

/** One request for the content, and what came of it; redirects are none. */
export class Try {
  /** Of the response; undefined without one. */
  statusCode: number | undefined;
  /** Content that arrived. */
  bytes = 0;
  /** Why it was given up; undefined if it was not, or was not needed any more. */
  failure: DownloadFailure | undefined;
  readonly #begunAt: number;
  #ms: number | undefined;

  /** It begins, at a time in ms on any monotonic clock. */
  constructor(readonly server: string, monotonicMs: number) {
    this.#begunAt = monotonicMs;
  }

  /** How long it took, in ms; 0 if it has not ended. */
  get ms(): number {
    return this.#ms ?? 0;
  }

  end(monotonicMs: number): void {
    this.#ms ??= monotonicMs - this.#begunAt;
  }
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

/** The most servers that one download asks, so that no redirector leads it on for ever. */
export const MOST_SERVERS = 100;

/** How many names, and how many characters, a balancer reads of Avoid-Server. */
const MOST_AVOIDED = 16;
const LONGEST_AVOIDANCE = 1024;

/** A failed try that brought this part of the content, and kept it, does not count. */
export const FAIR_PART = 1 / 100;

/** Times up to which a server asks to be left alone are the same if they differ by less, in ms. */
const SAME_REST_MS = 1000;

/** What one download has seen of servers: which to avoid, and whether another try is due. */
export class AttemptLog {
  readonly #states = new Map<string, ServerState>();
  readonly #tries: Try[] = [];
  #repeats = 0;
  #failures = 0;

  /** All servers that were tried, in the order in which they first were. */
  get records(): readonly ServerRecord[] {
    return [...this.#states.values()].filter(({ outcomes }) => outcomes.length > 0);
  }

  /** All tries, in the order in which they began. */
  get tries(): readonly Try[] {
    return this.#tries;
  }

  /** A server is asked. */
  begin(server: string, monotonicMs: number): Try {
    const begun = new Try(server, monotonicMs);
    this.#tries.push(begun);
    return begun;
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
    // A server that brings something each time needs no longer rest than at first.
    state.failuresInRow = hasGained ? 1 : state.failuresInRow + 1;
  }

  /** A server has failed while others went on: that is no try of the download. */
  failBeside(error: TryError, restUntil = -Infinity): void {
    const state = this.#state(error.server);
    state.failures++;
    state.lastFailure = ++this.#failures;
    state.outcomes.push(error.reason);
    const last = this.#tries.findLast(({ server }) => server === error.server);
    if (last !== undefined) last.failure ??= error.failure;
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

  /**
   * How many failures of a server the last one was of, with nothing gained and no redirect from it
   * between them.
   */
  failuresInRow(server: string): number {
    return this.#states.get(server)?.failuresInRow ?? 0;
  }

  /** A server has said where to go: that was no try. */
  redirected(asked: Try): void {
    this.#state(asked.server).failuresInRow = 0;
    this.#tries.splice(this.#tries.lastIndexOf(asked), 1);
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
   * @param first other servers to be left out before those
   * @param last other servers to be left out after those
   * @param leastFailures how often a server has failed that is to be left out
   * @returns its value; undefined when no server is to be left out
   */
  avoidance(
    typed: string,
    first: readonly string[] = [],
    last: readonly string[] = [],
    leastFailures = 1,
  ): string | undefined {
    const failed = this.#failed(typed)
      .filter(({ failures }) => failures >= leastFailures)
      .map(({ server }) => server);
    const avoided = [...new Set([...first, ...failed, ...last])].slice(0, MOST_AVOIDED);
    while (avoided.join(", ").length > LONGEST_AVOIDANCE) avoided.pop();
    return avoided.length === 0 ? undefined : avoided.join(", ");
  }

  /**
   * Whether some server has failed less often than so many times.
   *
   * @param typed the server that is asked itself, which is not counted
   */
  hasFailedLess(typed: string, failures: number): boolean {
    return this.#failed(typed).some((it) => it.failures < failures);
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
   * Whether to say that this server asks to be left alone: once for each time up to
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

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/** The longest wait that a Retry-After is obeyed for. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * The pause before another try: twice as long each time, and somewhere between half of that and all,
 * so that many clients that failed together do not come back together. A server that lacks the file
 * or refuses it has no need of rest: then it does not grow.
 *
 * @param failures how many failures in a row of that server it was
 * @param random from 0 up to 1
 */
export function pauseMs({ details }: TryError, failures: number, random: number): number {
  const { statusCode = 500 } = details;
  const needsRest = statusCode >= 500 || statusCode === 408 || statusCode === 429;
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (needsRest ? failures - 1 : 0));
  return Math.round(longest * (0.5 + random / 2));
}

/** The message when a wait begins that a server asked for. */
export function restNotice(server: string, ms: number): string {
  return `${server} asks to wait ${secondsText(ms)}: trying again then`;
}

/** A time for people, such as `6 s` or `0.2 s`. */
export function secondsText(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

/**
 * How long an answer asks to wait by Retry-After: `HTTP-date / delay-seconds` (RFC 9110 §10.2.3), up
 * to 60 s.
 *
 * @param fields of the answer; undefined where there was none
 * @returns undefined when it says nothing
 */
export function retryAfterMs(
  fields: Fields | undefined,
  epochSeconds: number,
): number | undefined {
  const fieldValue = fields?.get("retry-after");
  if (fields === undefined || fieldValue === undefined) return undefined;
  const isCount = /^[0-9]+$/.test(fieldValue);
  const seconds = isCount
    ? Number(fieldValue)
    : secondsUntil(fieldValue, answerDate(fields, epochSeconds));
  if (seconds === undefined) return undefined;
  return Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, seconds * 1000));
}

function secondsUntil(date: string, epochSeconds: number): number | undefined {
  const then = parseHttpDate(date, epochSeconds);
  return then === undefined ? undefined : then - epochSeconds;
}

/**
 * Whether another try may end better. Behind a redirect another server may be picked. A server
 * asked directly is asked again, so only what passes is worth it: a connection that failed, and the
 * answers 408, 429 and 5xx (RFC 9110 §15.5.9, §15.6; RFC 6585 §4).
 *
 * @param isDirect whether the server that failed is the one in the URL as typed
 */
export function isWorthRetry(error: TryError, isDirect: boolean): boolean {
  const { statusCode, isFinal, isOfRange = false } = error.details;
  if (isFinal !== undefined) return !isFinal;
  if (!isDirect || isOfRange || error.failure === "network") return true;
  return statusCode !== undefined &&
    (statusCode === 408 || statusCode === 429 || statusCode >= 500);
}
