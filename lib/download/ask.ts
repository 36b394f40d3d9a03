import {
  type ClientRequest,
  type ClientResponse,
  exchange,
  failureReason,
  IncompleteMessageError,
} from "../net/exchange.ts";
import { HandshakeError, LocalError, UnknownHostError } from "../net/network_error.ts";
import { monotonicMs, unwatch, watch } from "../net/deadlines.ts";
import { ProtocolError } from "../http/grammar.ts";
import type { FieldLine } from "../http/fields.ts";
import type { ResponseHead } from "../http/response.ts";
import type { Connections, Link } from "./connections.ts";
import { TryError } from "./download_error.ts";
import type { TargetUri } from "./target_uri.ts";

/** How a server is asked. */
export interface AskOptions {
  /** Where connections come from. */
  readonly connections: Connections;
  /** Between two arrivals of octets, and for a head as a whole, in ms. */
  readonly timeoutMs: number;
  /** Told of each request that goes out, and of each head that comes in. */
  readonly onHead?: ((head: ClientRequest | ResponseHead, uri: TargetUri) => void) | undefined;
  /** Ends an exchange when it aborts, up to its release: the connection is closed. */
  readonly signal?: AbortSignal | undefined;
}

/** A final response whose content is still to be read. */
export interface Answer {
  /** The response. */
  readonly response: ClientResponse;
  /** The connection is kept if the content was read to its end, else closed. Once is enough. */
  release(): void;
}

/** Content of a redirect or an error that is read away, in octets, so that the connection is kept. */
const MOST_READ_AWAY = 64 * 1024;

/** How long that may take: a new connection is had sooner. */
const READ_AWAY_MS = 1000;

/**
 * Asks a server for a URI.
 *
 * @throws {TryError} `network`, when it does not answer as it should
 */
export async function ask(
  uri: TargetUri,
  method: "GET" | "HEAD",
  fieldLines: readonly FieldLine[],
  options: AskOptions,
): Promise<Answer> {
  const request = {
    method,
    requestTarget: uri.requestTarget,
    fieldLines: [
      ["Host", uri.authority],
      ["User-Agent", "client"],
      ["Accept", "*/*"],
      ["Accept-Encoding", "identity"],
      ...fieldLines,
    ] as FieldLine[],
  };
  try {
    const link = await options.connections.open(uri, false, options.signal);
    return await askOver(link, uri, request, options);
  } catch (error) {
    throw tryError(error, uri);
  }
}

async function askOver(
  { connection, isUsed }: Link,
  uri: TargetUri,
  request: ClientRequest,
  options: AskOptions,
): Promise<Answer> {
  const { connections, timeoutMs, onHead, signal } = options;
  const close = () => connection.close();
  signal?.addEventListener("abort", close);
  try {
    signal?.throwIfAborted();
    onHead?.(request, uri);
    const response = await exchange(connection, request, { idleMs: timeoutMs, until: Infinity });
    if (isUsed && response.head.statusCode === 408) {
      throw new IncompleteMessageError("the server would wait no longer for a request");
    }
    onHead?.(response.head, uri);
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      signal?.removeEventListener("abort", close);
      // Content that should not come with the answer to a HEAD may yet arrive.
      if (response.isReusable && request.method !== "HEAD") connections.keep(uri, connection);
      else connection.close();
    };
    return { response, release };
  } catch (error) {
    signal?.removeEventListener("abort", close);
    connection.close();
    // RFC 9112 §9.3.1: it may have ended as we asked, or what comes be none of our answer, or nothing
    // reach the server any more. Of a new connection that says nothing.
    if (!isUsed || failureReason(error) === undefined) throw error;
    return await askOver(await connections.open(uri, true, signal), uri, request, options);
  }
}

/**
 * Reads unwanted content away, so that the connection can be kept, if it is small and comes soon;
 * then releases the answer. Errors are ignored.
 */
export async function readAway({ response, release }: Answer): Promise<void> {
  // Not by `setTimeout`: for it Deno loads Node's modules, 5 ms of the 30 that a redirect took.
  const limit = { index: 0, deadline: monotonicMs() + READ_AWAY_MS, expire: release };
  watch(limit);
  let octets = 0;
  try {
    if (response.framing.kind === "untilClose") return;
    for await (const piece of response.content) {
      octets += piece.length;
      if (octets > MOST_READ_AWAY) return;
    }
  } catch (error) {
    if (failureReason(error) === undefined) throw error;
  } finally {
    unwatch(limit);
    release();
  }
}

/**
 * Reads the first octets of an answer's content, as many as there are.
 *
 * @returns them, and the answer with its whole content before it
 * @throws {TryError} when they do not come
 */
export async function peek(
  uri: TargetUri,
  answer: Answer,
  count: number,
): Promise<{ readonly octets: Uint8Array; readonly answer: Answer }> {
  const { response } = answer;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (let length = 0; length < count; length += pieces.at(-1)!.length) {
      const next = await response.content.next();
      if (next.done) break;
      pieces.push(next.value.slice());
    }
  } catch (error) {
    throw tryError(error, uri);
  }
  async function* content(): AsyncGenerator<Uint8Array, void> {
    yield* pieces;
    yield* response.content;
  }
  const octets = await new Blob(pieces).bytes();
  const whole: ClientResponse = {
    head: response.head,
    framing: response.framing,
    content: content(),
    get isReusable() {
      return response.isReusable;
    },
  };
  return { octets: octets.subarray(0, count), answer: { ...answer, response: whole } };
}

/** What an exchange threw, as the end of a try; anything that is no fault of the network as it is. */
export function tryError(error: unknown, uri: TargetUri): unknown {
  const reason = failureReason(error);
  if (reason === undefined) return error;
  const isFinal = error instanceof LocalError && error.isLasting ? true : undefined;
  const details = { cause: error, isFinal };
  // Who is none, speaks no HTTP, or is another than it should be, will be so when asked again.
  const isLasting = error instanceof ProtocolError ||
    error instanceof UnknownHostError ||
    (error instanceof HandshakeError && error.isRefusal);
  const failure = isLasting ? "protocol" : "network";
  return new TryError(failure, uri.server, reason, details);
}
