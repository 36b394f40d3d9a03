import type { Connection } from "./connection.ts";
import type { HttpVersion } from "../http/message.ts";
import { imfFixdate } from "../http/http_date.ts";
import type { FieldSection } from "../http/fields.ts";
import { LAST_CHUNK, writeChunk } from "../http/body.ts";
import type { ContentSource, Reply } from "./reply.ts";
import { writeResponseHead } from "../http/response.ts";
import { setImmediate } from "node:timers";

/**
 * How much content is read at a time. A segment that is handed to the network has room for hardly
 * 64 KiB; with a whole 64 KiB each piece would need two, and 1 GiB takes 30 % longer.
 */
const PIECE_BYTES = 63 * 1024;

/**
 * Lets everybody else have a turn: a source that waits for nothing, to a client as quick, would keep
 * them all waiting. It takes 1 us, where a timer takes 2 ms.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

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
  /** When the reply is made, in ms since 1970. */
  readonly at: number;
  /** Fields of every answer. */
  readonly added?: FieldSection | undefined;
}

type ReplyFraming = "none" | "length" | "chunked" | "untilClose";

function replyFraming({ statusCode, content }: Reply, context: ReplyContext): ReplyFraming {
  if (statusCode < 200 || statusCode === 204 || statusCode === 304) return "none";
  if (content.length !== undefined) return "length";
  return context.httpVersion === "1.1" ? "chunked" : "untilClose";
}

/** The text of a reply's head: the fields of its handler, and those of message and connection. */
export function replyHead(reply: Reply, context: ReplyContext): string {
  const { statusCode, headerSection } = reply;
  const added = context.added ?? "";
  const section = dateField(context.at) + added + headerSection + framingFields(reply, context);
  return writeResponseHead(statusCode, section as FieldSection);
}

/** Content-Length or Transfer-Encoding, and Connection where it is not the version's custom. */
function framingFields(reply: Reply, context: ReplyContext): string {
  const framing = replyFraming(reply, context);
  let fields = "";
  if (framing === "chunked") fields = "Transfer-Encoding: chunked\r\n";
  if (framing === "length") fields = `Content-Length: ${reply.content.length}\r\n`;
  if (!context.persistent || framing === "untilClose") return `${fields}Connection: close\r\n`;
  return context.httpVersion === "1.0" ? `${fields}Connection: keep-alive\r\n` : fields;
}

let date = "";
let dateText = "";

/** The Date field (RFC 9110 §6.6.1), which is the same for a second. */
function dateField(epochMs: number): string {
  const now = imfFixdate(epochMs);
  if (now === date) return dateText;
  date = now;
  return dateText = `Date: ${now}\r\n`;
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

  /** Octets of content that were written to the connection until now. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /**
   * Sends the reply.
   *
   * @returns undefined when there is nothing to wait for
   * @throws {ContentError} when the content fails on the way; then the connection is to be closed,
   *     since nothing else tells the client
   * @throws {NetworkError} when the connection was lost
   */
  send(): Promise<void> | undefined {
    const { content } = this.#reply;
    const head = replyHead(this.#reply, this.#context);
    if (isSource(content)) return this.#sendSource(head, content);
    if (!this.#hasContent) return this.#connection.write(head);
    return this.#sendWhole(head, content);
  }

  #sendWhole(head: string, content: string | Uint8Array): Promise<void> | undefined {
    if (typeof content === "string") {
      this.#contentBytes = content.length;
      return this.#connection.write(head + content);
    }
    const waiting = this.#connection.write(head);
    const writeContent = () => {
      this.#contentBytes = content.length;
      return this.#connection.write(content);
    };
    return waiting === undefined ? writeContent() : waiting.then(writeContent);
  }

  async #sendSource(head: string, content: ContentSource): Promise<void> {
    try {
      await this.#connection.write(head);
      if (this.#hasContent) await this.#sendPieces(content);
    } finally {
      content.close();
    }
  }

  get #hasContent(): boolean {
    return this.#framing !== "none" && this.#context.method !== "HEAD";
  }

  async #sendPieces(content: ContentSource): Promise<void> {
    const length = content.length ?? Infinity;
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, length));
    while (this.#contentBytes < length) {
      if (content.isLive) await this.#connection.flush();
      const room = Math.min(buffer.length, length - this.#contentBytes);
      const count = await readPiece(content, buffer.subarray(0, room));
      if (count === null) break;
      const piece = buffer.subarray(0, count);
      this.#contentBytes += count;
      await this.#connection.write(this.#framing === "chunked" ? writeChunk(piece) : piece);
      await turn();
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
    const reason = cause instanceof Error ? `: ${cause.message}` : ".";
    throw new ContentError(`The content could not be read${reason}`, { cause });
  }
  if (count === null && content.length !== undefined) {
    throw new ContentError("The content became shorter while it was sent.");
  }
  return count;
}
