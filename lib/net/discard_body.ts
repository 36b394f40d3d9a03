import type { BodyFraming } from "../http/body.ts";
import { bodyDecoder } from "../http/body_decoder.ts";
import { DISCARDED_BODY_LIMIT } from "../http/limits.ts";
import { ProtocolError } from "../http/protocol_error.ts";
import type { Connection } from "./connection.ts";

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
  const decoder = bodyDecoder(framing);
  let discarded = 0;
  while (!decoder.isDone) {
    const { consumed } = decoder.decode(connection.input.buffered);
    connection.input.consume(consumed);
    discarded += consumed;
    if (discarded > DISCARDED_BODY_LIMIT) return false;
    if (consumed > 0 || await connection.fill("body", until)) continue;
    throw new ProtocolError("The request body is incomplete.");
  }
  return true;
}
