import type { FieldLine } from "../http/fields.ts";
import type { ResponseHead } from "../http/response.ts";
import { type Answer, ask, type AskOptions, readAway } from "./ask.ts";
import { DownloadError, TryError } from "./download_error.ts";
import type { AttemptLog } from "./attempt_log.ts";
import { parseLocation, type TargetUri } from "./target_uri.ts";

/** How one finds the server that has the content. */
export interface FollowOptions extends AskOptions {
  /** Redirects that are followed; one more is an error. */
  readonly maxRedirects: number;
  /** Whether a redirect may lead from https to http. */
  readonly allowDowngrade: boolean;
  /** Told of final responses: with a redirect, where it leads; and what was asked for. */
  readonly onResponse: (
    head: ResponseHead,
    redirect: TargetUri | undefined,
    uri: TargetUri,
  ) => void;
  /** Told what a person may want to know. */
  readonly onNotice: (text: string) => void;
  /** Waits for so many ms. */
  readonly wait: (ms: number) => Promise<void>;
  /** Ms on any clock that never goes back. */
  readonly now: () => number;
  /** Told of each URI when its server is asked. */
  readonly onAsk?: ((uri: TargetUri) => void) | undefined;
}

/** What is asked. */
export interface Question {
  /** HEAD for no more than the head. */
  readonly method: "GET" | "HEAD";
  /** What is to be said to a server beside what is always said. */
  readonly fieldsFor: (uri: TargetUri) => readonly FieldLine[];
}

/** The answer of the server that redirects led to. */
export interface Arrival {
  /** What was asked for there. */
  readonly uri: TargetUri;
  /** The answer, which is no redirect. */
  readonly answer: Answer;
}

/** What a search ended with: no server was named but unwanted ones. */
export interface Unwanted {
  /** The one of them that has failed least. */
  readonly best: UnfollowedRedirect;
  /** Whether the question was answered as often as it was to be put. */
  readonly isCertain: boolean;
}

/** How a search for a server goes about it. */
export interface Search {
  /** Servers that are not asked as long as others may be named. */
  readonly isUnwanted: (server: string) => boolean;
  /** How often the question is put at the most. */
  readonly asks: number;
}

/** A failed server is not taken again before the question was put so often. */
export const MOST_ASKS = 8;

const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308]);

/** Where a redirect led that was not followed. */
export interface UnfollowedRedirect {
  /** What is to be asked for there. */
  readonly uri: TargetUri;
  /** The URIs on the way there. */
  readonly visited: ReadonlySet<string>;
}

/**
 * Asks for a URI and follows redirects. When one leads to a server that has failed before, the first
 * question is put again, since a balancer may pick another; of those that it names, the one that has
 * failed least is taken in the end.
 *
 * @throws {TryError} when no server answers with anything but a redirect
 */
export async function followRedirects(
  typed: TargetUri,
  attempts: AttemptLog,
  question: Question,
  followOptions: FollowOptions,
): Promise<Arrival> {
  const found = await seek(
    typed,
    attempts,
    question,
    followOptions,
    failedBefore(attempts, MOST_ASKS),
  );
  return "answer" in found ? found : await settleFor(found, attempts, question, followOptions);
}

/** A search for servers that have not failed. */
export function failedBefore(attempts: AttemptLog, asks: number): Search {
  return { isUnwanted: (server) => attempts.failuresOf(server) > 0, asks };
}

/**
 * Asks for a URI and follows redirects, but none to an unwanted server: then the first question is
 * put again, since a balancer may pick another.
 *
 * @throws {TryError} when no server answers with anything but a redirect
 */
export async function seek(
  typed: TargetUri,
  attempts: AttemptLog,
  question: Question,
  followOptions: FollowOptions,
  search: Search,
): Promise<Arrival | Unwanted> {
  const start: UnfollowedRedirect = { uri: typed, visited: new Set() };
  const failures = ({ uri }: UnfollowedRedirect) => attempts.failuresOf(uri.server);
  let best: UnfollowedRedirect | undefined;
  for (let asks = 0; asks < search.asks; asks++) {
    const found = await askAgain(
      best,
      () => follow(start, attempts, question, followOptions, search),
    );
    if (found === undefined) return { best: best!, isCertain: false };
    if ("answer" in found) return found;
    if (best === undefined || failures(found) < failures(best)) best = found;
  }
  return { best: best!, isCertain: true };
}

/** Asks an unwanted server, where no other was named. */
export async function settleFor(
  { best }: Unwanted,
  attempts: AttemptLog,
  question: Question,
  followOptions: FollowOptions,
): Promise<Arrival> {
  return await follow(best, attempts, question, followOptions) as Arrival;
}

/** A question that nobody answers, after one was answered, is as good as that answer again. */
async function askAgain(
  best: UnfollowedRedirect | undefined,
  asking: () => Promise<Arrival | UnfollowedRedirect>,
): Promise<Arrival | UnfollowedRedirect | undefined> {
  try {
    return await asking();
  } catch (error) {
    if (best === undefined || !(error instanceof TryError)) throw error;
    return undefined;
  }
}

/** Follows redirects: to an answer, or in a search no further than to an unwanted server. */
async function follow(
  { uri, visited: before }: UnfollowedRedirect,
  attempts: AttemptLog,
  question: Question,
  followOptions: FollowOptions,
  search?: Search,
): Promise<Arrival | UnfollowedRedirect> {
  const visited = new Set(before);
  const isDetour = (next: TargetUri, from: TargetUri) =>
    next.server !== from.server && search?.isUnwanted(next.server) === true;
  for (;;) {
    visited.add(uri.href);
    await rest(uri.server, attempts, followOptions);
    followOptions.onAsk?.(uri);
    const answer = await ask(uri, question.method, question.fieldsFor(uri), followOptions);
    let next: TargetUri | undefined;
    try {
      next = nextOf(answer.response.head, uri, visited, followOptions, isDetour);
    } catch (error) {
      answer.release();
      throw error;
    }
    if (next === undefined) return { uri, answer };
    attempts.redirected(uri.server);
    await readAway(answer); // A redirect may have a page for people.
    const stops = isDetour(next, uri);
    uri = next;
    if (stops) return { uri, visited };
  }
}

/** Leaves a server alone for as long as it asked for, and says so when that begins. */
async function rest(
  server: string,
  attempts: AttemptLog,
  followOptions: FollowOptions,
): Promise<void> {
  const ms = attempts.restMs(server, followOptions.now());
  if (ms <= 0) return;
  if (attempts.mustTellRest(server)) {
    const { restNotice } = await import("./retry.ts");
    followOptions.onNotice(restNotice(server, ms));
  }
  await followOptions.wait(ms);
}

/** Where a response sends us, if it does and that may be followed. */
function nextOf(
  head: ResponseHead,
  uri: TargetUri,
  visited: ReadonlySet<string>,
  { maxRedirects, allowDowngrade, onResponse }: FollowOptions,
  isDetour: (next: TargetUri, from: TargetUri) => boolean,
): TargetUri | undefined {
  let next: TargetUri | undefined;
  try {
    next = redirectOf(head, uri);
  } finally {
    // A question that is put again has an answer that nobody needs to read again.
    if (next === undefined || !isDetour(next, uri)) onResponse(head, next, uri);
  }
  if (next === undefined) return undefined;
  if (uri.isSecure && !next.isSecure && !allowDowngrade) {
    const reason = `the redirect leads from https to ${next.href}; --allow-downgrade would follow`;
    throw new TryError("redirect", uri.server, reason);
  }
  if (visited.has(next.href)) {
    throw new TryError(
      "redirect",
      uri.server,
      `the redirects go round in a loop at ${next.href}`,
    );
  }
  if (visited.size > maxRedirects) {
    throw new TryError("redirect", uri.server, `there are more than ${maxRedirects} redirects`);
  }
  return next;
}

/** Where a response sends us, if it does (RFC 9110 §15.4). */
function redirectOf(head: ResponseHead, uri: TargetUri): TargetUri | undefined {
  if (!REDIRECTS.has(head.statusCode)) return undefined;
  // As with lengths, one that is repeated is one.
  const [location, ...more] = new Set(head.fields.values("location"));
  if (head.statusCode === 300 && location === undefined) return undefined; // Its choices are people's.
  if (location === undefined || more.length > 0) {
    const count = location === undefined ? "no" : "more than one";
    const reason = `the ${head.statusCode} redirect has ${count} Location`;
    throw new TryError("protocol", uri.server, reason, { subject: uri.href });
  }
  try {
    return parseLocation(location, uri);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    // The message says what it is about.
    throw new TryError("protocol", uri.server, error.message, { cause: error });
  }
}
