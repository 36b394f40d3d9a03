import { format } from "@std/fmt/bytes";
import { reasonPhrase } from "../http/message.ts";
import type { Connection } from "../net/connection.ts";
import { now } from "../net/deadlines.ts";
import { exchange, failureReason } from "../net/exchange.ts";
import { DeadlineError, LocalError } from "../net/network_error.ts";
import type { Outcome } from "./sample.ts";
import type { Server } from "./list/server.ts";
import { connectTo, requestTo } from "./server_request.ts";

/** What is transferred, and how long that may take. */
export interface ProbeOptions {
  /** The request-target of the test file. */
  readonly path: string;
  /** From before connecting until the last octet of the body, in ms. */
  readonly timeoutMs: number;
  /** The least speed that passes, over all that time, in bytes per second; 0 for any. */
  readonly minSpeed: number;
}

/** How much of a probe's time the connecting may take, and how much of it may pass in silence. */
const SILENT_PART = 1 / 2;

/** Little, since a round over a large farm takes as much anew for each probe, for the collector. */
const INPUT_BYTES = 64 * 1024;

/** A transfer that ended without being what a probe wants; the message is the reason. */
class Unfit extends Error {}

/** What a transfer brought. */
interface Transferred {
  readonly bytes: number;
  readonly entityTag: string | undefined;
}

/**
 * The performance test of one server: one timed transfer of the test file on a connection of its
 * own, from before connecting until the last octet of the body. It passes only with a 200 whose
 * body is whole and can be known to be whole. Never rejects for what a server does.
 */
export async function probe(server: Server, options: ProbeOptions): Promise<Outcome> {
  const { path, timeoutMs, minSpeed } = options;
  const silenceMs = timeoutMs * SILENT_PART;
  const start = performance.now();
  let connection: Connection | undefined;
  try {
    connection = await connectTo(server, silenceMs, INPUT_BYTES);
    const until = now() + timeoutMs - (performance.now() - start);
    const { bytes, entityTag } = await transfer(connection, server, path, silenceMs, until);
    const elapsedMs = performance.now() - start;
    // Deadlines are looked at now and then only; what is too slow is so to the millisecond.
    if (elapsedMs > timeoutMs) throw new DeadlineError("transfer");
    checkSpeed(bytes / elapsedMs * 1000, minSpeed);
    return { kind: "passed", sample: { bytes, elapsedMs, at: Date.now() }, entityTag };
  } catch (error) {
    const reason = error instanceof Unfit ? error.message : failureReason(error);
    if (reason === undefined) throw error;
    const kind = error instanceof LocalError ? "untestable" : "failed";
    return { kind, reason, at: Date.now() };
  } finally {
    connection?.close();
  }
}

async function transfer(
  connection: Connection,
  server: Server,
  path: string,
  idleMs: number,
  until: number,
): Promise<Transferred> {
  const request = requestTo(server, "GET", path, "balancer-probe");
  const { head, framing, content } = await exchange(connection, request, { idleMs, until });
  checkStatus(head.statusCode);
  if (framing.kind === "untilClose") {
    throw new Unfit("it gave no length, so that nobody can tell whether the file was whole");
  }
  let bytes = 0;
  for await (const piece of content) bytes += piece.length;
  if (bytes === 0) throw new Unfit("its test file is empty, so that nothing can be timed");
  return { bytes, entityTag: head.fields.get("etag") };
}

/** A redirect is not followed: the speed of another server would be measured, or there is a loop. */
function checkStatus(statusCode: number): void {
  if (statusCode === 200) return;
  const answer = `it answered ${statusCode} ${reasonPhrase(statusCode)}`.trimEnd();
  const isRedirect = statusCode >= 300 && statusCode < 400;
  throw new Unfit(isRedirect ? `${answer}, which redirects clients once more` : answer);
}

function checkSpeed(speed: number, minSpeed: number): void {
  if (speed >= minSpeed) return;
  const [actual, least] = [speed, minSpeed].map((it) => format(it, { binary: true }));
  throw new Unfit(`it sent ${actual} per second, less than ${least}`);
}
