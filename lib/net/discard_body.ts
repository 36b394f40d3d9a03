import type { Connection } from "./connection.ts";
import { DISCARDED_BODY_LIMIT } from "../http/limits.ts";
import { ProtocolError } from "../http/grammar.ts";
import { type BodyFraming, bodyReader } from "../http/body.ts";

/** Whether a body is known to be larger than what is read away. */
export function isTooLarge(framing: BodyFraming): boolean {
  return framing.kind === "length" && framing.contentLength > DISCARDED_BODY_LIMIT;
}

/**
 * Reads away a request body that nobody wants, so that it is not taken for the next request.
 *
 * @param until when it must have ended, on the clock of `now()`
 * @returns false when it is larger than `DISCARDED_BODY_LIMIT`: then the connection cannot go on
 * @throws {ProtocolError} when it is malformed, or the client ends before it has ended
 * @throws {NetworkError} as `Connection.fill`
 */
export async function discardBody(
  connection: Connection,
  framing: BodyFraming,
  until: number,
): Promise<boolean> {
  if (isTooLarge(framing)) return false;
  const { input } = connection;
  const body = bodyReader(framing);
  const lastByte = input.takenBytes + DISCARDED_BODY_LIMIT;
  while (!body.isDone) {
    const content = body.read(input);
    if (input.takenBytes > lastByte) return false;
    if (content !== undefined || body.isDone || await connection.fill("body", until)) continue;
    throw new ProtocolError("The request body is incomplete.");
  }
  return true;
}
