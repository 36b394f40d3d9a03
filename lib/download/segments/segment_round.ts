import { delay } from "@std/async/delay";
import type { Fields } from "../../http/fields.ts";
import { isWhole } from "../../http/response.ts";
import type { DownloadContext } from "../context.ts";
import { answerError, TryError } from "../download_error.ts";
import { type FinalAnswer, followRedirects, seek } from "../follow_redirects.ts";
import type { PartFile } from "../output/part_file.ts";
import type { ReliefRace } from "../relief.ts";
import { askedFrom, ifRange, resumeDecisionOf, type Whole } from "../output/resume.ts";
import type { SegmentControl } from "./segment_control.ts";
import type { Holder, Segment, Segments } from "./segments.ts";
import type { TargetUri } from "../requests/target_uri.ts";
import type { Answer, Question } from "../requests/transport.ts";

/** The bringing of one content by several workers. */
export interface SegmentRound {
  readonly context: DownloadContext;
  readonly whole: Whole;
  /** Which worker brings which part of it. */
  readonly segments: Segments;
  /** Ends with the last part, or the last worker. */
  readonly tasks: TaskGroup;
  /** Asks for another server when nothing arrives from any. */
  readonly race: ReliefRace | undefined;
  readonly output: PartFile;
  /** Where else the content is said to be. */
  readonly duplicates: () => readonly TargetUri[];
  readonly workers: Set<Holder>;
  /** Says how many workers there are; undefined where that is fixed, and servers may be shared. */
  readonly control: SegmentControl | undefined;
  /** Bytes were written at a position. */
  readonly onWritten: (bytes: Uint8Array, position: number) => void;
  /** Bytes behind a position that were written are missing again. */
  readonly onDiscarded: (position: number) => void;
  /** Bytes have arrived by way of a worker. */
  readonly onBytes: (worker: Holder, bytes: number) => void;
  /** A worker has ended before the round. */
  readonly onGivenUp: (worker: Holder) => void;
  /** The fields of the answers that parts came with. */
  readonly responses: Fields[];
  readonly servers: Set<string>;
  /** The servers that send the whole, or something else, when they are asked for a part. */
  readonly partless: Set<string>;
}

/** An answer that brings a part of the content. */
export interface Part {
  readonly uri: TargetUri;
  readonly answer: Answer;
  readonly start: number;
  readonly bytes: number;
}

/** A worker, as far as its server is concerned. */
export interface Asker extends Holder {
  server: string | undefined;
  /** What it asks first: what has brought it a segment. */
  readonly home: TargetUri | undefined;
  /** Whether it has brought nothing, and not for lack of questions: it asks none that has failed. */
  readonly isVain: boolean;
}

/** How often a redirector is asked for a server that no other worker asks. */
const FREE_ASKS = 4;

/** No server is named but those that are not to be asked by this worker. */
export class NoServerError extends Error {}

/**
 * Asks a server that is not busy for a segment.
 *
 * @returns undefined when another has taken the segment meanwhile
 * @throws {NoServerError} when there is none, where servers are not to be shared
 * @throws {TryError} when what comes is none of it
 */
export async function askSegment(
  segment: Segment,
  worker: Asker,
  round: SegmentRound,
): Promise<Part | undefined> {
  const { segments, whole } = round;
  const { position, end } = segment;
  const busy = busyBeside(worker, round);
  const [target, isSource] = targetOf(worker, busy, round);
  worker.server = target.server;
  const avoidance = isSource ? avoidanceOf(target, busy, round) : undefined;
  const { uri, answer } = await find(target, worker, busy, {
    method: "GET",
    fieldsFor: ({ href }) => [
      ...(href === target.href && avoidance ? [["Avoid-Server", avoidance] as const] : []),
      ["Range", `bytes=${askedFrom(position)}-${end - 1}`],
      ...ifRange(whole),
    ],
  }, round);
  try {
    if (segments.segmentOf(worker) === segment) return partOf(uri, answer, position, round);
    answer.release();
    return undefined;
  } catch (error) {
    answer.release();
    throw error;
  }
}

/** Follows redirects; where servers are not to be shared, to none that is busy. */
async function find(
  target: TargetUri,
  { isVain }: Asker,
  busy: ReadonlySet<string>,
  question: Question,
  { context, control, partless, workers }: SegmentRound,
): Promise<FinalAnswer> {
  if (control === undefined || workers.size === 1) {
    return await followRedirects(target, question, context);
  }
  const { attempts } = context;
  const isTaken = (server: string) =>
    busy.has(server) || partless.has(server) || !attempts.allowsRange(server);
  const hasFailed = (server: string) => attempts.failuresOf(server) > 0;
  const isUnwanted = (server: string) => isTaken(server) || hasFailed(server);
  if (isTaken(target.server) || isVain && hasFailed(target.server)) throw new NoServerError();
  const found = await seek(target, { ...question, isUnwanted, asks: FREE_ASKS }, context);
  if ("answer" in found) return found;
  throw new NoServerError();
}

/** What an answer brings. A 200 with all of it serves only the last worker left. */
function partOf(
  uri: TargetUri,
  answer: Answer,
  position: number,
  { whole, workers, partless, context: { attempts } }: SegmentRound,
): Part {
  const { head, framing } = answer.response;
  if (head.statusCode !== 206 && !isWhole(head)) {
    throw answerError(uri, head, true);
  }
  const decision = resumeDecisionOf(head, framing, { position, ...whole });
  if (decision.kind === "whole" || decision.kind === "again") partless.add(uri.server);
  const isWanted = decision.kind === "rest" && attempts.allowsRange(uri.server) ||
    decision.kind === "again" && workers.size === 1;
  if (isWanted) return { uri, answer, start: decision.start, bytes: decision.bytes };
  const reason = decision.kind === "faulty"
    ? decision.reason
    : "it sends no part of the same content";
  throw new TryError("network", uri.server, reason, { isOfRange: true });
}

/** A server that no other worker asks, or where a try may begin; and whether it is such a one. */
function targetOf(
  { home }: Asker,
  busy: ReadonlySet<string>,
  { context: { sources, attempts, retry }, duplicates, partless }: SegmentRound,
): readonly [TargetUri, isSource: boolean] {
  const isFree = ({ server }: TargetUri) =>
    !busy.has(server) && !partless.has(server) && attempts.allowsRange(server) &&
    attempts.failuresOf(server) === 0 &&
    attempts.restMs(server, retry.monotonicMs()) === 0;
  const known = [...home === undefined ? [] : [home], ...duplicates()];
  const free = known.find(isFree);
  if (free !== undefined) return [free, false];
  return [sources.next(attempts, retry.monotonicMs(), new Set([...busy, ...partless])), true];
}

function busyBeside(
  worker: Holder & { server: string | undefined },
  { workers }: SegmentRound,
): Set<string> {
  return new Set([...workers].flatMap((it) => it === worker ? [] : it.server ?? []));
}

/** Avoid-Server: servers that are busy for this download, have failed, or send no parts. */
function avoidanceOf(
  { server }: TargetUri,
  busy: ReadonlySet<string>,
  { context: { attempts }, workers, partless }: SegmentRound,
): string | undefined {
  const others = (servers: Iterable<string>) => [...servers].filter((it) => it !== server);
  // The last worker left may have to take all of it from a server without ranges.
  const vain = workers.size === 1 ? [] : others(partless);
  return attempts.avoidance(server, others(busy), vain);
}

/** What several do together until it is done, or cannot be. */
export class TaskGroup {
  readonly #ended = Promise.withResolvers<void>();
  readonly #over = new AbortController();

  /** Rejects with what kept it from its end. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** It is done; or not, for this reason. */
  end(error?: unknown): void {
    if (this.isOver) return;
    this.#over.abort();
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  /** Waits for a time, or until all is over. */
  async sleep(ms: number): Promise<void> {
    await delay(ms, { signal: this.#over.signal }).catch(() => {});
  }
}
