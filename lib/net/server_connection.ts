import { DeadlineError, type DeadlineName, HandshakeError, NetworkError } from "./network_error.ts";
import { type Handler, htmlReply, type Reply, replyToMethod, type Request } from "./handler.ts";
import { type Deadlines, now } from "./deadlines.ts";
import { Connection, type Socket } from "./connection.ts";
import { isPersistent } from "../http/message.ts";
import { DISCARDED_BODY_LIMIT } from "../http/limits.ts";
import { decodeOctets, encodeOctets, ProtocolError } from "../http/grammar.ts";
import type { FieldSection } from "../http/fields.ts";
import { type BodyFraming, bodyReader, requestBodyFraming } from "../http/body.ts";
import {
  expectsContinue,
  originForm,
  type RequestHead,
  requestHeadReader,
} from "../http/request.ts";
import { writeResponseHead } from "../http/response.ts";
import { type AccessRecord, CompletionQueue } from "./access_record.ts";
import type { Idle, IdleList, Indexed } from "./collections.ts";
import { SEND_BYTES } from "./send_buffer.ts";
import { endsWithConnection, type ReplyContext, replyHead, writeReply } from "./response_writer.ts";

/** How a server treats the connections of its clients. */
export interface ServerConfig {
  /** Decides the replies. */
  readonly handler: Handler;
  /**
   * Answers what the method alone decides, and leaves the rest to the handler; by default, that is
   * `replyToMethod`.
   */
  readonly replyToMethod?: ((request: Request) => Reply | undefined) | undefined;
  /** Fields of every answer, whoever gives it. */
  readonly addedFields?: FieldSection | undefined;
  /** How long the client may keep us waiting. */
  readonly deadlines: Deadlines;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate: number;
  /** Where the connection stands while it is kept and idle. */
  readonly idle: IdleList;
  /** Told of each request once it is answered, if it is to be logged. */
  readonly onServed: ((record: AccessRecord) => void) | undefined;
  /** Told of a client with whom encryption could not be agreed on. */
  readonly onHandshakeFailed?: (client: string, error: HandshakeError) => void;
  /**
   * Told of what must not happen: a handler that throws, content that fails on the way; and what
   * was under way: the client's address and its request line, untrusted.
   */
  readonly onError: (error: unknown, at: { client?: string; request?: string }) => void;
}

const CONTINUE = encodeOctets(writeResponseHead(100));

/** What a client that kept us waiting is told (RFC 9110 §15.5.9). */
const TIMEOUT_REPLY = htmlReply(408, "The request did not arrive in time.");

/** The server's side of one connection: requests in, replies out in their order. */
export class ServerConnection implements Indexed, Idle {
  /** For the bag of connections. */
  index = 0;
  /** For the list of idle ones. */
  nextIdle: Idle | undefined;
  /** For the list of idle ones. */
  previousIdle: Idle | undefined;
  /** For the list of idle ones. */
  isListedIdle = false;
  readonly #connection: Connection;
  readonly #client: string;
  readonly #config: ServerConfig;
  readonly #heads = requestHeadReader();
  readonly #completions: CompletionQueue | undefined;
  #isLastReply = false;
  #isDraining = false;
  #idleUntil: number | undefined;
  #headUntil: number | undefined;
  /** The request under way; undefined between requests, and while one is read. */
  #head: RequestHead | undefined;
  /** When it had arrived, or when the last read ended: in ms since 1970, and since any time. */
  #arrivedAt = Date.now();
  #arrivedMs = performance.now();
  /** When a part of a head had arrived first, on the second clock. */
  #begunMs: number | undefined;

  /** Takes over an open socket, and ends it. */
  constructor(socket: Socket, config: ServerConfig) {
    // A listener for IPv6 shows IPv4 clients as mapped addresses (RFC 4291 §2.5.5.2).
    this.#client = socket.remoteAddr.hostname.replace(/^::ffff:(?=\d+\.)/, "");
    const { deadlines, limitRate, addedFields, onServed } = this.#config = config;
    const timeoutResponse = (deadline: DeadlineName) => timeoutResponseFor(deadline, addedFields);
    this.#connection = new Connection(socket, { deadlines, limitRate, timeoutResponse });
    if (onServed === undefined) return;
    const completions = this.#completions = new CompletionQueue(onServed);
    this.#connection.onSent = () => completions.settle(this.#connection.sentBytes);
  }

  /** Serves the connection to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const mayHaveMore = await this.#serve().catch((error) => this.#refuse(error));
      if (mayHaveMore !== undefined) await this.#connection.finish(mayHaveMore);
    } catch (error) {
      this.#tellError(error);
    } finally {
      this.#connection.close();
      this.#config.idle.delete(this);
      this.#completions?.close(this.#connection.sentBytes);
      this.#connection.input.release(); // No read is pending any more.
    }
  }

  /** Closes the connection after the reply to what has arrived, or to what arrives next. */
  closeAfterReply(): void {
    this.#isLastReply = true;
  }

  /** Closes the connection after the request that is under way; at once when there is none. */
  drain(): void {
    this.#isDraining = true;
    this.#connection.drain();
  }

  /** Closes the connection at once if it waits for a request; whether it did. */
  closeIfIdle(): boolean {
    return this.#connection.closeIfIdle();
  }

  /** Closes the connection at once. */
  close(): void {
    this.#connection.close();
  }

  /** Answers request after request; whether the client may send more after the last reply. */
  async #serve(): Promise<boolean> {
    const { input } = this.#connection;
    await this.#connection.handshake(now() + this.#config.deadlines.headMs);
    for (;;) {
      const head = this.#heads.read(input);
      if (head === undefined) {
        if (!await this.#receive()) return false;
      } else if (!await this.#answer(head)) {
        // A client that asks for the end sends nothing after it (RFC 9112 §9.6). Where it does, it
        // shall not lose what may be on its way for long.
        const isShort = this.#connection.writtenBytes <= SEND_BYTES;
        return isPersistent(head) || input.length > 0 || !isShort;
      }
    }
  }

  /** Waits for more of the next request head; whether there is more to come. */
  async #receive(): Promise<boolean> {
    const isMore =
      await (this.#heads.isUnderWay || this.#connection.input.length > 0
        ? this.#receiveHead()
        : this.#receiveFirst());
    this.#arrivedAt = Date.now();
    this.#arrivedMs = performance.now();
    return isMore;
  }

  /** Waits for the first of a head. Empty lines are none, and cannot put the end of the wait off. */
  async #receiveFirst(): Promise<boolean> {
    if (this.#isDraining) return false;
    this.#idleUntil ??= now() + this.#config.deadlines.idleMs;
    return await this.#connection.fill("idle", this.#idleUntil);
  }

  async #receiveHead(): Promise<true> {
    this.#config.idle.delete(this);
    this.#begunMs ??= this.#arrivedMs;
    await this.#connection.flush(); // Before the deadline of the client runs.
    this.#headUntil ??= now() + this.#config.deadlines.headMs;
    if (await this.#connection.fill("head", this.#headUntil)) return true;
    throw new ProtocolError("The request head is incomplete.");
  }

  /** Answers a request; whether the connection goes on. */
  async #answer(head: RequestHead): Promise<boolean> {
    this.#head = head;
    this.#config.idle.delete(this);
    this.#idleUntil = this.#headUntil = this.#begunMs = undefined;
    const target = originForm(head.method, head.requestTarget);
    const request = { head, target, client: this.#client };
    const framing = requestBodyFraming(head);
    const awaitsContinue = expectsContinue(head);
    const refusal = (this.#config.replyToMethod ?? replyToMethod)(request);
    let bodyEnded = true;
    if (framing.kind !== "none" && !(framing.kind === "length" && framing.contentLength === 0)) {
      // A client that waits for 100 is spared sending what will not be read.
      const isSpared = awaitsContinue && (refusal !== undefined || isTooLarge(framing));
      if (awaitsContinue && !isSpared) await this.#connection.write(CONTINUE);
      bodyEnded = !isSpared && await this.#discardBody(framing);
    }
    return await this.#send(refusal ?? await this.#handle(request), head, bodyEnded);
  }

  /**
   * Reads away a request body that nobody wants, so that it is not taken for the next request; false
   * when it is larger than `DISCARDED_BODY_LIMIT`: then the connection cannot go on.
   */
  async #discardBody(framing: BodyFraming): Promise<boolean> {
    if (isTooLarge(framing)) return false;
    const { input } = this.#connection;
    const until = now() + this.#config.deadlines.bodyMs;
    const body = bodyReader(framing);
    const lastByte = input.takenBytes + DISCARDED_BODY_LIMIT;
    while (!body.isDone) {
      const content = body.read(input);
      if (input.takenBytes > lastByte) return false;
      if (content !== undefined || body.isDone) continue;
      if (await this.#connection.fill("body", until)) continue;
      throw new ProtocolError("The request body is incomplete.");
    }
    return true;
  }

  async #handle(request: Request): Promise<Reply> {
    try {
      return await this.#config.handler(request);
    } catch (error) {
      this.#tellError(error);
      return htmlReply(500, "Something went wrong here. It is not your fault.");
    }
  }

  /** Sends a reply; whether the connection goes on. */
  async #send(reply: Reply, head: RequestHead, bodyEnded: boolean): Promise<boolean> {
    const { method, httpVersion } = head;
    const isLast = this.#isDraining ||
      (this.#isLastReply && this.#connection.input.length === 0);
    const goesOn = bodyEnded && !isLast && isPersistent(head) &&
      !endsWithConnection(reply, httpVersion);
    // Not before the first request: who has just connected is about to send it.
    if (goesOn) this.#connection.onIdle ??= () => this.#config.idle.add(this);
    const { addedFields } = this.#config;
    const context = { method, httpVersion, isPersistent: goesOn, at: this.#arrivedAt, addedFields };
    const isWhole = await this.#write(reply, context);
    this.#head = undefined;
    return goesOn && isWhole;
  }

  /** Writes a reply and tells of it; whether all of it could be written. */
  async #write(reply: Reply, context: ReplyContext): Promise<boolean> {
    const written = { contentBytes: 0 };
    try {
      const writing = writeReply(this.#connection, reply, context, written);
      if (writing !== undefined) await writing;
      return true;
    } catch (error) {
      if (error instanceof NetworkError) throw error;
      this.#tellError(error);
      this.#connection.close(); // Nothing else tells the client that this is not all.
      return false;
    } finally {
      this.#record(reply, written.contentBytes);
    }
  }

  /**
   * Answers what was not a request, if it can be answered.
   *
   * @returns whether the client may send more; undefined when the connection is lost
   */
  async #refuse(error: unknown): Promise<true | undefined> {
    if (error instanceof ProtocolError) {
      const reply = htmlReply(error.statusHint, error.message);
      const [method = ""] = this.#requestLine.split(" ", 1);
      const { addedFields } = this.#config;
      const about = { httpVersion: "1.1", isPersistent: false, at: Date.now() } as const;
      const isWritten = await this.#write(reply, { ...about, method, addedFields })
        .catch((lost) => isNetworkError(lost) ? false : Promise.reject(lost));
      return isWritten ? true : undefined;
    }
    if (error instanceof DeadlineError) {
      const isAnswered = error.deadline === "head" || error.deadline === "body";
      if (!isAnswered) return undefined;
      this.#record(TIMEOUT_REPLY, TIMEOUT_REPLY.content.length);
      return true;
    }
    if (!(error instanceof NetworkError)) this.#tellError(error);
    if (error instanceof HandshakeError && !this.#isDraining) {
      this.#config.onHandshakeFailed?.(this.#client, error);
    }
    return undefined;
  }

  #tellError(error: unknown): void {
    this.#config.onError(error, { client: this.#client, request: this.#requestLine });
  }

  #record({ statusCode, annotation }: Reply, contentBytes: number): void {
    if (this.#completions === undefined) return;
    const hasArrived = this.#head !== undefined;
    this.#completions.add({
      at: hasArrived ? this.#arrivedAt : Date.now(),
      client: this.#client,
      requestLine: this.#requestLine,
      fields: this.#head?.fields,
      statusCode,
      contentBytes,
      annotation,
      startedMs: hasArrived ? this.#arrivedMs : this.#begunMs ?? this.#arrivedMs,
      endBytes: this.#connection.writtenBytes,
    });
    this.#completions.settle(this.#connection.sentBytes);
  }

  /** That of the request under way; of one that could not be read, what stands in its place. */
  get #requestLine(): string {
    if (this.#head === undefined) {
      return this.#heads.line || firstLine(this.#connection.input.bytes);
    }
    const { method, requestTarget, httpVersion } = this.#head;
    return `${method} ${requestTarget} HTTP/${httpVersion}`;
  }
}

/** What stands where a request line should be. */
function firstLine(octets: Uint8Array): string {
  return decodeOctets(octets, 0, Math.min(octets.length, 256)).split(/[\r\n]/, 1)[0]!;
}

/** Whether a body is known to be larger than what is read away. */
function isTooLarge(framing: BodyFraming): boolean {
  return framing.kind === "length" && framing.contentLength > DISCARDED_BODY_LIMIT;
}

function isNetworkError(error: unknown): boolean {
  return error instanceof NetworkError;
}

/** What is sent when a deadline has passed; undefined where the connection is just closed. */
function timeoutResponseFor(
  deadline: DeadlineName,
  addedFields: FieldSection | undefined,
): Uint8Array | undefined {
  if (deadline !== "head" && deadline !== "body") return undefined;
  const at = Date.now();
  const about = { method: "GET", httpVersion: "1.1", isPersistent: false } as const;
  return encodeOctets(
    replyHead(TIMEOUT_REPLY, { ...about, at, addedFields }) + TIMEOUT_REPLY.content,
  );
}
