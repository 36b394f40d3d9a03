import { type BodyFraming, requestBodyFraming } from "../http/body.ts";
import { expectsContinue } from "../http/expectation.ts";
import { requestHeadReader } from "../http/head_reader.ts";
import { isPersistent, type RequestHead } from "../http/message.ts";
import { writeResponseHead } from "../http/message_writer.ts";
import { replyToMethod } from "../http/method.ts";
import { decodeOctets, encodeOctets } from "../http/octets.ts";
import { ProtocolError } from "../http/protocol_error.ts";
import { htmlReply, type Reply } from "../http/reply.ts";
import { originForm } from "../http/request_target.ts";
import type { Connection } from "./connection.ts";
import { type Deadlines, now } from "./deadlines.ts";
import { discardBody, isTooLarge } from "./discard_body.ts";
import { DeadlineError, NetworkError } from "./network_error.ts";
import { ReplySender } from "./reply_sender.ts";

/** A request as a handler sees it. */
export interface Request {
  /** Its head; the content, if there was any, is not kept. */
  readonly head: RequestHead;
  /** Path and query, byte for byte as they came, beginning with `/`. */
  readonly target: string;
}

/** Decides what a request is answered. It writes nothing, and what it throws is a bug: 500. */
export type Handler = (request: Request) => Reply | Promise<Reply>;

/** What became of one request, for the log. */
export interface Served {
  /** When its head was complete, in ms since 1970. */
  readonly at: number;
  /** As received, not to be trusted; empty when there was none. */
  readonly requestLine: string;
  /** Of the reply. */
  readonly statusCode: number;
  /** Octets of content that were sent. */
  readonly contentBytes: number;
  /** From the complete head to the last octet handed to the system, in ms. */
  readonly elapsedMs: number;
}

/** Whom a session asks and tells. */
export interface SessionParts {
  /** Decides the replies. */
  readonly handler: Handler;
  /** How long the client may keep us waiting. */
  readonly deadlines: Deadlines;
  /** Told of each request once it is answered. */
  readonly onServed: (served: Served) => void;
  /** Told of what must not happen: a handler that throws, content that fails on the way. */
  readonly onError: (error: unknown) => void;
}

const CONTINUE = encodeOctets(writeResponseHead(100, []));

/** The server's side of one connection: requests in, replies out in their order. */
export class Session {
  readonly #connection: Connection;
  readonly #parts: SessionParts;
  readonly #heads = requestHeadReader();
  #isIdle = false;
  #isStopping = false;
  #head: RequestHead | undefined;
  #startedAt: number | undefined;

  /** For a connection to a client, which the session ends. */
  constructor(connection: Connection, parts: SessionParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /** Serves the connection to its end. Never rejects. */
  async run(): Promise<void> {
    let mayHaveMore = true;
    try {
      for (;;) {
        // What needs no waiting is not awaited: a dozen turns a request would double its cost.
        const head = this.#bufferedHead() ?? await this.#nextHead();
        mayHaveMore = head !== undefined;
        if (head === undefined) break;
        const goesOn = this.#answer(head);
        if (!(typeof goesOn === "boolean" ? goesOn : await goesOn)) break;
      }
    } catch (error) {
      if (!(await this.#refuse(error))) return this.#connection.close();
    }
    await this.#connection.finish(mayHaveMore);
  }

  /** Ends the session after the request that is under way; at once when there is none. */
  stop(): void {
    this.#isStopping = true;
    if (this.#isIdle) this.#connection.close();
  }

  /** The next request head, if all of it has arrived. */
  #bufferedHead(): RequestHead | undefined {
    const read = this.#heads.read(this.#connection.buffered);
    if (read === undefined) return undefined;
    this.#connection.consume(read.consumed);
    return read.head;
  }

  /** Waits for the next request head; undefined when there is none to come. */
  async #nextHead(): Promise<RequestHead | undefined> {
    const { idleMs, headMs } = this.#parts.deadlines;
    // Before any deadline of the client runs, and before the session may pass for idle.
    await this.#connection.flush();
    const idleUntil = now() + idleMs;
    let headUntil: number | undefined;
    for (;;) {
      this.#connection.consume(this.#heads.takeEmptyLines());
      if (this.#connection.buffered.length > 0) {
        headUntil ??= now() + headMs;
        if (!(await this.#connection.fill("head", headUntil))) {
          throw new ProtocolError("The request head is incomplete.");
        }
      } else {
        if (this.#isStopping) return undefined;
        this.#isIdle = true;
        const hasMore = await this.#connection.fill("idle", idleUntil);
        this.#isIdle = false;
        if (!hasMore) return undefined;
      }
      const head = this.#bufferedHead();
      if (head !== undefined) return head;
    }
  }

  /** Answers a request; whether the connection goes on, at once where nothing is to be waited for. */
  #answer(head: RequestHead): boolean | Promise<boolean> {
    const { method, requestTarget } = head;
    this.#head = head;
    this.#startedAt = Date.now();
    const request = { head, target: originForm(method, requestTarget) };
    const framing = requestBodyFraming(head);
    if (framing.kind === "chunked" || (framing.kind === "length" && framing.contentLength > 0)) {
      return this.#answerWithBody(request, framing);
    }
    expectsContinue(head); // For the error: without a body there is nothing to wait for.
    const reply = replyToMethod(head) ?? this.#handle(request);
    return reply instanceof Promise
      ? reply.then((reply) => this.#send(reply, head, true))
      : this.#send(reply, head, true);
  }

  async #answerWithBody(request: Request, framing: BodyFraming): Promise<boolean> {
    const { head } = request;
    const awaitsContinue = expectsContinue(head);
    const refusal = replyToMethod(head);
    // A client that waits for 100 is spared sending what will not be read: the reply comes instead.
    const isSpared = awaitsContinue && (refusal !== undefined || isTooLarge(framing));
    if (awaitsContinue && !isSpared) await this.#connection.write(CONTINUE);
    const until = now() + this.#parts.deadlines.bodyMs;
    const bodyEnded = !isSpared && await discardBody(this.#connection, framing, until);
    return await this.#send(refusal ?? await this.#handle(request), head, bodyEnded);
  }

  #handle(request: Request): Reply | Promise<Reply> {
    try {
      const reply = this.#parts.handler(request);
      return reply instanceof Promise ? reply.catch((error) => this.#failed(error)) : reply;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Reply {
    this.#parts.onError(error);
    return htmlReply(500, "Something went wrong here. It is not your fault.");
  }

  /** Sends a reply; whether the connection goes on. */
  #send(reply: Reply, head: RequestHead, bodyEnded: boolean): boolean | Promise<boolean> {
    const { method, httpVersion } = head;
    const persistent = bodyEnded && !this.#isStopping && isPersistent(head);
    const sender = new ReplySender(this.#connection, reply, { method, httpVersion, persistent });
    if (!sender.trySend()) return this.#sendSlowly(sender, reply);
    this.#tell(reply.statusCode, sender.contentBytes);
    return sender.persistent;
  }

  async #sendSlowly(sender: ReplySender, reply: Reply): Promise<boolean> {
    try {
      await sender.send();
    } finally {
      this.#tell(reply.statusCode, sender.contentBytes);
    }
    return sender.persistent;
  }

  /**
   * Answers what was not a request, if it can be answered.
   *
   * @returns whether the client is to get what was written; if not, the connection is lost
   */
  async #refuse(error: unknown): Promise<boolean> {
    if (error instanceof ProtocolError) {
      const reply = htmlReply(error.statusHint, error.message);
      const [method = ""] = this.#requestLine.split(" ", 1);
      const context = { method, httpVersion: "1.1", persistent: false } as const;
      const sender = new ReplySender(this.#connection, reply, context);
      try {
        await sender.send();
      } catch (lost) {
        if (!(lost instanceof NetworkError)) throw lost;
        return false;
      } finally {
        this.#tell(reply.statusCode, sender.contentBytes);
      }
      return true;
    }
    if (error instanceof DeadlineError) {
      const isAnswered = error.deadline === "head" || error.deadline === "body";
      if (isAnswered) this.#tell(408, 0);
      return isAnswered;
    }
    if (!(error instanceof NetworkError)) this.#parts.onError(error);
    return false;
  }

  #tell(statusCode: number, contentBytes: number): void {
    const at = this.#startedAt ?? Date.now();
    const elapsedMs = Date.now() - at;
    const requestLine = this.#requestLine;
    this.#parts.onServed({ at, requestLine, statusCode, contentBytes, elapsedMs });
    this.#startedAt = undefined;
    this.#head = undefined;
  }

  /** That of the request under way; of one that could not be read, what stands in its place. */
  get #requestLine(): string {
    if (this.#head === undefined) return firstLine(this.#connection.buffered);
    const { method, requestTarget, httpVersion } = this.#head;
    return `${method} ${requestTarget} HTTP/${httpVersion}`;
  }
}

/** What stands where a request line should be. */
function firstLine(octets: Uint8Array): string {
  return decodeOctets(octets, 0, Math.min(octets.length, 256)).split(/[\r\n]/, 1)[0]!;
}
