import {
  type ClientRequest,
  type ClientResponse,
  exchange,
  failureReason,
  IncompleteMessageError,
} from "../../net/exchange.ts";
import {
  HandshakeError,
  LocalError,
  ProxyError,
  UnknownHostError,
} from "../../net/network_error.ts";
import { monotonicMs, unwatch, watch } from "../../net/deadlines.ts";
import { ProtocolError } from "../../http/grammar.ts";
import type { FieldLine } from "../../http/fields.ts";
import { CodingError, PieceError, TryError } from "../download_error.ts";
import type { Connections, Forwarder, Link, WireObserver } from "./connections.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { TargetUri } from "./target_uri.ts";

/** How servers are reached and asked. */
export interface Transport {
  readonly connections: Connections;
  /** Between two arrivals of bytes, and for a head as a whole, in ms. */
  readonly timeoutMs: number;
  /** Redirects that are followed; one more is an error. */
  readonly maxRedirects: number;
  readonly allowDowngrade: boolean;
  /** Connections at once for one file; "auto" for as many as make it faster, one to a server. */
  readonly segments: number | "auto";
  /** For the content of the whole run, over all of its connections. */
  readonly rateLimit?: RateLimit | undefined;
  /** The value of Accept-Encoding where the whole is asked for; no coding by default. */
  readonly codings?: string | undefined;
  /** The value of Accept; any content by default. */
  readonly accept?: string;
  /** What the user wants sent for a URI beside our own fields, or in their place: maybe secrets. */
  readonly userFields?: ((uri: TargetUri) => readonly FieldLine[]) | undefined;
}

/** What is asked of a server. */
export interface Question {
  /** HEAD for no more than the head. */
  readonly method: "GET" | "HEAD";
  /** What is sent beside the field lines of every request. */
  readonly fieldsFor: (uri: TargetUri) => readonly FieldLine[];
  /** Ends an exchange when it aborts, up to its release: the connection is closed. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the transport's, in ms. */
  readonly timeoutMs?: number | undefined;
}

/** A final response whose content is still to be read. */
export interface Answer {
  readonly response: ClientResponse;
  /** The connection is kept if the content was read to its end, else closed. Once is enough. */
  release(): void;
  /** Counts content that has arrived. */
  readonly onBytes?: (bytes: number) => void;
}

/** Content of a redirect or an error that is read away, in bytes, so that the connection is kept. */
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
  question: Question,
  transport: Pick<Transport, "connections" | "timeoutMs" | "accept" | "codings" | "userFields">,
  observer: WireObserver,
): Promise<Answer> {
  const { connections } = transport;
  const forwarder = connections.forwarderOf(uri);
  const secrets = [...transport.userFields?.(uri) ?? [], ...forwarder?.fieldLines ?? []];
  const target = forwarder === undefined ? uri.requestTarget : uri.href;
  const requestWith = (fields: readonly FieldLine[]) =>
    requestFor(target, uri, question, transport, fields);
  const request = requestWith(secrets);
  const shown = secrets.length === 0 ? request : requestWith(hidden(secrets));
  const { signal, timeoutMs: idleMs = transport.timeoutMs } = question;
  const asking = { uri, request, shown, signal, idleMs, forwarder, connections, observer };
  try {
    return await askOver(await connections.open(uri, false, signal, observer), asking);
  } catch (error) {
    throw tryError(error, uri);
  }
}

/** What is asked over a connection. */
interface Asking {
  readonly uri: TargetUri;
  readonly request: ClientRequest;
  /** The same without secrets. */
  readonly shown: ClientRequest;
  readonly signal: AbortSignal | undefined;
  readonly idleMs: number;
  readonly forwarder: Forwarder | undefined;
  readonly connections: Connections;
  readonly observer: WireObserver;
}

/** Asks over a connection; when that was used before and has ended meanwhile, over a new one. */
async function askOver({ connection, isUsed }: Link, asking: Asking): Promise<Answer> {
  const { uri, request, shown, signal, idleMs, forwarder, connections, observer } = asking;
  const close = () => connection.close();
  signal?.addEventListener("abort", close);
  try {
    signal?.throwIfAborted();
    observer.onHead?.(shown, uri);
    const response = await exchange(connection, request, { idleMs, until: Infinity });
    if (isUsed && response.head.statusCode === 408) {
      throw new IncompleteMessageError("the server would wait no longer for a request");
    }
    observer.onHead?.(response.head, uri);
    const refusal = forwarder?.refusalOf(response.head);
    if (refusal !== undefined) throw refusal;
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
    // RFC 9112 §9.3.1: it may have ended as we asked, or what comes be none of our answer, or
    // nothing reach the server any more. Of a new connection that says nothing.
    if (!isUsed || failureReason(error) === undefined) throw error;
    return await askOver(await connections.open(uri, true, signal, observer), asking);
  }
}

/** The request; what the user gives replaces what every request has. */
function requestFor(
  requestTarget: string,
  uri: TargetUri,
  { method, fieldsFor }: Question,
  { accept = "*/*", codings = "identity" }: Pick<Transport, "accept" | "codings">,
  userFields: readonly FieldLine[],
): ClientRequest {
  const replaced = new Set(userFields.map(([name]) => name.toLowerCase()));
  const usual: readonly FieldLine[] = [
    ["Host", uri.authority],
    ["User-Agent", "client"],
    ["Accept", accept],
  ];
  const asked = fieldsFor(uri);
  const isWhole = method === "GET" && !asked.some(([name]) => name === "Range");
  const fieldLines: readonly FieldLine[] = [
    // RFC 9110 §7.2: Host comes first.
    ...userFields.filter(isHost).slice(0, 1),
    ...usual.filter(([name]) => !replaced.has(name.toLowerCase())),
    ["Accept-Encoding", isWhole ? codings : "identity"],
    ...asked,
    ...userFields.filter((line) => !isHost(line)),
  ];
  return { method, requestTarget, fieldLines };
}

function isHost([name]: FieldLine): boolean {
  return name.toLowerCase() === "host";
}

/** Fields as they are shown: any value may be a secret. */
function hidden(fieldLines: readonly FieldLine[]): FieldLine[] {
  return fieldLines.map(([name]) => [name, "(not shown)"]);
}

/**
 * Reads unwanted content away, so that the connection can be kept, if it is small and comes soon;
 * then releases the answer. Errors are ignored.
 */
export async function readAway({ response, release }: Answer): Promise<void> {
  // Not by `setTimeout`: for it Deno loads Node's modules, 5 ms of the 30 that a redirect took.
  const limit = { index: 0, deadline: monotonicMs() + READ_AWAY_MS, expire: release };
  watch(limit);
  let bytes = 0;
  try {
    if (response.framing.kind === "untilClose") return;
    for await (const piece of response.content) {
      bytes += piece.length;
      if (bytes > MOST_READ_AWAY) return;
    }
  } catch (error) {
    if (failureReason(error) === undefined) throw error;
  } finally {
    unwatch(limit);
    release();
  }
}

/**
 * Reads the first bytes of an answer's content, as many as there are.
 *
 * @returns them, and the answer with its whole content before it
 * @throws {TryError} when they do not come
 */
export async function peek(
  uri: TargetUri,
  answer: Answer,
  count: number,
): Promise<{ readonly bytes: Uint8Array; readonly answer: Answer }> {
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
  const bytes = await new Blob(pieces).bytes();
  const whole: ClientResponse = {
    head: response.head,
    framing: response.framing,
    content: content(),
    get isReusable() {
      return response.isReusable;
    },
  };
  return { bytes: bytes.subarray(0, count), answer: { ...answer, response: whole } };
}

/** The TryError for what an exchange threw; an error that is not the network's as it is. */
export function tryError(error: unknown, uri: TargetUri): unknown {
  if (error instanceof CodingError) {
    return new TryError(error.failure, uri.server, error.message, { cause: error });
  }
  if (error instanceof PieceError) {
    return new TryError("checksum", uri.server, error.message, { cause: error, isFinal: false });
  }
  const reason = failureReason(error);
  if (reason === undefined) return error;
  const fault = error instanceof ProxyError ? error.fault : undefined;
  const isLastingHere = fault === "lasting" || (error instanceof LocalError && error.isLasting);
  const isFinal = isLastingHere ? true : undefined;
  const details = { cause: error, isFinal };
  // A host that does not exist, speaks no HTTP or has another name stays so when asked again.
  const isLasting = error instanceof ProtocolError ||
    error instanceof UnknownHostError ||
    (error instanceof HandshakeError && error.isRefusal) ||
    fault === "forServer";
  const failure = isLasting ? "protocol" : "network";
  return new TryError(failure, uri.server, reason, details);
}
