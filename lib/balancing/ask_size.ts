import { exchange, failureReason } from "../net/exchange.ts";
import { now } from "../net/deadlines.ts";
import type { Connection } from "../net/connection.ts";
import { responseBodyFraming } from "../http/body.ts";
import { isWhole } from "../http/response.ts";
import type { Server } from "./list/server.ts";
import { connectTo, requestTo } from "./server_request.ts";

/** For all of it, in ms. */
const TIMEOUT_MS = 5000;

/** How much of that the connecting may take, and how long nothing may arrive. */
const SILENT_PART = 1 / 2;

/** A head is all that comes. */
const INPUT_BYTES = 4096;

/**
 * Asks a server by HEAD, on a connection of its own, how large a file is. Only the length of a 200
 * counts: a redirect is not followed, and what is sent in chunks has no length before its end.
 * Never rejects for what a server does.
 *
 * @param target in origin form, as a client sent it
 * @param timeoutMs for all of it
 * @returns the size in octets; undefined where the server does not say
 */
export async function askSize(
  server: Server,
  target: string,
  timeoutMs: number = TIMEOUT_MS,
): Promise<number | undefined> {
  const idleMs = timeoutMs * SILENT_PART;
  const start = performance.now();
  let connection: Connection | undefined;
  try {
    connection = await connectTo(server, idleMs, INPUT_BYTES);
    const until = now() + timeoutMs - (performance.now() - start);
    const request = requestTo(server, "HEAD", target, "balancer-sizes");
    const { head } = await exchange(connection, request, { idleMs, until });
    if (!isWhole(head)) return undefined;
    // The fields are those of the answer that a GET would get (RFC 9110 §9.3.2).
    const framing = responseBodyFraming("GET", head);
    return framing.kind === "length" ? framing.contentLength : undefined;
  } catch (error) {
    if (failureReason(error) === undefined) throw error;
    return undefined;
  } finally {
    connection?.close();
  }
}
