import type { TryError } from "./download_error.ts";

/** What one server did in the course of a download. */
export interface ServerRecord {
  /** Host and port. */
  readonly server: string;
  /** How each try with it ended, in their order. */
  readonly outcomes: string[];
  /** How many of them were failures. */
  failures: number;
  /** Which of all failures its last one was, from 1; 0 for none. */
  lastFailure: number;
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
  readonly #records = new Map<string, ServerRecord>();
  readonly #lastErrors = new Map<string, TryError>();
  readonly #restUntil = new Map<string, number>();
  readonly #toldUntil = new Map<string, number>();
  readonly #inRow = new Map<string, number>();
  readonly #withoutRange = new Set<string>();
  #repeats = 0;
  #failures = 0;

  /** All servers that were tried, in the order in which they first were. */
  get records(): readonly ServerRecord[] {
    return [...this.#records.values()];
  }

  /** How often servers have failed that had failed before, with nothing gained. */
  get repeats(): number {
    return this.#repeats;
  }

  /** How many tries have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How often a server has failed. */
  failuresOf(server: string): number {
    return this.#records.get(server)?.failures ?? 0;
  }

  /**
   * A try has failed.
   *
   * @param hasGained whether it brought a fair part of the content, which is kept
   * @param restUntil up to when the server asks to be left alone, on the clock of `restMs`
   */
  fail(error: TryError, hasGained: boolean, restUntil = -Infinity): void {
    const { server } = error;
    const { failures } = this.#record(server);
    if (!hasGained && (failures > 0 || this.#records.size > MOST_SERVERS)) this.#repeats++;
    this.failBeside(error, restUntil);
    this.#inRow.set(server, this.failuresInRow(server) + 1);
  }

  /** A server has failed while others went on: that is no try of the download. */
  failBeside(error: TryError, restUntil = -Infinity): void {
    const { server, reason } = error;
    const record = this.#record(server);
    record.failures++;
    record.lastFailure = ++this.#failures;
    record.outcomes.push(reason);
    this.#lastErrors.set(server, error);
    this.rest(server, restUntil);
  }

  /** A server asks to be left alone up to a time; a later time that it asked for before stays. */
  rest(server: string, until: number): void {
    this.#restUntil.set(server, Math.max(until, this.#restUntil.get(server) ?? -Infinity));
  }

  /**
   * The answer 404 or 410 that came last, if that is how every server failed last that failed at
   * all: none of them has the file.
   *
   * @param typed the server that is asked itself, which is not counted
   */
  missing(typed: string): TryError | undefined {
    const failed = [...this.#records.values()]
      .filter(({ server, failures }) => failures > 0 && server !== typed)
      .sort((a, b) => a.lastFailure - b.lastFailure)
      .map(({ server }) => this.#lastErrors.get(server)!);
    return failed.every(isMissing) ? failed.at(-1) : undefined;
  }

  /** How many failures of a server the last one was of, with no redirect from it between them. */
  failuresInRow(server: string): number {
    return this.#inRow.get(server) ?? 0;
  }

  /** A server has said where to go. */
  redirected(server: string): void {
    this.#inRow.delete(server);
  }

  /** A try has brought the content to its end. */
  succeed(server: string): void {
    this.#record(server).outcomes.push("done");
  }

  /**
   * Avoid-Server, the field by which a balancer is told whom to leave out: the last that have
   * failed first, as many as it reads.
   *
   * @param typed the server that is asked itself
   * @param first servers that have not failed, but are to be left out before all others
   * @returns its value; undefined when there is nobody to be left out
   */
  avoidance(typed: string, first: readonly string[] = []): string | undefined {
    const failed = [...this.#records.values()]
      .filter(({ server, failures }) => failures > 0 && server !== typed && !first.includes(server))
      .sort((a, b) => b.lastFailure - a.lastFailure)
      .map(({ server }) => server);
    const avoided = [...first, ...failed].slice(0, MOST_AVOIDED);
    while (avoided.join(", ").length > LONGEST_AVOIDANCE) avoided.pop();
    return avoided.length === 0 ? undefined : avoided.join(", ");
  }

  /** From now on that server is not to be asked for a part. */
  denyRange(server: string): void {
    this.#withoutRange.add(server);
  }

  /** Whether that server may be asked for a part. */
  allowsRange(server: string): boolean {
    return !this.#withoutRange.has(server);
  }

  /** How long a server has still asked to be left alone, in ms. */
  restMs(server: string, now: number): number {
    return Math.max(0, (this.#restUntil.get(server) ?? 0) - now);
  }

  /**
   * Whether a person is to be told that this server asks to be left alone: once for each time up to
   * which it does, and not by each of several connections that were answered at about the same time.
   */
  mustTellRest(server: string): boolean {
    const until = this.#restUntil.get(server) ?? -Infinity;
    if (until < (this.#toldUntil.get(server) ?? -Infinity) + SAME_REST_MS) return false;
    this.#toldUntil.set(server, until);
    return true;
  }

  #record(server: string): ServerRecord {
    let record = this.#records.get(server);
    if (record === undefined) {
      record = { server, outcomes: [], failures: 0, lastFailure: 0 };
      this.#records.set(server, record);
    }
    return record;
  }
}

/** Whether an answer says that the server lacks the file (RFC 9110 §15.5.5, §15.5.11). */
export function isMissing({ details: { statusCode } }: TryError): boolean {
  return statusCode === 404 || statusCode === 410;
}

/** Servers that answer, but not with what follows what is here, and which content they have. */
export class UnfitServers {
  readonly #tags = new Map<string, string | undefined>();

  /** How many they are. */
  get size(): number {
    return this.#tags.size;
  }

  /** Their names. */
  get names(): readonly string[] {
    return [...this.#tags.keys()];
  }

  /** Whether a server is one of them. */
  has(server: string): boolean {
    return this.#tags.has(server);
  }

  /** A server has answered so; `entityTag` is a strong one, if it sent any. */
  add(server: string, entityTag: string | undefined): void {
    this.#tags.set(server, entityTag);
  }

  /**
   * The file is to be started over: takes out the servers with the content that most of them share,
   * since several can bring that together; all where each has its own.
   */
  readmit(): void {
    const counts = new Map<string, number>();
    for (const tag of this.#tags.values()) {
      if (tag !== undefined) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
    const shared = most !== undefined && most[1] > 1 ? most[0] : undefined;
    for (const [server, tag] of [...this.#tags]) {
      if (shared === undefined || tag === shared) this.#tags.delete(server);
    }
  }
}
