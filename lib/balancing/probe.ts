import { reasonPhrase } from "../http/message.ts";
import type { Connection } from "../net/connection.ts";
import { now } from "../net/deadlines.ts";
import { dial } from "../net/dial.ts";
import { DeadlineError, LocalError } from "../net/network_error.ts";
import { exchange, failureReason } from "../net/exchange.ts";
import type { Outcome } from "./pool.ts";
import type { Server } from "./server_list.ts";

/** What is transferred, and how long that may take. */
export interface ProbeOptions {
  /** The request-target of the test file. */
  readonly path: string;
  /** From before connecting until the last octet of the body, in ms. */
  readonly timeoutMs: number;
}

/** A transfer that ended without being what a probe wants; the message is the reason. */
class Unfit extends Error {}

/**
 * The performance test of one server: one timed transfer of the test file on a connection of its
 * own, from before connecting until the last octet of the body. It passes only with a 200 whose
 * body is whole and can be known to be whole. Never rejects for what a server does.
 */
export async function probe(server: Server, options: ProbeOptions): Promise<Outcome> {
  const start = performance.now();
  let connection: Connection | undefined;
  try {
    connection = await dial(server.hostname, server.port, options.timeoutMs);
    const leftMs = options.timeoutMs - (performance.now() - start);
    const bytes = await transfer(connection, server, options.path, now() + leftMs);
    const elapsedMs = performance.now() - start;
    // Deadlines are looked at now and then only; what is too slow is so to the millisecond.
    if (elapsedMs > options.timeoutMs) throw new DeadlineError("transfer");
    return { kind: "passed", sample: { bytes, elapsedMs, at: Date.now() } };
  } catch (error) {
    const reason = error instanceof Unfit ? error.message : failureReason(error);
    if (reason === undefined) throw error;
    const kind = error instanceof LocalError ? "untestable" : "failed";
    return { kind, reason, at: Date.now() };
  } finally {
    connection?.close();
  }
}

/** The size of the content in octets. */
async function transfer(
  connection: Connection,
  server: Server,
  path: string,
  until: number,
): Promise<number> {
  const { head, framing, content } = await exchange(connection, {
    method: "GET",
    requestTarget: path,
    fieldLines: [
      ["Host", server.authority],
      ["User-Agent", "balancer-probe"],
      ["Accept", "*/*"],
      ["Accept-Encoding", "identity"],
      ["Connection", "close"],
    ],
  }, { idleMs: Infinity, until });
  if (head.statusCode !== 200) {
    throw new Unfit(`it answered ${head.statusCode} ${reasonPhrase(head.statusCode)}`.trimEnd());
  }
  if (framing.kind === "untilClose") {
    throw new Unfit("it gave no length, so that nobody can tell whether the file was whole");
  }
  let bytes = 0;
  for await (const piece of content) bytes += piece.length;
  if (bytes === 0) throw new Unfit("its test file is empty, so that nothing can be timed");
  return bytes;
}
