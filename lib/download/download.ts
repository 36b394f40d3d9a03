import { isWhole, type ResponseHead } from "../http/response.ts";
import type { Arrival, FollowOptions } from "./follow_redirects.ts";
import { tryError } from "./ask.ts";
import { TryError } from "./download_error.ts";
import { answerError, Finder, type FinderOptions } from "./finder.ts";
import { type FinishedFile, isSameFile, modifiedAt } from "./finished_file.ts";
import { type AttemptLog, isMissing } from "./attempt_log.ts";
import type { Output } from "./output.ts";
import { PartFile } from "./part_file.ts";
import { Receiver, type ReceiverOptions } from "./receiver.ts";
import { RelievedError } from "./relief.ts";
import type { Segmented } from "./segmented.ts";
import type { TargetUri } from "./target_uri.ts";

/** How a download goes about it, and whom it tells. */
export interface DownloadOptions extends FinderOptions, ReceiverOptions {
  /** How many parts of a file to ask for at once, where that can be done. */
  readonly segments: number;
  /** How often a server is tried again that has failed. */
  readonly retries: number;
  /** A file that may be what is to be downloaded. */
  readonly finished: FinishedFile | undefined;
  /** Whether a file is to be as old as its content is said to be. */
  readonly keepsTime: boolean;
  /** What a file is to be called by what an answer says; undefined for its own name. */
  readonly nameFor: ((head: ResponseHead) => Promise<string | undefined>) | undefined;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** What a download has brought. */
export interface Downloaded {
  /** Where the content came from in the end. */
  readonly uri: TargetUri;
  /** The octets of the content. */
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

/** A failed try that brought this part of the content, and kept it, is not counted against anybody. */
const FAIR_PART = 1 / 100;

/** Once a server has fallen silent, no slow or silent one is to decide alone how long the rest takes. */
const RELIEF_SEGMENTS = 4;

/**
 * Downloads the content of a URI, and completes the output when it is whole. Each try starts at the
 * URI as typed, so that a balancer can pick another server, and goes on with what is kept where
 * that is proved to be of the same content. When it fails, the output is left to the caller to
 * abandon.
 *
 * @param attempts is told of every server that was tried
 * @throws {DownloadError} when the content cannot be had or written
 */
export async function download(
  typed: TargetUri,
  output: Output,
  attempts: AttemptLog,
  options: DownloadOptions,
): Promise<Downloaded> {
  const state = new Download(typed, output, attempts, options);
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
  readonly #typed: TargetUri;
  readonly #output: Output;
  readonly #attempts: AttemptLog;
  readonly #options: DownloadOptions;
  readonly #receiver: Receiver;
  readonly #finder: Finder;
  /** Answers that may name where else the content is, before there is anything to see them. */
  readonly #linking: [ResponseHead, TargetUri][] = [];
  #segmented: Segmented | undefined;
  #hasLooked = false;

  constructor(typed: TargetUri, output: Output, attempts: AttemptLog, options: DownloadOptions) {
    this.#typed = typed;
    this.#output = output;
    this.#attempts = attempts;
    this.#options = options;
    const receiver = this.#receiver = new Receiver(output, options);
    const onResponse: FollowOptions["onResponse"] = (head, redirect, uri) => {
      if (head.fields.has("link")) this.#linking.push([head, uri]);
      options.onResponse(head, redirect, uri);
    };
    this.#finder = new Finder(typed, attempts, { ...options, onResponse }, {
      get kept() {
        return receiver.mayMix ? output.kept : undefined;
      },
      get received() {
        return output.received;
      },
      tail: () => output.tail(),
      get begunAt() {
        return output.canBegin ? receiver.begunAt : undefined;
      },
    });
  }

  /**
   * Asks, without the content, whether the file that is there is what is to be downloaded. When that
   * cannot be told, for whatever reason, the content may be had all the same.
   */
  async findFinished(): Promise<Downloaded | undefined> {
    const { finished, date } = this.#options;
    if (finished === undefined || this.#hasLooked || this.#output.received > 0) return undefined;
    this.#hasLooked = true;
    const arrival = await this.#finder.find("HEAD").catch((error) => {
      if (!(error instanceof TryError)) throw error;
    });
    if (arrival === undefined) return undefined;
    const { uri, answer } = arrival;
    answer.release();
    const { head } = answer.response;
    const { fields } = head;
    if (!isWhole(head) || !(await isSameFile(finished, fields, date()))) return undefined;
    this.#attempts.succeed(uri.server);
    return { uri, bytes: finished.size, name: undefined, sha256: undefined, wasFinished: true };
  }

  /** One try, from the URI as typed to the end of the content, whichever servers it comes from. */
  async tryOnce(): Promise<Downloaded> {
    let arrival = await this.#finder.find("GET");
    for (;;) {
      try {
        return await this.#take(arrival);
      } catch (error) {
        if (!(error instanceof RelievedError)) throw error;
        arrival = this.#finder.turnTo(error.arrival, error);
      }
    }
  }

  /** What one answer brings, up to the end of the content. */
  async #take({ uri, answer }: Arrival): Promise<Downloaded> {
    const { keepsTime, nameFor, date } = this.#options;
    try {
      const { head } = answer.response;
      const kept = this.#finder.keptFor(uri);
      const hasContent = isWhole(head) || (head.statusCode === 206 && kept !== undefined);
      if (!hasContent) throw answerError(uri, head, kept !== undefined);
      const relieve = uri.server === this.#typed.server
        ? undefined
        : (silent: string, signal: AbortSignal, mayStartOver: boolean) =>
          this.#finder.findBeside(silent, "GET", signal, mayStartOver);
      const help = { relieve, segmented: await this.#segmentedFor() };
      const proposed = await nameFor?.(head);
      const servers = await this.#receiver.receive(uri, answer, kept, help);
      const time = keepsTime ? modifiedAt(head.fields, date()) : undefined;
      const placed = await this.#output.complete(time, proposed);
      for (const server of servers) this.#attempts.succeed(server);
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

  /** Files alone can be written in any order. What has holes already has to be. */
  async #segmentedFor(): Promise<Segmented | undefined> {
    const output = this.#output;
    const most = Math.max(this.#options.segments, this.#finder.hasTurned ? RELIEF_SEGMENTS : 1);
    if (!(output instanceof PartFile) || (most < 2 && !output.hasHoles)) return undefined;
    const { Segmented } = await import("./segmented.ts");
    this.#segmented ??= new Segmented(this.#typed, output, this.#attempts, this.#options);
    this.#segmented.most = most;
    for (const [head, uri] of this.#linking.splice(0)) this.#segmented.see(head, uri);
    this.#segmented.unfit = this.#finder.unfit;
    return this.#segmented;
  }

  /** After a failed try: waits for the next, or throws where none is worth it. */
  async recover(error: TryError, before: number): Promise<void> {
    const { isWorthRetry, pauseMs, restNotice, retryAfterMs, secondsText } = await import(
      "./retry.ts"
    );
    const { retries, random, wait, now, date, onNotice } = this.#options;
    const { kept, canBegin, received } = this.#output;
    const { server, details } = error;
    const typed = this.#typed.server;
    if (details.isOfRange) this.#attempts.denyRange(server);
    const hasGained = kept !== undefined && !details.isTooSlow &&
      received - before >= kept.length * FAIR_PART;
    const restMs = retryAfterMs(details.fields, date()) ?? 0;
    this.#attempts.fail(error, hasGained, now() + restMs);
    const canGoOn = canBegin || kept !== undefined;
    const mayRetry = canGoOn && isWorthRetry(error, server === typed);
    if (!mayRetry || this.#attempts.repeats >= retries) throw error;
    if (isMissing(error) && this.#attempts.failuresOf(server) === 1) {
      return onNotice(`${error.message}; asking for another server`);
    }
    // The server in the URL is asked next, whichever has failed.
    const pause = pauseMs(error, this.#attempts.failuresInRow(server), random());
    const typedRestMs = this.#attempts.restMs(typed, now());
    const rests = typedRestMs > pause;
    if (rests) this.#attempts.mustTellRest(typed);
    const then = rests ? restNotice(typed, typedRestMs) : `trying again in ${secondsText(pause)}`;
    onNotice(`${error.message}; ${then}`);
    await wait(Math.max(pause, typedRestMs));
  }
}
