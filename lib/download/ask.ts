import type { FieldLine } from "../http/fields.ts";
import type { ResponseHead } from "../http/message.ts";
import { ProtocolError } from "../http/protocol_error.ts";
import {
  type ClientRequest,
  type ClientResponse,
  exchange,
  failureReason,
  IncompleteMessageError,
} from "../net/exchange.ts";
import {
  DeadlineError,
  HandshakeError,
  LocalError,
  NetworkError,
  UnknownHostError,
} from "../net/network_error.ts";
import type { Connections, Link } from "./connections.ts";
import { TryError } from "./download_error.ts";
import type { TargetUri } from "./target_uri.ts";

/** How a server is asked. */
export interface Asking {
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

/**
 * Asks a server for a URI.
 *
 * @throws {TryError} `network`, when it does not answer as it should
 */
export async function ask(
  uri: TargetUri,
  method: "GET" | "HEAD",
  fieldLines: readonly FieldLine[],
  asking: Asking,
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
    const link = await asking.connections.open(uri, false, asking.signal);
    return await askOver(link, uri, request, asking);
  } catch (error) {
    throw tryError(error, uri);
  }
}

async function askOver(
  { connection, isUsed }: Link,
  uri: TargetUri,
  request: ClientRequest,
  asking: Asking,
): Promise<Answer> {
  const { connections, timeoutMs, onHead, signal } = asking;
  const close = () => connection.close();
  signal?.addEventListener("abort", close);
  try {
    signal?.throwIfAborted();
    onHead?.(request, uri);
    const response = await exchange(connection, request, { idleMs: timeoutMs, until: Infinity });
    onHead?.(response.head, uri);
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      signal?.removeEventListener("abort", close);
      if (response.isReusable) connections.keep(uri, connection);
      else connection.close();
    };
    return { response, release };
  } catch (error) {
    signal?.removeEventListener("abort", close);
    connection.close();
    // RFC 9112 §9.3.1: who kept it may have closed it as we asked. That is no failure of a try.
    if (!isUsed || !isLost(error)) throw error;
    return await askOver(await connections.open(uri, true, signal), uri, request, asking);
  }
}

/** Whether a connection ended, without a deadline having passed. */
function isLost(error: unknown): boolean {
  if (error instanceof IncompleteMessageError) return true;
  return error instanceof NetworkError && !(error instanceof DeadlineError);
}

/** Reads content away that nobody wants, if it is small, so that the connection can be kept. */
export async function readAway({ response }: Answer): Promise<void> {
  const { framing } = response;
  if (framing.kind === "untilClose") return;
  let octets = 0;
  for await (const piece of response.content) {
    octets += piece.length;
    if (octets > MOST_READ_AWAY) return;
  }
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
