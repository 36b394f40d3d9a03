import type { SessionParts } from "./session_parts.ts";
import { ServedQueue } from "./served_queue.ts";
import type { Listed } from "./roster.ts";
import { ReplySender } from "./reply_sender.ts";
import { DeadlineError, HandshakeError, NetworkError } from "./network_error.ts";
import { replyToMethod, type Request } from "./handler.ts";
import { discardBody, isTooLarge } from "./discard_body.ts";
import { now } from "./deadlines.ts";
import type { Connection } from "./connection.ts";
import { isPersistent } from "../http/message.ts";
import { decodeOctets, encodeOctets, ProtocolError } from "../http/grammar.ts";
import { type BodyFraming, requestBodyFraming } from "../http/body.ts";
import { htmlReply, type Reply, type TextReply } from "./reply.ts";
import type { Idle } from "./idle_list.ts";
import { writeResponseHead } from "../http/response.ts";
import {
  expectsContinue,
  originForm,
  type RequestHead,
  requestHeadReader,
} from "../http/request.ts";

const CONTINUE = encodeOctets(writeResponseHead(100));

/** What a client that kept us waiting is told (RFC 9110 §15.5.9). */
export const TIMEOUT_REPLY: TextReply = htmlReply(408, "The request did not arrive in time.");

/** The server's side of one connection: requests in, replies out in their order. */
export class Session implements Listed, Idle {
  /** For the roster of sessions. */
  place = 0;
  /** For the list of idle ones. */
  nextIdle: Idle | undefined;
  /** For the list of idle ones. */
  previousIdle: Idle | undefined;
  /** For the list of idle ones. */
  isListedIdle = false;
  readonly #connection: Connection;
  readonly #client: string;
  readonly #parts: SessionParts;
  readonly #heads = requestHeadReader();
  readonly #served: ServedQueue | undefined;
  #isRetiring = false;
  #isStopping = false;
  /** As of the last wait, in ms since 1970. */
  #time = Date.now();
  /** The same on a clock that never goes back, in ms. */
  #monotonicMs = performance.now();
  #idleUntil: number | undefined;
  #headUntil: number | undefined;
  #head: RequestHead | undefined;
  /** When a part of a head had arrived first, on the monotonic clock. */
  #begunMs: number | undefined;
  #startedAt: number | undefined;
  #startedMs = 0;

  /** For a connection to a client with this address; the session ends it. */
  constructor(connection: Connection, client: string, parts: SessionParts) {
    this.#connection = connection;
    this.#client = client;
    this.#parts = parts;
    if (parts.onServed === undefined) return;
    const served = this.#served = new ServedQueue(parts.onServed);
    connection.onSent = () => served.settle(connection.sentBytes);
  }

  /** Serves the connection to its end. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.#tellError(error);
      this.#connection.close();
    } finally {
      this.#parts.idle.delete(this);
      this.#served?.close(this.#connection.sentBytes);
    }
  }

  async #run(): Promise<void> {
    let mayHaveMore = true;
    try {
      const handshake = this.#connection.handshake(now() + this.#parts.deadlines.headMs);
      if (handshake !== undefined) await handshake;
      for (let goesOn = true; goesOn;) {
        const head = this.#bufferedHead();
        if (head === undefined) {
          goesOn = mayHaveMore = await this.#waitForMore();
        } else {
          const answered = this.#answer(head);
          goesOn = typeof answered === "boolean" ? answered : await answered;
          // What needs no waiting is not awaited, and takes no time: 16 pipelined requests are
          // answered twice as fast.
          if (goesOn === answered) continue;
        }
        this.#time = Date.now();
        this.#monotonicMs = performance.now();
      }
    } catch (error) {
      if (!(await this.#refuse(error))) return this.#connection.close();
    }
    await this.#connection.finish(mayHaveMore);
  }

  /** Ends the session after the reply to what has arrived until then, or to what arrives next. */
  retire(): void {
    this.#isRetiring = true;
  }

  /** Ends the session after the request that is under way; at once when there is none. */
  stop(): void {
    this.#isStopping = true;
    this.#connection.endWhenIdle();
  }

  /** Ends the session at once if it waits for a request; whether it did. */
  closeIfIdle(): boolean {
    return this.#connection.closeIfIdle();
  }

  /** Ends the session at once. */
  abort(): void {
    this.#connection.close();
  }

  /** The next request head, if all of it has arrived. */
  #bufferedHead(): RequestHead | undefined {
    const head = this.#heads.read(this.#connection.input);
    if (head === undefined) return undefined;
    this.#parts.idle.delete(this);
    this.#idleUntil = undefined;
    this.#headUntil = undefined;
    this.#begunMs = undefined;
    return head;
  }

  /** Waits for more of the next request head; whether there is more to come. */
  #waitForMore(): boolean | Promise<boolean> {
    if (this.#heads.isUnderWay || this.#connection.input.length > 0) {
      this.#begunMs ??= this.#monotonicMs;
      return this.#waitForHead();
    }
    if (this.#isStopping) return false;
    // Empty lines are no request, and cannot put the end of the wait off again and again.
    this.#idleUntil ??= now() + this.#parts.deadlines.idleMs;
    return this.#connection.fill("idle", this.#idleUntil);
  }

  async #waitForHead(): Promise<true> {
    this.#parts.idle.delete(this);
    await this.#connection.flush(); // Before the deadline of the client runs.
    this.#headUntil ??= now() + this.#parts.deadlines.headMs;
    if (await this.#connection.fill("head", this.#headUntil)) return true;
    throw new ProtocolError("The request head is incomplete.");
  }

  /** Answers a request; whether the connection goes on, at once where nothing is to be waited for. */
  #answer(head: RequestHead): boolean | Promise<boolean> {
    const { method, requestTarget } = head;
    this.#head = head;
    this.#startedAt = this.#time;
    this.#startedMs = this.#monotonicMs;
    const request = { head, target: originForm(method, requestTarget), client: this.#client };
    const framing = requestBodyFraming(head);
    if (framing.kind === "chunked" || (framing.kind === "length" && framing.contentLength > 0)) {
      return this.#answerWithBody(request, framing);
    }
    expectsContinue(head); // For the error: without a body there is nothing to wait for.
    const reply = this.#replyToMethod(request) ?? this.#handle(request);
    return reply instanceof Promise
      ? reply.then((reply) => this.#send(reply, head, true))
      : this.#send(reply, head, true);
  }

  async #answerWithBody(request: Request, framing: BodyFraming): Promise<boolean> {
    const { head } = request;
    const awaitsContinue = expectsContinue(head);
    const refusal = this.#replyToMethod(request);
    // A client that waits for 100 is spared sending what will not be read: the reply comes instead.
    const isSpared = awaitsContinue && (refusal !== undefined || isTooLarge(framing));
    if (awaitsContinue && !isSpared) await this.#connection.write(CONTINUE);
    const until = now() + this.#parts.deadlines.bodyMs;
    const bodyEnded = !isSpared && await discardBody(this.#connection, framing, until);
    return await this.#send(refusal ?? await this.#handle(request), head, bodyEnded);
  }

  #replyToMethod(request: Request): Reply | undefined {
    const { replyToMethod: own } = this.#parts;
    return own === undefined ? replyToMethod(request.head) : own(request);
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
    this.#tellError(error);
    return htmlReply(500, "Something went wrong here. It is not your fault.");
  }

  /** Sends a reply; whether the connection goes on. */
  #send(reply: Reply, head: RequestHead, bodyEnded: boolean): boolean | Promise<boolean> {
    const { method, httpVersion } = head;
    const isLast = this.#isStopping || (this.#isRetiring && this.#connection.input.length === 0);
    const persistent = bodyEnded && !isLast && isPersistent(head);
    // Not before the first request: who has just connected is about to send it.
    if (persistent) this.#connection.onIdle ??= () => this.#parts.idle.add(this);
    const at = this.#startedAt!;
    const sender = new ReplySender(this.#connection, reply, {
      method,
      httpVersion,
      persistent,
      at,
      added: this.#parts.addedFields,
    });
    const sending = sender.send();
    if (sending !== undefined) return this.#sendSlowly(sender, reply, sending);
    this.#tell(reply.statusCode, sender.contentBytes, reply.chosen);
    return sender.persistent;
  }

  async #sendSlowly(sender: ReplySender, reply: Reply, sending: Promise<void>): Promise<boolean> {
    try {
      await sending;
    } catch (error) {
      if (error instanceof NetworkError) throw error;
      this.#tellError(error);
      this.#connection.close(); // Nothing else tells the client that this is not all.
      return false;
    } finally {
      this.#tell(reply.statusCode, sender.contentBytes, reply.chosen);
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
      const at = Date.now();
      const { addedFields: added } = this.#parts;
      const context = { method, httpVersion: "1.1", persistent: false, at, added } as const;
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
      if (isAnswered) this.#tell(TIMEOUT_REPLY.statusCode, TIMEOUT_REPLY.content.length);
      return isAnswered;
    }
    if (!(error instanceof NetworkError)) this.#tellError(error);
    if (error instanceof HandshakeError && !this.#isStopping) {
      this.#parts.onHandshakeFailed?.(this.#client, error);
    }
    return false;
  }

  #tellError(error: unknown): void {
    this.#parts.onError(error, { client: this.#client, request: this.#requestLine });
  }

  #tell(statusCode: number, contentBytes: number, chosen?: string): void {
    if (this.#served !== undefined) {
      const { writtenBytes, sentBytes } = this.#connection;
      this.#served.add({
        at: this.#startedAt ?? Date.now(),
        client: this.#client,
        requestLine: this.#requestLine,
        fields: this.#head?.fields,
        statusCode,
        contentBytes,
        chosen,
        startedMs: this.#startedAt === undefined
          ? this.#begunMs ?? this.#monotonicMs
          : this.#startedMs,
        endBytes: writtenBytes,
      });
      this.#served.settle(sentBytes);
    }
    this.#startedAt = undefined;
    this.#head = undefined;
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
