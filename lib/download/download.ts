import { isWhole, type ResponseHead } from "../http/response.ts";
import {
  FAIR_PART,
  isMissing,
  isWorthRetry,
  pauseMs,
  restNotice,
  retryAfterMs,
  secondsText,
} from "./attempts.ts";
import type { DownloadContext, Observer } from "./context.ts";
import { answerError, TryError } from "./download_error.ts";
import { Finder } from "./finder.ts";
import { type FinishedFile, isSameFile, modifiedAt } from "./output/finished_file.ts";
import type { FinalAnswer } from "./follow_redirects.ts";
import type { Output } from "./output/output.ts";
import { Receiver, type RelieveFrom } from "./receiver.ts";
import { RelievedError } from "./relief.ts";
import { Segmenting } from "./segments/segmenting.ts";
import type { TargetUri } from "./requests/target_uri.ts";
import { tryError } from "./requests/transport.ts";
import type { Verification } from "./verification.ts";

/** How the content is saved. */
export interface SaveRules {
  /** What checks the content; undefined when only a server's own digest is a reason to. */
  readonly verification: Verification | undefined;
  /** A file that may be what is to be downloaded. */
  readonly finished: FinishedFile | undefined;
  /** Whether a file is to be as old as its content is said to be. */
  readonly keepsTime: boolean;
  /** What a file is to be called by what an answer says; undefined for its own name. */
  readonly nameFor: ((head: ResponseHead) => Promise<string | undefined>) | undefined;
  /** Whether the content of an answer is not for this output; undefined where any is. */
  readonly isDiverted?: ((head: ResponseHead) => boolean) | undefined;
}

/** The content of an answer is not for the output: it is to go to another one. */
export class DivertedError extends Error {
  override readonly name: string = "DivertedError";

  /** `answer` has still to be released. */
  constructor(readonly answer: FinalAnswer) {
    super("the content is not for this output");
  }
}

/** What a download has brought. */
export interface Downloaded {
  /** Where the content came from in the end. */
  readonly uri: TargetUri;
  readonly bytes: number;
  /** What the file is called in place of its own name. */
  readonly name: string | undefined;
  /** In hexadecimal digits, if it was computed. */
  readonly sha256: string | undefined;
  /** Whether the finished file was it. */
  readonly wasFinished: boolean;
  /** Whether a file has appeared under the name that is to stay: then nothing was saved. */
  readonly isTaken?: boolean;
}

/**
 * Downloads a content, and completes the output when it is whole. Each try starts at a source, such
 * as the URI as typed, where a balancer can pick another server, and goes on with what is there where
 * that is proved to be of the same content. When it fails, the output is left to the caller to
 * abandon.
 *
 * @param first an answer that is there already
 * @throws {DownloadError} when the content cannot be had or written
 * @throws {DivertedError} when it is not for this output
 */
export async function download(
  context: DownloadContext,
  output: Output,
  rules: SaveRules,
  first?: FinalAnswer,
): Promise<Downloaded> {
  const state = new Download(context, output, rules, first);
  for (;;) {
    const before = output.received;
    try {
      return await state.findFinished() ?? await state.tryOnce();
    } catch (error) {
      if (!(error instanceof TryError)) throw error;
      await state.recover(error, before);
    }
  }
}

/** One download, over all of its tries. */
class Download {
  readonly #context: DownloadContext;
  readonly #output: Output;
  readonly #rules: SaveRules;
  readonly #receiver: Receiver;
  readonly #finder: Finder;
  readonly #segmenting: Segmenting;
  #first: FinalAnswer | undefined;
  #hasLooked = false;

  constructor(context: DownloadContext, output: Output, rules: SaveRules, first?: FinalAnswer) {
    this.#context = context;
    this.#first = first;
    this.#output = output;
    this.#rules = rules;
    this.#receiver = new Receiver(context, output, rules.verification);
    this.#segmenting = new Segmenting(context, output);
    const onResponse: Observer["onResponse"] = (head, redirect, uri) => {
      this.#segmenting.see(head, uri);
      context.observer.onResponse(head, redirect, uri);
    };
    const observer = { ...context.observer, onResponse };
    this.#finder = new Finder({ ...context, observer }, output, this.#receiver);
  }

  /**
   * Asks, without the content, whether the file that is there is what is to be downloaded. When that
   * cannot be told, for whatever reason, the content may be had all the same.
   */
  async findFinished(): Promise<Downloaded | undefined> {
    const { finished } = this.#rules;
    if (finished === undefined || this.#hasLooked || this.#output.received > 0) return undefined;
    this.#hasLooked = true;
    const found = await this.#finder.find("HEAD").catch((error) => {
      if (!(error instanceof TryError)) throw error;
    });
    if (found === undefined) return undefined;
    const { uri, answer } = found;
    answer.release();
    const { head } = answer.response;
    if (!isWhole(head)) return undefined;
    if (!(await isSameFile(finished, head.fields, Date.now() / 1000))) return undefined;
    this.#context.attempts.succeed(uri.server);
    return { uri, bytes: finished.size, name: undefined, sha256: undefined, wasFinished: true };
  }

  /** One try, from its source to the end of the content, whichever servers it comes from. */
  async tryOnce(): Promise<Downloaded> {
    let found = this.#first ?? await this.#finder.find("GET");
    this.#first = undefined;
    for (;;) {
      const { head } = found.answer.response;
      if (isWhole(head) && this.#rules.isDiverted?.(head)) throw new DivertedError(found);
      try {
        return await this.#take(found);
      } catch (error) {
        if (!(error instanceof RelievedError)) throw error;
        found = this.#finder.turnTo(error.successor, error);
      }
    }
  }

  /** What one answer brings, up to the end of the content. */
  async #take({ uri, answer }: FinalAnswer): Promise<Downloaded> {
    const { keepsTime, nameFor } = this.#rules;
    const { sources, attempts } = this.#context;
    try {
      const { head } = answer.response;
      const point = this.#finder.resumePointFor(uri);
      const hasContent = isWhole(head) || (head.statusCode === 206 && point !== undefined);
      if (!hasContent) throw answerError(uri, head, point !== undefined);
      const relieve: RelieveFrom | undefined = sources.hasOther(uri.server)
        ? (silent, ...how) => this.#finder.findBeside(silent, "GET", ...how)
        : undefined;
      this.#segmenting.hasTurned = this.#finder.hasTurned;
      this.#segmenting.unfit = this.#finder.unfit;
      await this.#output.expect?.(head);
      const proposed = await nameFor?.(head);
      const servers = await this.#receiver.receive(
        uri,
        answer,
        point,
        relieve,
        this.#segmenting,
      );
      const time = keepsTime ? modifiedAt(head.fields, Date.now() / 1000) : undefined;
      const placed = await this.#output.complete(time, proposed);
      for (const server of servers) attempts.succeed(server);
      const { sha256 } = this.#receiver;
      const name = placed === "proposed" ? proposed : undefined;
      const isTaken = placed === "taken";
      return { uri, bytes: this.#output.position, name, sha256, wasFinished: false, isTaken };
    } catch (error) {
      throw tryError(error, uri);
    } finally {
      answer.release();
    }
  }

  /** After a failed try: waits for the next, or throws where none is worth it. */
  async recover(error: TryError, before: number): Promise<void> {
    const { sources, attempts, retry, observer } = this.#context;
    const { start } = this.#finder;
    const { resumePoint, canBegin, received } = this.#output;
    const { server, details } = error;
    if (details.isOfRange) attempts.denyRange(server);
    const hasGained = resumePoint !== undefined && !details.isTooSlow &&
      received - before >= resumePoint.length * FAIR_PART;
    const askedMs = retryAfterMs(details.fields, Date.now() / 1000) ?? 0;
    attempts.fail(error, hasGained, retry.monotonicMs() + askedMs);
    const canGoOn = canBegin || resumePoint !== undefined;
    const isWorth = isWorthRetry(error, server === start.server);
    const mayRetry = canGoOn && (isWorth || sources.drop(start));
    if (!mayRetry || attempts.repeats >= retry.retries) throw error;
    const { server: next } = this.#finder.prepare();
    if (!isWorth || (isMissing(error) && attempts.failuresOf(server) === 1)) {
      return observer.onNotice(`${error.message}; asking for another server`);
    }
    const pause = pauseMs(error, attempts.failuresInRow(server), retry.random());
    const restMs = attempts.restMs(next, retry.monotonicMs());
    const rests = restMs > pause;
    if (rests) attempts.mustTellRest(next);
    const then = rests ? restNotice(next, restMs) : `trying again in ${secondsText(pause)}`;
    observer.onNotice(`${error.message}; ${then}`);
    await retry.wait(Math.max(pause, restMs));
  }
}
