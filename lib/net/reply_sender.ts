import type { FieldLine } from "../http/fields.ts";
import { imfFixdate } from "../http/imf_fixdate.ts";
import type { HttpVersion } from "../http/message.ts";
import { LAST_CHUNK, writeChunk, writeResponseHead } from "../http/message_writer.ts";
import type { ContentSource, Reply } from "../http/reply.ts";
import type { Connection } from "./connection.ts";

const encoder = new TextEncoder();
const PIECE_BYTES = 64 * 1024;

/** A content source that gave less than it promised, or failed: the message cannot be completed. */
export class ContentError extends Error {
  /** For logs. */
  override readonly name = "ContentError";
}

/** What of a request and its connection decides the form of the response. */
export interface ReplyContext {
  /** That of the request: a reply to HEAD has no content. */
  readonly method: string;
  /** That of the request: HTTP/1.0 knows no chunks. */
  readonly httpVersion: HttpVersion;
  /** Whether the connection is to go on after the reply. */
  readonly persistent: boolean;
}

type ReplyFraming = "none" | "length" | "chunked" | "untilClose";

function replyFraming({ statusCode, content }: Reply, context: ReplyContext): ReplyFraming {
  if (statusCode < 200 || statusCode === 204 || statusCode === 304) return "none";
  if (content.length !== undefined) return "length";
  return context.httpVersion === "1.1" ? "chunked" : "untilClose";
}

/** The text of a reply's head: the fields of its handler, and those of message and connection. */
export function replyHead(reply: Reply, context: ReplyContext): string {
  const framing = replyFraming(reply, context);
  const all: FieldLine[] = [["Date", imfFixdate(Date.now())], ...reply.fieldLines];
  if (framing === "chunked") all.push(["Transfer-Encoding", "chunked"]);
  if (framing === "length") all.push(["Content-Length", `${reply.content.length}`]);
  if (!context.persistent || framing === "untilClose") all.push(["Connection", "close"]);
  else if (context.httpVersion === "1.0") all.push(["Connection", "keep-alive"]);
  return writeResponseHead(reply.statusCode, all);
}

/**
 * Writes one reply as a response: the fields that its handler gave, and those that belong to the
 * message and the connection.
 */
export class ReplySender {
  readonly #connection: Connection;
  readonly #reply: Reply;
  readonly #context: ReplyContext;
  readonly #framing: ReplyFraming;
  #contentBytes = 0;

  /** For one reply, to be sent once. */
  constructor(connection: Connection, reply: Reply, context: ReplyContext) {
    this.#connection = connection;
    this.#reply = reply;
    this.#context = context;
    this.#framing = replyFraming(reply, context);
  }

  /** Whether the connection can go on: not if its close has to mark the content's end. */
  get persistent(): boolean {
    return this.#context.persistent && this.#framing !== "untilClose";
  }

  /** Octets of content that were written until now. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Sends a reply of text without waiting; false when it is none, or there is no room for it. */
  trySend(): boolean {
    const { content } = this.#reply;
    if (typeof content !== "string") return false;
    const written = this.#hasContent ? content : "";
    const text = replyHead(this.#reply, this.#context) + written;
    if (!this.#connection.tryWriteText(text)) return false;
    this.#contentBytes = written.length;
    return true;
  }

  /**
   * Sends the reply.
   *
   * @throws {ContentError} when the content fails on the way; then the connection is to be closed,
   *     since nothing else tells the client
   * @throws {NetworkError} when the connection was lost
   */
  async send(): Promise<void> {
    const { content } = this.#reply;
    try {
      await this.#connection.write(encoder.encode(replyHead(this.#reply, this.#context)));
      if (!this.#hasContent) return;
      if (isSource(content)) return await this.#sendPieces(content);
      const octets = typeof content === "string" ? encoder.encode(content) : content;
      await this.#connection.write(octets);
      this.#contentBytes = octets.length;
    } finally {
      if (isSource(content)) content.close();
    }
  }

  get #hasContent(): boolean {
    return this.#framing !== "none" && this.#context.method !== "HEAD";
  }

  async #sendPieces(content: ContentSource): Promise<void> {
    const length = content.length ?? Infinity;
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, length));
    while (this.#contentBytes < length) {
      const room = Math.min(buffer.length, length - this.#contentBytes);
      const count = await readPiece(content, buffer.subarray(0, room));
      if (count === null) break;
      const piece = buffer.subarray(0, count);
      await this.#connection.write(this.#framing === "chunked" ? writeChunk(piece) : piece);
      this.#contentBytes += count;
    }
    if (this.#framing === "chunked") await this.#connection.write(LAST_CHUNK);
  }
}

function isSource(content: Reply["content"]): content is ContentSource {
  return typeof content === "object" && !(content instanceof Uint8Array);
}

async function readPiece(content: ContentSource, piece: Uint8Array): Promise<number | null> {
  let count: number | null;
  try {
    count = await content.read(piece);
  } catch (cause) {
    throw new ContentError("The content could not be read.", { cause });
  }
  if (count === null && content.length !== undefined) {
    throw new ContentError("The content became shorter while it was sent.");
  }
  return count;
}
