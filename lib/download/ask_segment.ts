import { isWhole, reasonPhrase } from "../http/response.ts";
import { followRedirects } from "./follow_redirects.ts";
import type { Answer } from "./ask.ts";
import { TryError } from "./download_error.ts";
import { askedFrom, resumeDecisionOf } from "./resume.ts";
import type { Shared, Worker } from "./segment_round.ts";
import type { Segment } from "./segments.ts";
import type { TargetUri } from "./target_uri.ts";

/** An answer that brings a part of the content. */
export interface Part {
  /** What was asked for. */
  readonly uri: TargetUri;
  /** Its content is still to be read. */
  readonly answer: Answer;
  /** Where in the content it begins. */
  readonly start: number;
  /** How many octets it brings. */
  readonly octets: number;
}

/** What a balancer reads of Avoid-Server. */
const MOST_AVOIDED = 16;

/**
 * Asks for a segment, of whoever is free to bring it.
 *
 * @returns undefined when another has taken the segment meanwhile
 * @throws {TryError} when what comes is none of it
 */
export async function askSegment(
  segment: Segment,
  worker: Worker,
  shared: Shared,
): Promise<Part | undefined> {
  const { typed, attempts, segments, whole, followOptions } = shared;
  const { position, end } = segment;
  const busy = busyBeside(worker, shared);
  const target = targetOf(busy, shared);
  worker.server = target.server;
  const avoidance = avoidanceOf(busy, shared);
  const { uri, answer } = await followRedirects(target, attempts, {
    method: "GET",
    fieldsFor: ({ href }) => [
      ...(href === typed.href && avoidance !== "" ? [["Avoid-Server", avoidance] as const] : []),
      ["Range", `bytes=${askedFrom(position)}-${end - 1}`],
      ["If-Range", whole.entityTag],
    ],
  }, followOptions);
  try {
    if (segments.segmentOf(worker) === segment) return partOf(uri, answer, position, shared);
    answer.release();
    return undefined;
  } catch (error) {
    answer.release();
    throw error;
  }
}

/** What an answer brings. A 200 with all of it serves only who is left alone. */
function partOf(
  uri: TargetUri,
  answer: Answer,
  position: number,
  { whole, workers, partless, attempts }: Shared,
): Part {
  const { head, framing } = answer.response;
  const { statusCode, fields } = head;
  if (statusCode !== 206 && !isWhole(head)) {
    throw new TryError("answer", uri.server, `${statusCode} ${reasonPhrase(statusCode)}`, {
      subject: uri.href,
      statusCode,
      fields,
      isOfRange: statusCode === 416,
    });
  }
  const decision = resumeDecisionOf(head, framing, { position, ...whole });
  if (decision.kind === "rest" && attempts.allowsRange(uri.server)) {
    const start = askedFrom(position);
    return { uri, answer, start, octets: position + decision.octets - start };
  }
  if (decision.kind === "whole" || decision.kind === "again") partless.add(uri.server);
  if (decision.kind === "again" && workers.size === 1) {
    return { uri, answer, start: 0, octets: whole.length };
  }
  const reason = decision.kind === "faulty"
    ? decision.reason
    : "it sends no part of the same content";
  throw new TryError("network", uri.server, reason, { isOfRange: true });
}

/** Whom to ask: a server that nobody asks yet, else whoever is named. */
function targetOf(
  busy: ReadonlySet<string>,
  { typed, duplicates, attempts, options, partless }: Shared,
): TargetUri {
  return duplicates().find(({ server }) =>
    !busy.has(server) && !partless.has(server) && attempts.allowsRange(server) &&
    attempts.failuresOf(server) === 0 &&
    attempts.restMs(server, options.now()) === 0
  ) ?? typed;
}

function busyBeside(worker: Worker, { workers }: Shared): Set<string> {
  return new Set([...workers].flatMap((it) => it === worker ? [] : it.server ?? []));
}

/** Avoid-Server: servers that are busy for this download, have failed, or send no parts. */
function avoidanceOf(
  busy: ReadonlySet<string>,
  { attempts, typed, workers, partless }: Shared,
): string {
  const failed = attempts.avoidance(typed.server)?.split(", ") ?? [];
  const others = [...busy].filter((it) => it !== typed.server && !failed.includes(it));
  // One that is left alone may have to take all of it from a server without ranges.
  const vain = workers.size === 1 ? [] : [...partless].filter((it) => it !== typed.server);
  return [...new Set([...others, ...failed, ...vain])].slice(0, MOST_AVOIDED).join(", ");
}
