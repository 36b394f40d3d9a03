/**
 * What a request's fields say of its body and its connection, and the body itself, which no handler
 * reads.
 *
 * @module
 */

import { type BodyFraming, bodyReader, requestBodyFraming } from "../http/body.ts";
import type { Fields } from "../http/fields.ts";
import { encodeLatin1, ProtocolError } from "../http/grammar.ts";
import { DISCARDED_BODY_LIMIT } from "../http/limits.ts";
import { type HttpVersion, isPersistent } from "../http/message.ts";
import { expectsContinue, type RequestHead } from "../http/request.ts";
import { writeResponseHead } from "../http/response.ts";
import type { Connection } from "./connection.ts";

/** What follows from the fields of a request. */
export interface RequestFraming {
  readonly body: BodyFraming;
  /** Whether the client waits for 100 before it sends its body. */
  readonly awaitsContinue: boolean;
  /** Whether the client lets the connection persist. */
  readonly isPersistent: boolean;
}

/** The same, and what it followed from. */
interface Judgement extends RequestFraming {
  readonly fields: Fields;
  readonly httpVersion: HttpVersion;
}

const CONTINUE = encodeLatin1(writeResponseHead(100));

/** Most requests have the same fields as the one before, whoever sends them. */
let last: Judgement | undefined;

/** @throws {ProtocolError} if the fields contradict each other (RFC 9112 §6.3) */
export function requestFraming(head: RequestHead): RequestFraming {
  const { fields, httpVersion } = head;
  if (last !== undefined && last.fields === fields && last.httpVersion === httpVersion) return last;
  last = {
    fields,
    httpVersion,
    body: requestBodyFraming(head),
    awaitsContinue: expectsContinue(head),
    isPersistent: isPersistent(head),
  };
  return last;
}

/**
 * Reads and discards a request body, so that it is not taken for the next request.
 *
 * @param isRefused whether the request is refused, so that no 100 is sent
 * @param untilMs the deadline, by `monotonicMs`
 * @returns false if it was not read to its end: then the connection cannot persist
 * @throws {ProtocolError} if it is malformed or incomplete
 * @throws {NetworkError} as `Connection.fill`
 */
export async function discardBody(
  connection: Connection,
  { body: framing, awaitsContinue }: RequestFraming,
  isRefused: boolean,
  untilMs: number,
): Promise<boolean> {
  const isTooLarge = framing.kind === "length" && framing.contentLength > DISCARDED_BODY_LIMIT;
  if (isTooLarge || (awaitsContinue && isRefused)) return false;
  const { input } = connection;
  const body = bodyReader(framing);
  const lastByte = input.takenBytes + DISCARDED_BODY_LIMIT;
  if (awaitsContinue && !body.isDone) await connection.write(CONTINUE);
  while (!body.isDone) {
    const content = body.read(input);
    if (input.takenBytes > lastByte) return false;
    if (content !== undefined || body.isDone) continue;
    if (await connection.fill("body", untilMs)) continue;
    throw new ProtocolError("The request body is incomplete.");
  }
  return true;
}
