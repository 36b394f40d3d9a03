import type { ResponseHead } from "../http/response.ts";
import { type AttemptLog, restNotice, type Try } from "./attempts.ts";
import type { DownloadContext } from "./context.ts";
import { DownloadError, TryError } from "./download_error.ts";
import { parseLocation, type TargetUri } from "./requests/target_uri.ts";
import { type Answer, ask, type Question, readAway } from "./requests/transport.ts";

/** The answer of the server that redirects led to. */
export interface FinalAnswer {
  readonly uri: TargetUri;
  readonly answer: Answer;
}

/** What a search ended with: no server was named but unwanted ones. */
export interface Unwanted {
  /** The one of them that has failed least. */
  readonly best: UnfollowedRedirect;
  /** Whether the question was answered as often as it was to be put. */
  readonly isCertain: boolean;
}

/** A question, and how a search for a server puts it. */
export interface Search extends Question {
  /** Servers that are not asked as long as others may be named. */
  readonly isUnwanted: (server: string) => boolean;
  /** How often the question is put at the most. */
  readonly asks: number;
  /** Called with each URI when its server is asked. */
  readonly onAsk?: ((uri: TargetUri) => void) | undefined;
}

/** A failed server is not taken again before the question was put so often. */
export const MOST_ASKS = 8;

const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308]);

/** Where a redirect led that was not followed. */
export interface UnfollowedRedirect {
  readonly uri: TargetUri;
  readonly visited: ReadonlySet<string>;
}

/**
 * Asks for a URI and follows redirects, but none to an unwanted server: then the question is put
 * again, since a balancer may pick another.
 *
 * @throws {TryError} when no server answers with anything but a redirect
 */
export async function seek(
  start: TargetUri,
  search: Search,
  context: DownloadContext,
): Promise<FinalAnswer | Unwanted> {
  const failures = ({ uri }: UnfollowedRedirect) => context.attempts.failuresOf(uri.server);
  let best: UnfollowedRedirect | undefined;
  for (let asks = 0; asks < search.asks; asks++) {
    let found: FinalAnswer | UnfollowedRedirect;
    try {
      found = await follow({ uri: start, visited: new Set() }, search, context);
    } catch (error) {
      // A question without an answer, after one was answered, is as good as that answer again.
      if (best === undefined || !(error instanceof TryError)) throw error;
      return { best, isCertain: false };
    }
    if ("answer" in found) return found;
    if (best === undefined || failures(found) < failures(best)) best = found;
  }
  return { best: best!, isCertain: true };
}

/** Asks an unwanted server, where no other was named. */
export async function settleFor(
  { best }: Unwanted,
  search: Search,
  context: DownloadContext,
): Promise<FinalAnswer> {
  const final = await follow(best, { ...search, isUnwanted: () => false }, context);
  return final as FinalAnswer;
}

/**
 * Asks for a URI and follows redirects. When they lead to none but servers that have failed before,
 * the one that has failed least is asked in the end.
 *
 * @throws {TryError} when no server answers with anything but a redirect
 */
export async function followRedirects(
  start: TargetUri,
  question: Question,
  context: DownloadContext,
): Promise<FinalAnswer> {
  const search = { ...question, isUnwanted: failedBefore(context.attempts), asks: MOST_ASKS };
  const found = await seek(start, search, context);
  return "answer" in found ? found : await settleFor(found, search, context);
}

/** Whether a server has failed before, for a search that avoids those. */
export function failedBefore(attempts: AttemptLog): Search["isUnwanted"] {
  return (server) => attempts.failuresOf(server) > 0;
}

/** Follows redirects: to an answer, or no further than to an unwanted server. */
async function follow(
  { uri, visited: before }: UnfollowedRedirect,
  search: Search,
  context: DownloadContext,
): Promise<FinalAnswer | UnfollowedRedirect> {
  const visited = new Set(before);
  const isUnwanted = (next: TargetUri, from: TargetUri) =>
    next.server !== from.server && search.isUnwanted(next.server);
  for (;;) {
    visited.add(uri.href);
    await rest(uri.server, context);
    search.onAsk?.(uri);
    const { answer, asked } = await recorded(uri, search, context);
    let next: TargetUri | undefined;
    try {
      next = nextOf(answer.response.head, uri, visited, context, isUnwanted);
    } catch (error) {
      answer.release();
      throw error;
    }
    if (next === undefined) return { uri, answer };
    context.attempts.redirected(asked);
    await readAway(answer); // A redirect may have a page for people.
    const stops = isUnwanted(next, uri);
    uri = next;
    if (stops) return { uri, visited };
  }
}

/** Asks, and records it as a try that ends when its answer is released. */
async function recorded(
  uri: TargetUri,
  question: Question,
  { attempts, retry, transport, observer }: DownloadContext,
): Promise<{ readonly answer: Answer; readonly asked: Try }> {
  const asked = attempts.begin(uri.server, retry.monotonicMs());
  const end = () => asked.end(retry.monotonicMs());
  try {
    const { response, release } = await ask(uri, question, transport, observer);
    asked.statusCode = response.head.statusCode;
    const onBytes = (bytes: number) => void (asked.bytes += bytes);
    return { asked, answer: { response, release: () => (end(), release()), onBytes } };
  } catch (error) {
    end();
    throw error;
  }
}

/** Leaves a server alone for as long as it asked for, and says so when that begins. */
async function rest(
  server: string,
  { attempts, retry, observer }: DownloadContext,
): Promise<void> {
  const ms = attempts.restMs(server, retry.monotonicMs());
  if (ms <= 0) return;
  if (attempts.mustTellRest(server)) {
    observer.onNotice(restNotice(server, ms));
  }
  await retry.wait(ms);
}

/** Where a response sends us, if it does and that may be followed. */
function nextOf(
  head: ResponseHead,
  uri: TargetUri,
  visited: ReadonlySet<string>,
  { transport: { maxRedirects, allowDowngrade }, observer }: DownloadContext,
  isUnwanted: (next: TargetUri, from: TargetUri) => boolean,
): TargetUri | undefined {
  let next: TargetUri | undefined;
  try {
    next = redirectOf(head, uri);
  } finally {
    // When the question is put again, its answer is reported only once.
    if (next === undefined || !isUnwanted(next, uri)) observer.onResponse(head, next, uri);
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
