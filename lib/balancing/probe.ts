/**
 * What the balancer asks servers for itself.
 *
 * @module
 */

import { format } from "@std/fmt/bytes";
import type { FieldLine } from "../http/fields.ts";
import { ProtocolError } from "../http/grammar.ts";
import { parseLoadReport } from "../http/load_report.ts";
import { isWhole, reasonPhrase, type ResponseHead } from "../http/response.ts";
import type { Connection } from "../net/connection.ts";
import { monotonicMs } from "../net/deadlines.ts";
import { dial } from "../net/dial.ts";
import { type ClientRequest, exchange, failureReason } from "../net/exchange.ts";
import {
  DeadlineError,
  HandshakeError,
  HostUnreachableError,
  LocalError,
  UnknownHostError,
} from "../net/network_error.ts";
import type { Fault, Outcome, ReportedLoad, TestFile, TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";

/** What a probe requests, and what passes. */
export interface ProbeOptions {
  readonly requestTarget: string;
  /** From before connecting until the last byte of the content, in ms. */
  readonly timeoutMs: number;
  /** The least throughput that passes, in bytes per second over that time; 0 for any. */
  readonly minSpeed: number;
  /** Receives what the answer says of the server's load. */
  readonly onLoad?: LoadListener | undefined;
}

/** Receives what an answer of a server says of its load; undefined if it says nothing. */
export type LoadListener = (server: Server, load: ReportedLoad | undefined) => void;

/** Called with the number of content bytes that have just arrived. */
export type OnReceived = (bytes: number) => void;

/**
 * Bytes read at a time: small, since a round over a large farm allocates as much for each probe.
 */
const INPUT_BYTES = 64 * 1024;

/** A response that does not pass; the message is the reason. */
class UnfitAnswer extends Error {}

/** A transfer, complete or not. */
interface Transferred {
  bytes: number;
  isWhole: boolean;
  file: TestFile | undefined;
}

/**
 * Tests one server: one timed transfer of the test file on its own connection, from before
 * connecting until the last byte of the content.
 *
 * Passes with a 200 whose content is complete, or has begun when the timeout ends: a server that is
 * busy with downloads is slow, not down. Never rejects for what a server does.
 */
export async function probe(
  server: Server,
  options: ProbeOptions,
  onReceived: OnReceived = () => {},
): Promise<Outcome> {
  const { timeoutMs, minSpeed } = options;
  const start = performance.now();
  let connection: Connection | undefined;
  try {
    connection = await connectTo(server, timeoutMs, INPUT_BYTES);
    const until = monotonicMs() + timeoutMs - (performance.now() - start);
    const transferred = await transfer(connection, server, options, until, onReceived);
    const elapsedMs = performance.now() - start;
    const { bytes, isWhole, file: testFile } = transferred;
    const at = Date.now();
    const measured: TransferSample = { bytes, elapsedMs, at };
    const sample = isWhole ? measured : { ...measured, isPartial: true };
    const tooSlow = slowReason(bytes / elapsedMs * 1000, minSpeed);
    if (tooSlow !== undefined) {
      return { kind: "failed", reason: tooSlow, fault: "slow", sample, at };
    }
    return { kind: "passed", sample, testFile };
  } catch (error) {
    return outcomeOf(error);
  } finally {
    connection?.close();
  }
}

function outcomeOf(error: unknown): Outcome {
  const at = Date.now();
  const reason = error instanceof UnfitAnswer ? error.message : failureReason(error);
  if (reason === undefined) throw error;
  if (error instanceof LocalError) {
    return { kind: "untestable", reason, isUnreachable: error instanceof HostUnreachableError, at };
  }
  return { kind: "failed", reason, fault: faultOf(error), at };
}

function faultOf(error: unknown): Fault {
  if (error instanceof Error && error.cause instanceof Deno.errors.ConnectionRefused) {
    return "refused";
  }
  const isAnswer = error instanceof UnfitAnswer || error instanceof ProtocolError ||
    error instanceof UnknownHostError || (error instanceof HandshakeError && error.isRefusal);
  return isAnswer ? "answer" : "time";
}

/** Transfers the file until it is complete or the timeout ends. */
async function transfer(
  connection: Connection,
  server: Server,
  { requestTarget, onLoad }: ProbeOptions,
  until: number,
  onReceived: OnReceived,
): Promise<Transferred> {
  const request = requestTo(server, "GET", requestTarget, "balancer-probe", [CLOSE]);
  // Only the total time is bounded: a flow on a full line may starve for seconds.
  const timeouts = { idleMs: Math.max(1, until - monotonicMs()), until };
  const { head, framing, content } = await exchange(connection, request, timeouts).catch(
    (error) => {
      throw error instanceof DeadlineError ? new DeadlineError("head") : error;
    },
  );
  onLoad?.(server, loadIn(head));
  checkStatus(head);
  if (framing.kind === "untilClose") {
    throw new UnfitAnswer("it gave no length, so that the file cannot be known to be whole");
  }
  const size = framing.kind === "length" ? framing.contentLength : undefined;
  const transferred: Transferred = { bytes: 0, isWhole: false, file: fileOf(head, size) };
  try {
    for await (const piece of content) {
      transferred.bytes += piece.length;
      onReceived(piece.length);
    }
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    if (transferred.bytes === 0) throw new DeadlineError("content");
    return transferred;
  }
  const { bytes } = transferred;
  if (bytes === 0) throw new UnfitAnswer("its test file is empty, so that nothing can be timed");
  return { bytes, isWhole: true, file: fileOf(head, bytes) };
}

function fileOf({ fields }: ResponseHead, bytes: number | undefined): TestFile | undefined {
  return bytes === undefined ? undefined : { bytes, entityTag: fields.get("etag") };
}

/** What a response says of its server's load; of a response from a cache (RFC 9111 §5.1) nothing. */
export function loadIn({ fields }: ResponseHead): ReportedLoad | undefined {
  const report = fields.has("age") ? undefined : parseLoadReport(fields);
  return report && { ...report, at: Date.now() };
}

/** A redirect is not followed: it would time another server, or loop. */
function checkStatus(head: ResponseHead): void {
  if (isWhole(head)) return;
  const { statusCode } = head;
  const answer = `it answered ${statusCode} ${reasonPhrase(statusCode)}`.trimEnd();
  const isRedirect = statusCode >= 300 && statusCode < 400;
  throw new UnfitAnswer(isRedirect ? `${answer}, which redirects clients once more` : answer);
}

function slowReason(throughput: number, minSpeed: number): string | undefined {
  if (throughput >= minSpeed) return undefined;
  const [actual, least] = [throughput, minSpeed].map((it) => format(it, { binary: true }));
  return `it sent ${actual} per second, less than ${least}`;
}

/**
 * Connects to a server for a test, over TLS if it is listed with https.
 *
 * @param timeoutMs for connecting and the handshake
 * @param inputBytes bytes read at a time
 * @throws as `dial`
 */
export function connectTo(
  { scheme, hostname, port, tlsName }: Server,
  timeoutMs: number,
  inputBytes: number,
): Promise<Connection> {
  // Trusts the certificate authorities of Deno and of its DENO_CERT.
  const tls = scheme === "https" ? { caCerts: [], serverName: tlsName } : undefined;
  return dial(hostname, port, timeoutMs, tls, { inputBytes });
}

/** Ends the connection with the response (RFC 9112 §9.6). */
export const CLOSE: FieldLine = ["Connection", "close"];

/**
 * A request for what a client may ask for, unencoded.
 *
 * @param target in origin form, as a client sends it
 * @param userAgent for the server's log
 * @param more further fields
 */
export function requestTo(
  { host, probePrefix }: Server,
  method: "GET" | "HEAD",
  target: string,
  userAgent: string,
  more: readonly FieldLine[] = [],
): ClientRequest {
  return {
    method,
    requestTarget: `${probePrefix}${target}`,
    fieldLines: [
      ["Host", host],
      ["User-Agent", userAgent],
      ["Accept", "*/*"],
      ["Accept-Encoding", "identity"],
      ...more,
    ],
  };
}
