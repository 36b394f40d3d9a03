import { setImmediate as turn } from "node:timers/promises";
import { LAST_CHUNK, writeChunk } from "../http/body.ts";
import { type FieldSection, NO_FIELDS } from "../http/fields.ts";
import { inOnePiece } from "../http/grammar.ts";
import { oncePerSecond } from "../http/http_date.ts";
import type { HttpVersion } from "../http/message.ts";
import { writeResponseHead } from "../http/response.ts";
import type { Connection } from "./connection.ts";
import type { ContentSource, Reply } from "./handler.ts";

/**
 * How much content is read at a time. A segment of the network stack has room for slightly less than
 * 64 KiB: pieces of 64 KiB would need two, and 1 GiB would take 30 % longer.
 */
const PIECE_BYTES = 63 * 1024;

/** A content source failed or was shorter than promised: the message cannot be completed. */
export class ContentError extends Error {
  override readonly name = "ContentError";
}

/** What a response depends on besides the reply; method and version are those of the request. */
export interface ReplyContext {
  readonly method: string;
  readonly httpVersion: HttpVersion;
  /** Whether the connection persists after the reply. */
  readonly isPersistent: boolean;
  /** For Date. */
  readonly epochMs: number;
  /** Fields of every response. */
  readonly addedFields: FieldSection | undefined;
}

/** How much of a reply was written. */
export interface Written {
  contentBytes: number;
}

type ReplyFraming = "none" | "length" | "chunked" | "untilClose";

function replyFraming({ statusCode, content }: Reply, httpVersion: HttpVersion): ReplyFraming {
  if (statusCode < 200 || statusCode === 204 || statusCode === 304) return "none";
  if (content.length !== undefined) return "length";
  return httpVersion === "1.1" ? "chunked" : "untilClose";
}

/** Whether the reply ends with the connection. */
export function endsWithConnection(reply: Reply, httpVersion: HttpVersion): boolean {
  return replyFraming(reply, httpVersion) === "untilClose";
}

/** The Date field (RFC 9110 §6.6.1). */
const dateField = oncePerSecond((date) => inOnePiece(`Date: ${date.toUTCString()}\r\n`));

/** The text of a reply's head, with the fields of the handler, the message and the connection. */
export function replyHead(reply: Reply, context: ReplyContext): string {
  const { epochMs, addedFields = NO_FIELDS } = context;
  const section = dateField(epochMs) + addedFields + reply.headerSection +
    framingFields(reply, context);
  return writeResponseHead(reply.statusCode, section as FieldSection);
}

/** Content-Length or Transfer-Encoding, and Connection if it differs from the version's default. */
function framingFields(reply: Reply, { httpVersion, isPersistent }: ReplyContext): string {
  const framing = replyFraming(reply, httpVersion);
  let fields = "";
  if (framing === "chunked") fields = "Transfer-Encoding: chunked\r\n";
  if (framing === "length") fields = `Content-Length: ${reply.content.length}\r\n`;
  if (!isPersistent || framing === "untilClose") return `${fields}Connection: close\r\n`;
  return httpVersion === "1.0" ? `${fields}Connection: keep-alive\r\n` : fields;
}

/**
 * Writes a reply as a response.
 *
 * @param written updated as content is written
 * @returns undefined if there is nothing to wait for
 * @throws {ContentError} if the content fails; then the connection must be closed, since nothing else
 *     tells the client
 * @throws {NetworkError} if the connection was lost
 */
export function writeReply(
  connection: Connection,
  reply: Reply,
  context: ReplyContext,
  written: Written,
): Promise<void> | undefined {
  const { content } = reply;
  const head = replyHead(reply, context);
  const framing = replyFraming(reply, context.httpVersion);
  const hasContent = framing !== "none" && context.method !== "HEAD";
  if (isSource(content)) {
    return writeSource(connection, head, hasContent ? framing : "none", content, written);
  }
  if (!hasContent) return connection.write(head);
  if (typeof content !== "string") return writeBytes(connection, head, content, written);
  written.contentBytes = content.length;
  return connection.write(head + content);
}

async function writeBytes(
  connection: Connection,
  head: string,
  content: Uint8Array,
  written: Written,
): Promise<void> {
  const waiting = connection.write(head);
  if (waiting !== undefined) await waiting;
  written.contentBytes = content.length;
  await connection.write(content);
}

async function writeSource(
  connection: Connection,
  head: string,
  framing: ReplyFraming,
  content: ContentSource,
  written: Written,
): Promise<void> {
  try {
    await connection.write(head);
    if (framing !== "none") await writePieces(connection, framing, content, written);
  } finally {
    content.close();
  }
}

async function writePieces(
  connection: Connection,
  framing: ReplyFraming,
  content: ContentSource,
  written: Written,
): Promise<void> {
  const length = content.length ?? Infinity;
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, length));
  while (written.contentBytes < length) {
    if (content.isLive) await connection.flush();
    const room = Math.min(buffer.length, length - written.contentBytes);
    const count = await readPiece(content, buffer.subarray(0, room));
    if (count === null) break;
    const piece = buffer.subarray(0, count);
    written.contentBytes += count;
    await connection.write(framing === "chunked" ? writeChunk(piece) : piece);
    // A source that never waits, to a client that reads as quickly, would hold up all other
    // connections. It takes 2 us, where a timer takes 2 ms.
    await turn();
  }
  if (framing === "chunked") await connection.write(LAST_CHUNK);
}

function isSource(content: Reply["content"]): content is ContentSource {
  return typeof content === "object" && !(content instanceof Uint8Array);
}

async function readPiece(content: ContentSource, piece: Uint8Array): Promise<number | null> {
  let count: number | null;
  try {
    count = await content.read(piece);
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : ".";
    throw new ContentError(`The content could not be read${reason}`, { cause });
  }
  if (count === null && content.length !== undefined) {
    throw new ContentError("The content became shorter while it was sent.");
  }
  return count;
}
