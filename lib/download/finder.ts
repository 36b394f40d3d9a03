import type { FieldLine } from "../http/fields.ts";
import { isWhole, reasonPhrase, type ResponseHead } from "../http/response.ts";
import {
  type Arrival,
  failedBefore,
  type FollowOptions,
  MOST_ASKS,
  type Question,
  seek,
  settleFor,
} from "./follow_redirects.ts";
import { peek } from "./ask.ts";
import { DownloadError, TryError } from "./download_error.ts";
import {
  isSameTail,
  rangeFields,
  resumeDecisionOf,
  type ResumePoint,
  strongTag,
} from "./resume.ts";
import { type AttemptLog, MOST_SERVERS, UnfitServers } from "./attempt_log.ts";
import { NO_ANSWER, Relief, ReliefRace, type Relieve, type SilenceLimits } from "./relief.ts";
import type { TargetUri } from "./target_uri.ts";

/** How servers are found. */
export interface FinderOptions extends FollowOptions {
  /** After how long of silence another server is asked for. */
  readonly silence: SilenceLimits;
  /** Seconds since 1970. */
  readonly date: () => number;
}

/** How far a download is. */
export interface Standing {
  /** What may be gone on with; undefined when the content has to be asked for as a whole. */
  readonly kept: ResumePoint | undefined;
  /** How many octets are there. */
  readonly received: number;
  /** The last of those from the start, as many as a joint is compared over. */
  readonly tail: () => Uint8Array;
  /** When what is here began to come; undefined when the content cannot begin anew. */
  readonly begunAt: number | undefined;
}

/** A file that some servers lack is not asked for more often than that at once. */
const MOST_ASKS_FOR_MISSING = 64;

/** How long a server may take to say what it has, before the content itself is asked for. */
const LOOK_MS = 10_000;

/** How often a balancer is asked at once for a server beside one that is silent. */
const RELIEF_ASKS = 4;

/** Finds the servers of one download, for each of its tries and beside silent ones. */
export class Finder {
  readonly #typed: TargetUri;
  readonly #attempts: AttemptLog;
  readonly #options: FinderOptions;
  readonly #standing: Standing;
  readonly #unfit = new UnfitServers();
  #hasTurned = false;

  /** For the URI as typed. */
  constructor(typed: TargetUri, attempts: AttemptLog, options: FinderOptions, standing: Standing) {
    this.#typed = typed;
    this.#attempts = attempts;
    this.#options = options;
    this.#standing = standing;
  }

  /** Whether a server has fallen silent, and another has gone on in its place. */
  get hasTurned(): boolean {
    return this.#hasTurned;
  }

  /** Servers that are known to have other content. */
  get unfit(): readonly string[] {
    return this.#unfit.names;
  }

  /** What is kept and may be gone on with at a server. */
  keptFor({ server }: TargetUri): ResumePoint | undefined {
    return this.#attempts.allowsRange(server) ? this.#standing.kept : undefined;
  }

  /**
   * Asks the server that redirects lead to; when it accepts no connection or sends no head for long,
   * another one beside it.
   *
   * @throws {TryError} when no server answers with anything but a redirect
   * @throws {DownloadError} `answer`, when no server is named but those that lack the file
   */
  async find(method: Question["method"]): Promise<Arrival> {
    const first = new AbortController();
    let asked = this.#typed;
    const { silence } = this.#options;
    const relieve: Relieve = (signal, mayStartOver) =>
      this.findBeside(asked.server, method, signal, mayStartOver);
    const race = new ReliefRace(silence.headMs, silence, relieve, this.#standing.begunAt);
    const onAsk = (uri: TargetUri) => {
      asked = uri;
      race.restart();
    };
    try {
      const timeoutMs = method === "HEAD" ? LOOK_MS : Infinity;
      const options = {
        ...this.#options,
        signal: first.signal,
        onAsk,
        timeoutMs: Math.min(timeoutMs, this.#options.timeoutMs),
      };
      const found = await race.wait(this.#search(method, options));
      if (!(found instanceof Relief)) return found;
      first.abort();
      const { secondsText } = await import("./retry.ts");
      const reason = `no answer came for ${secondsText(found.silentMs)}`;
      return this.turnTo(found.arrival, new TryError("network", asked.server, reason));
    } finally {
      race.close();
    }
  }

  /** Notes that a silent server has failed, and tells which one goes on in its place. */
  turnTo(arrival: Arrival, error: TryError): Arrival {
    this.#hasTurned = true;
    this.#attempts.failBeside(error);
    this.#options.onNotice(`${error.message}; going on at ${arrival.uri.server}`);
    return arrival;
  }

  /**
   * Asks for another server beside one that is silent.
   *
   * @param signal when it aborts, what was asked for is closed
   * @param mayStartOver whether other content will do, where what follows is nowhere to be had
   * @returns undefined when none is there that sends what is wanted next
   */
  async findBeside(
    silent: string,
    method: Question["method"],
    signal: AbortSignal,
    mayStartOver: boolean,
  ): Promise<Arrival | undefined> {
    const found = this.#canGoOn() ? await this.#findFit(silent, method, signal) : undefined;
    const isVain = !this.#canGoOn() || this.#unfit.size > 0;
    if (found !== undefined || signal.aborted || !isVain) return found;
    if (!mayStartOver || this.#standing.begunAt === undefined) return undefined;
    this.#unfit.readmit();
    return await this.#findFit(silent, method, signal, true);
  }

  async #findFit(
    silent: string,
    method: Question["method"],
    signal: AbortSignal,
    mayStartOver = false,
  ): Promise<Arrival | undefined> {
    const { server: typed } = this.#typed;
    let asked = typed;
    const onAsk = ({ server }: TargetUri) => {
      asked = server;
    };
    const options = { ...this.#options, signal, onAsk, ...MUTE };
    while (silent !== typed && this.#mayGoOnAsking() && !this.#rests(typed)) {
      try {
        const found = await this.#seekBeside(silent, method, options);
        if (!("answer" in found)) return undefined;
        const fit = await this.#fitOf(found, method, mayStartOver);
        if (fit !== undefined) return fit;
        found.answer.release();
        if (found.uri.server === typed) return undefined;
      } catch (error) {
        if (!(error instanceof TryError)) throw error;
        if (signal.aborted) {
          const late = new TryError("network", asked, "no answer came in time");
          if (signal.reason === NO_ANSWER) await this.#note(late);
          return undefined;
        }
        await this.#note(error);
        if (error.server === typed) return undefined;
      }
    }
    return undefined;
  }

  async #seekBeside(silent: string, method: Question["method"], options: FinderOptions) {
    const avoidance = this.#attempts.avoidance(this.#typed.server, [silent, ...this.#unfit.names]);
    const question = this.#question(method, avoidance);
    const isUnwanted = (server: string) =>
      server === silent || this.#unfit.has(server) || this.#attempts.failuresOf(server) > 0 ||
      this.#rests(server);
    const search = { isUnwanted, asks: RELIEF_ASKS };
    return await seek(this.#typed, this.#attempts, question, options, search);
  }

  async #search(method: Question["method"], options: FinderOptions): Promise<Arrival> {
    const attempts = this.#attempts;
    const { server: typed } = this.#typed;
    const question = this.#question(method, attempts.avoidance(typed));
    const missing = attempts.missing(typed);
    const asks = missing === undefined ? MOST_ASKS : asksForMissing(attempts.records.length);
    const found = await seek(
      this.#typed,
      attempts,
      question,
      options,
      failedBefore(attempts, asks),
    );
    if ("answer" in found) return found;
    if (missing !== undefined && found.isCertain) {
      throw new DownloadError(missing.failure, missing.message, { cause: missing });
    }
    options.onNotice(`no other server is named: trying ${found.best.uri.server} once more`);
    return await settleFor(found, attempts, question, options);
  }

  /** Tells the first server which ones to leave out, and all which part is wanted. */
  #question(method: Question["method"], avoidance: string | undefined): Question {
    const avoiding: FieldLine[] = avoidance === undefined ? [] : [["Avoid-Server", avoidance]];
    const fieldsFor = (uri: TargetUri) => {
      const kept = method === "GET" ? this.keptFor(uri) : undefined;
      const isFirst = uri.href === this.#typed.href;
      return [...(isFirst ? avoiding : []), ...(kept === undefined ? [] : rangeFields(kept))];
    };
    return { method, fieldsFor };
  }

  /** Whether another server can go on with what is here. */
  #canGoOn(): boolean {
    const { kept, received } = this.#standing;
    return kept !== undefined || received === 0;
  }

  /** No redirector may lead us for ever. */
  #mayGoOnAsking(): boolean {
    return this.#attempts.records.length + this.#unfit.size <= MOST_SERVERS;
  }

  #rests(server: string): boolean {
    return this.#attempts.restMs(server, this.#options.now()) > 0;
  }

  /**
   * An answer that brings what follows what is here, and goes on behind it, or the whole where that
   * will do; undefined for any other.
   *
   * @throws {TryError} when it is an error, or its content does not come
   */
  async #fitOf(
    arrival: Arrival,
    method: Question["method"],
    mayStartOver: boolean,
  ): Promise<Arrival | undefined> {
    const { uri, answer } = arrival;
    const { head, framing } = answer.response;
    const { statusCode } = head;
    const kept = method === "GET" ? this.keptFor(uri) : undefined;
    if (statusCode >= 400 && statusCode !== 416) {
      answer.release();
      throw answerError(uri, head, false);
    }
    const mayBegin = mayStartOver || this.#standing.received === 0;
    const isRest = statusCode === 206 && kept !== undefined &&
      resumeDecisionOf(head, framing, kept).kind === "rest";
    if (isWhole(head) && mayBegin) return arrival;
    const going = isRest ? await this.#goingOn(arrival) : undefined;
    if (going === undefined) this.#unfit.add(uri.server, strongTag(head));
    return going;
  }

  /** An answer that begins with the end of what is here; undefined when that is another. */
  async #goingOn({ uri, answer }: Arrival): Promise<Arrival | undefined> {
    const tail = this.#standing.tail();
    try {
      const peeked = await peek(uri, answer, tail.length);
      if (isSameTail(peeked.octets, tail)) return { uri, answer: peeked.answer };
      // Where the file is started over, it is asked for all of it.
      this.#attempts.denyRange(uri.server);
      return undefined;
    } catch (error) {
      answer.release();
      throw error;
    }
  }

  /** A server beside the silent one has failed; of the one as typed only its rest matters. */
  async #note(error: TryError): Promise<void> {
    const { retryAfterMs } = await import("./retry.ts");
    const { now, date } = this.#options;
    const until = now() + (retryAfterMs(error.details.fields, date()) ?? 0);
    if (error.server === this.#typed.server) this.#attempts.rest(error.server, until);
    else this.#attempts.failBeside(error, until);
  }
}

/** The failure of a try that an answer without the content stands for. */
export function answerError(
  uri: TargetUri,
  { statusCode, reasonPhrase: received, fields }: ResponseHead,
  wasRangeAsked: boolean,
): TryError {
  const phrase = received || reasonPhrase(statusCode);
  return new TryError("answer", uri.server, `${statusCode} ${phrase}`.trimEnd(), {
    subject: uri.href,
    statusCode,
    fields,
    ...(wasRangeAsked && statusCode === 416 && { isOfRange: true }),
  });
}

/** A person hears of a search beside a silent server only if it brings something. */
const MUTE = { onNotice: () => {}, onResponse: () => {} };

/**
 * How often servers are asked for that have the file, when so many lack it. A balancer that picks at
 * random, whichever servers are to be avoided, then names one more that there is with 99 %.
 */
function asksForMissing(servers: number): number {
  return Math.max(MOST_ASKS, Math.min(MOST_ASKS_FOR_MISSING, 4 * (servers + 1)));
}
