import { type BodyFraming, bodyReader, responseBodyFraming } from "../http/body.ts";
import type { FieldLine } from "../http/fields.ts";
import { encodeLatin1, ProtocolError } from "../http/grammar.ts";
import { INTERIM_RESPONSES_LIMIT, LENIENT } from "../http/limits.ts";
import { isPersistent } from "../http/message.ts";
import { writeRequestHead } from "../http/request.ts";
import { type ResponseHead, responseHeadReader } from "../http/response.ts";
import type { Connection } from "./connection.ts";
import { monotonicMs } from "./deadlines.ts";
import { type DeadlineName, NetworkError } from "./network_error.ts";

/** How long a client waits for a server. */
export interface Timeouts {
  /** For the whole head, between two pieces of content, and from the last to the end. */
  readonly idleMs: number;
  /** For the whole exchange, by `monotonicMs()`; may be Infinity. */
  readonly until: number;
}

/** A request without content. */
export interface ClientRequest {
  /** GET or HEAD. */
  readonly method: string;
  /** In origin form. */
  readonly requestTarget: string;
  /** All fields, with Host. */
  readonly fieldLines: readonly FieldLine[];
}

/** A final response whose content is still to be read. */
export interface ClientResponse {
  readonly head: ResponseHead;
  /** Throws ProtocolError if it is not valid. */
  readonly framing: BodyFraming;
  /**
   * The content as it arrives, in pieces that are valid until the next is asked for. Throws
   * IncompleteMessageError, ProtocolError, or as `Connection.fill`.
   */
  readonly content: AsyncGenerator<Uint8Array, void>;
  /**
   * Whether the connection can be used again: the content was read to its end, the server keeps the
   * connection, and nothing follows the message (RFC 9112 §9.3).
   */
  readonly isReusable: boolean;
}

/** The connection closed before the message ended (RFC 9112 §8). */
export class IncompleteMessageError extends Error {
  override readonly name = "IncompleteMessageError";
}

/** Why an exchange failed, as text; undefined for an error that does not come from server or network. */
export function failureReason(error: unknown): string | undefined {
  if (error instanceof ProtocolError) return `the answer is not HTTP/1.1: ${error.message}`;
  const isKnown = error instanceof NetworkError || error instanceof IncompleteMessageError;
  return isKnown ? error.message : undefined;
}

/**
 * Sends a request and waits for the final response; skips interim ones (RFC 9110 §15.2).
 *
 * @throws {IncompleteMessageError} if the connection closes before the end of the head
 * @throws {ProtocolError} if the head is not valid
 * @throws {NetworkError} as `Connection.fill`
 */
export async function exchange(
  connection: Connection,
  request: ClientRequest,
  timeouts: Timeouts,
): Promise<ClientResponse> {
  const { method, requestTarget, fieldLines } = request;
  await connection.write(encodeLatin1(writeRequestHead(method, requestTarget, fieldLines)));
  const head = await finalHead(connection, timeouts);
  let hasEnded = false;
  const framing = () => responseBodyFraming(method, head);
  const onEnd = () => {
    hasEnded = true;
  };
  return {
    head,
    get framing(): BodyFraming {
      return framing();
    },
    content: readContent(connection, framing, timeouts, onEnd),
    get isReusable(): boolean {
      return hasEnded && isPersistent(head) && connection.input.length === 0;
    },
  };
}

async function finalHead(connection: Connection, timeouts: Timeouts): Promise<ResponseHead> {
  const heads = responseHeadReader();
  // For the whole head, or one that comes byte by byte would never be too slow.
  const headUntil = monotonicMs() + timeouts.idleMs;
  for (let interim = 0;;) {
    const head = heads.read(connection.input);
    if (head === undefined) {
      if (await fillUntil(connection, "head", headUntil, timeouts)) continue;
      throw new IncompleteMessageError(
        heads.isUnderWay || connection.input.length > 0
          ? "the connection was closed in the middle of the head"
          : "the connection was closed without an answer",
      );
    }
    if (head.statusCode >= 200) return head;
    if (head.statusCode === 101) throw new ProtocolError("The protocol was switched unasked.");
    if (++interim > INTERIM_RESPONSES_LIMIT) {
      throw new ProtocolError("There is no end of interim responses.");
    }
  }
}

async function* readContent(
  connection: Connection,
  framingOf: () => BodyFraming,
  timeouts: Timeouts,
  onEnd: () => void,
): AsyncGenerator<Uint8Array, void> {
  const framing = framingOf();
  const body = bodyReader(framing, LENIENT);
  let received = 0;
  // From content to content, or chunk extensions and trailers that come byte by byte would never
  // be too slow.
  let idleUntil = monotonicMs() + timeouts.idleMs;
  while (!body.isDone) {
    const content = body.read(connection.input);
    if (content !== undefined) {
      received += content.length;
      yield content;
      idleUntil = monotonicMs() + timeouts.idleMs;
    }
    if (content !== undefined || body.isDone) continue;
    if (await fillUntil(connection, "idle", idleUntil, timeouts)) continue;
    if (framing.kind === "untilClose") return;
    const expected = framing.kind === "length" ? ` of ${framing.contentLength}` : "";
    throw new IncompleteMessageError(
      `the connection was closed after ${received}${expected} bytes`,
    );
  }
  onEnd();
}

/** Waits until a deadline, or that of the whole exchange if it is earlier. */
function fillUntil(
  connection: Connection,
  deadline: DeadlineName,
  until: number,
  timeouts: Timeouts,
): Promise<boolean> {
  return until < timeouts.until
    ? connection.fill(deadline, until)
    : connection.fill("transfer", timeouts.until);
}
