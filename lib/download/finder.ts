import type { FieldLine } from "../http/fields.ts";
import { isWhole } from "../http/response.ts";
import { type AttemptLog, MOST_SERVERS, retryAfterMs, secondsText } from "./attempts.ts";
import type { DownloadContext } from "./context.ts";
import { answerError, DownloadError, TryError } from "./download_error.ts";
import {
  failedBefore,
  type FinalAnswer,
  MOST_ASKS,
  type Search,
  seek,
  settleFor,
} from "./follow_redirects.ts";
import type { Output } from "./output/output.ts";
import type { Receiver } from "./receiver.ts";
import { NO_ANSWER, Relief, ReliefRace, type Relieve } from "./relief.ts";
import {
  isSameTail,
  rangeFields,
  resumeDecisionOf,
  type ResumePoint,
  strongTag,
} from "./output/resume.ts";
import type { TargetUri } from "./requests/target_uri.ts";
import { peek, type Question } from "./requests/transport.ts";

/** A file that some servers lack is not asked for more often than that at once. */
const MOST_ASKS_FOR_MISSING = 64;

/** How long a server may take to say what it has, before the content itself is asked for. */
const LOOK_MS = 10_000;

/** How often a balancer is asked at once for a server beside one that is silent. */
const RELIEF_ASKS = 4;

/** Finds the servers of one download, for each of its tries and beside silent ones. */
export class Finder {
  readonly #context: DownloadContext;
  /** For a search beside a silent server, which is reported only if it brings something. */
  readonly #mute: DownloadContext;
  readonly #attempts: AttemptLog;
  /** Where the present try begins. */
  #start: TargetUri;
  readonly #output: Output;
  readonly #receiver: Receiver;
  readonly #unfit: UnfitServers = new Map();
  #hasTurned = false;

  constructor(context: DownloadContext, output: Output, receiver: Receiver) {
    const { observer, attempts } = this.#context = context;
    const muted = { ...observer, onNotice: () => {}, onResponse: () => {} };
    this.#mute = { ...context, observer: muted };
    this.#attempts = attempts;
    this.#output = output;
    this.#receiver = receiver;
    this.#start = this.prepare();
  }

  /** Where the present try begins, or the next one does. */
  get start(): TargetUri {
    return this.#start;
  }

  /** Decides where the next try begins. */
  prepare(): TargetUri {
    const { sources, attempts, retry } = this.#context;
    return this.#start = sources.next(attempts, retry.monotonicMs());
  }

  /** Whether a server has fallen silent, and another has gone on in its place. */
  get hasTurned(): boolean {
    return this.#hasTurned;
  }

  get unfit(): readonly string[] {
    return [...this.#unfit.keys()];
  }

  /** Where a server may be asked to go on; undefined when it has to send the whole. */
  resumePointFor({ server }: TargetUri): ResumePoint | undefined {
    return this.#attempts.allowsRange(server) ? this.#receiver.resumePoint : undefined;
  }

  /**
   * Asks the server that redirects lead to; when it accepts no connection or sends no head for long,
   * another one beside it.
   *
   * @throws {TryError} when no server answers with anything but a redirect
   * @throws {DownloadError} `answer`, when no server is named but those that lack the file
   */
  async find(method: Question["method"]): Promise<FinalAnswer> {
    const { transport, retry: { silence } } = this.#context;
    const first = new AbortController();
    let asked = this.#start;
    const relieve: Relieve = (signal, mayStartOver) =>
      this.findBeside(asked.server, method, signal, mayStartOver);
    const race = new ReliefRace(silence.headMs, silence, relieve, this.#receiver.restartableSince);
    const onAsk = (uri: TargetUri) => {
      asked = uri;
      race.restart();
    };
    try {
      const timeoutMs = Math.min(method === "HEAD" ? LOOK_MS : Infinity, transport.timeoutMs);
      const found = await race.wait(this.#search(method, first.signal, timeoutMs, onAsk));
      if (!(found instanceof Relief)) return found;
      first.abort();
      const reason = `no answer came for ${secondsText(found.silentMs)}`;
      return this.turnTo(found.successor, new TryError("network", asked.server, reason));
    } finally {
      race.close();
    }
  }

  /** Notes that a silent server has failed, and tells which one goes on in its place. */
  turnTo(successor: FinalAnswer, error: TryError): FinalAnswer {
    this.#hasTurned = true;
    this.#attempts.failBeside(error);
    this.#context.observer.onNotice(`${error.message}; going on at ${successor.uri.server}`);
    return successor;
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
  ): Promise<FinalAnswer | undefined> {
    const found = this.#canGoOn() ? await this.#findFit(silent, method, signal) : undefined;
    const isVain = !this.#canGoOn() || this.#unfit.size > 0;
    if (found !== undefined || signal.aborted || !isVain) return found;
    if (!mayStartOver || this.#receiver.restartableSince === undefined) return undefined;
    readmit(this.#unfit);
    return await this.#findFit(silent, method, signal, true);
  }

  async #findFit(
    silent: string,
    method: Question["method"],
    signal: AbortSignal,
    mayStartOver = false,
  ): Promise<FinalAnswer | undefined> {
    for (const start of this.#startsBeside(silent)) {
      const fit = await this.#findFitFrom(start, silent, method, signal, mayStartOver);
      if (fit !== undefined || signal.aborted) return fit;
    }
    return undefined;
  }

  /** The sources at which another server may be asked for. */
  #startsBeside(silent: string): readonly TargetUri[] {
    const others = this.#context.sources.all.filter(({ server }) => server !== silent);
    if (others.length < 2) return others;
    const attempts = this.#attempts;
    return others.filter(({ server }) =>
      attempts.failuresOf(server) === 0 && !this.#unfit.has(server)
    );
  }

  async #findFitFrom(
    start: TargetUri,
    silent: string,
    method: Question["method"],
    signal: AbortSignal,
    mayStartOver: boolean,
  ): Promise<FinalAnswer | undefined> {
    let asked = start.server;
    const onAsk = ({ server }: TargetUri) => {
      asked = server;
    };
    while (this.#mayGoOnAsking() && !this.#rests(start.server)) {
      try {
        const search = { ...this.#searchBeside(start, silent, method), signal, onAsk };
        const found = await seek(start, search, this.#mute);
        if (!("answer" in found)) return undefined;
        const fit = await this.#fitOf(found, method, mayStartOver);
        if (fit !== undefined) return fit;
        found.answer.release();
        if (found.uri.server === start.server) return undefined;
      } catch (error) {
        if (!(error instanceof TryError)) throw error;
        if (signal.aborted) {
          const late = new TryError("network", asked, "no answer came in time");
          if (signal.reason === NO_ANSWER) this.#note(late);
          return undefined;
        }
        this.#note(error);
        if (error.server === start.server) return undefined;
      }
    }
    return undefined;
  }

  #searchBeside(start: TargetUri, silent: string, method: Question["method"]): Search {
    const avoidance = this.#attempts.avoidance(start.server, [silent, ...this.unfit]);
    const isUnwanted = (server: string) =>
      server === silent || this.#unfit.has(server) || this.#attempts.failuresOf(server) > 0 ||
      this.#rests(server);
    return { ...this.#question(start, method, avoidance), isUnwanted, asks: RELIEF_ASKS };
  }

  async #search(
    method: Question["method"],
    signal: AbortSignal,
    timeoutMs: number,
    onAsk: (uri: TargetUri) => void,
  ): Promise<FinalAnswer> {
    const attempts = this.#attempts;
    const start = this.#start;
    const missing = attempts.missing(start.server);
    const search: Search = {
      ...this.#question(start, method, attempts.avoidance(start.server)),
      isUnwanted: failedBefore(attempts),
      asks: missing === undefined ? MOST_ASKS : asksForMissing(attempts.records.length),
      signal,
      timeoutMs,
      onAsk,
    };
    const found = await seek(start, search, this.#context);
    if ("answer" in found) return found;
    if (missing !== undefined && found.isCertain) {
      if (this.#context.sources.drop(start)) {
        this.prepare();
        return await this.#search(method, signal, timeoutMs, onAsk);
      }
      throw new DownloadError(missing.failure, missing.message, { cause: missing });
    }
    const { server } = found.best.uri;
    const better = await this.#lessFailed(server, search);
    if (better !== undefined) return better;
    this.#context.observer.onNotice(`no other server is named: trying ${server} once more`);
    return await settleFor(found, search, this.#context);
  }

  /** Asks for a server that has failed less often than this one: it may be left out for our sake. */
  async #lessFailed(server: string, search: Search): Promise<FinalAnswer | undefined> {
    const attempts = this.#attempts;
    const start = this.#start;
    const failures = attempts.failuresOf(server);
    if (!attempts.hasFailedLess(start.server, failures)) return undefined;
    const avoidance = attempts.avoidance(start.server, [], [], failures);
    const found = await seek(start, {
      ...search,
      ...this.#question(start, search.method, avoidance),
      isUnwanted: (other) => attempts.failuresOf(other) >= failures,
    }, this.#context);
    return "answer" in found ? found : undefined;
  }

  /** Tells the first server which ones to leave out, and all which part is wanted. */
  #question(
    start: TargetUri,
    method: Question["method"],
    avoidance: string | undefined,
  ): Question {
    const avoiding: FieldLine[] = avoidance === undefined ? [] : [["Avoid-Server", avoidance]];
    const fieldsFor = (uri: TargetUri) => {
      const point = method === "GET" ? this.resumePointFor(uri) : undefined;
      const isFirst = uri.href === start.href;
      return [...(isFirst ? avoiding : []), ...(point === undefined ? [] : rangeFields(point))];
    };
    return { method, fieldsFor };
  }

  /** Whether another server can go on with what is here. */
  #canGoOn(): boolean {
    return this.#receiver.resumePoint !== undefined || this.#output.received === 0;
  }

  #mayGoOnAsking(): boolean {
    return this.#attempts.records.length + this.#unfit.size <= MOST_SERVERS;
  }

  #rests(server: string): boolean {
    return this.#attempts.restMs(server, this.#context.retry.monotonicMs()) > 0;
  }

  /**
   * An answer that brings what follows what is here, and goes on behind it, or the whole where that
   * will do; undefined for any other.
   *
   * @throws {TryError} when it is an error, or its content does not come
   */
  async #fitOf(
    found: FinalAnswer,
    method: Question["method"],
    mayStartOver: boolean,
  ): Promise<FinalAnswer | undefined> {
    const { uri, answer } = found;
    const { head, framing } = answer.response;
    const { statusCode } = head;
    const point = method === "GET" ? this.resumePointFor(uri) : undefined;
    if (statusCode >= 400 && statusCode !== 416) {
      answer.release();
      throw answerError(uri, head, false);
    }
    const mayBegin = mayStartOver || this.#output.received === 0;
    const isRest = statusCode === 206 && point !== undefined &&
      resumeDecisionOf(head, framing, point).kind === "rest";
    if (isWhole(head) && mayBegin) return found;
    const fit = isRest ? await this.#withSameTail(found) : undefined;
    if (fit === undefined) this.#unfit.set(uri.server, strongTag(head));
    return fit;
  }

  /** An answer that begins with the end of what is here; undefined when that is another. */
  async #withSameTail({ uri, answer }: FinalAnswer): Promise<FinalAnswer | undefined> {
    const tail = this.#output.tail();
    try {
      const peeked = await peek(uri, answer, tail.length);
      const hasPieces = this.#context.expected?.pieces !== undefined;
      if (hasPieces || isSameTail(peeked.bytes, tail)) return { uri, answer: peeked.answer };
      // Where the file is started over, it is asked for all of it.
      this.#attempts.denyRange(uri.server);
      return undefined;
    } catch (error) {
      answer.release();
      throw error;
    }
  }

  /** A server beside the silent one has failed; of the only source nothing but its rest matters. */
  #note(error: TryError): void {
    const restMs = retryAfterMs(error.details.fields, Date.now() / 1000) ?? 0;
    const until = this.#context.retry.monotonicMs() + restMs;
    const { sources } = this.#context;
    if (!sources.hasOther(error.server)) this.#attempts.rest(error.server, until);
    else this.#attempts.failBeside(error, until);
  }
}

/**
 * How often servers are asked for that have the file, when so many lack it. A balancer that picks at
 * random, whichever servers are to be avoided, then names one more that there is with 99 %.
 */
function asksForMissing(servers: number): number {
  return Math.max(MOST_ASKS, Math.min(MOST_ASKS_FOR_MISSING, 4 * (servers + 1)));
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
