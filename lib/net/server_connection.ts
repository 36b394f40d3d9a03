import type { Fields, FieldSection } from "../http/fields.ts";
import { decodeLatin1, encodeLatin1, ProtocolError } from "../http/grammar.ts";
import { forwardedClient } from "../http/forwarded.ts";
import { originForm, type RequestHead, requestHeadReader } from "../http/request.ts";
import { type AccessRecord, CompletionQueue } from "./access_record.ts";
import type { Idle, IdleList, Indexed } from "./collections.ts";
import { Connection, type ConnectionOptions, type Socket } from "./connection.ts";
import { type Deadlines, monotonicMs } from "./deadlines.ts";
import { type Handler, htmlReply, type Reply, replyToMethod, type Request } from "./handler.ts";
import type { LoadMeter } from "./load_meter.ts";
import {
  DeadlineError,
  type DeadlineName,
  HandshakeError,
  NetworkError,
  ProxyHeaderError,
} from "./network_error.ts";
import { discardBody, type RequestFraming, requestFraming } from "./request_body.ts";
import {
  endsWithConnection,
  type ReplyContext,
  replyHead,
  writeReply,
  type Written,
} from "./response_writer.ts";
import { SEND_BYTES } from "./send_buffer.ts";
import { type ProxyConfig, receiveProxyHeader } from "./trusted_peers.ts";

/** How connections of clients are served. */
export interface ServerConfig {
  readonly handler: Handler;
  /** Answers requests that never reach the handler; `replyToMethod` by default. */
  readonly replyToMethod?: ((request: Request) => Reply | undefined) | undefined;
  /** Replies to requests whose handler failed; never rejects. By default with a page of ours. */
  readonly replyToError?: ((request: Request) => Promise<Reply>) | undefined;
  /** Fields of every response. */
  readonly addedFields?: FieldSection | undefined;
  readonly deadlines: Deadlines;
  readonly connection: ConnectionOptions;
  /** Undefined if no peer is believed to be a proxy. */
  readonly proxies?: ProxyConfig | undefined;
  /** The list for this connection while it is kept and idle. */
  readonly idle: IdleList;
  /** Measures what is sent; undefined if that is not wanted. */
  readonly load?: LoadMeter | undefined;
  /** Called with the record of each request; undefined without an access log. */
  readonly onServed: ((record: AccessRecord) => void) | undefined;
  /** Called when a connection ends before its first request, but for a deadline. */
  readonly onHandshakeFailed?: (client: string, error: HandshakeError | ProxyHeaderError) => void;
  /**
   * Called on unexpected errors, such as of a handler or of content, with the client's address and its
   * request line, untrusted.
   */
  readonly onError: (error: unknown, at: { client?: string; request?: string }) => void;
}

/** The reply to a request that did not arrive in time (RFC 9110 §15.5.9). */
const TIMEOUT_REPLY = htmlReply(408, "The request did not arrive in time.");

/** The reply to a request whose handler failed. */
export const ERROR_REPLY = htmlReply(500, "Something went wrong here. It is not your fault.");

/** The server's side of one connection: reads requests, writes replies in their order. */
export class ServerConnection implements Indexed, Idle {
  index = 0;
  nextIdle: Idle | undefined;
  previousIdle: Idle | undefined;
  isListedIdle = false;
  readonly #connection: Connection;
  /** The address of the peer, or the one in its PROXY header. */
  #peer: string;
  #isTrustedPeer: boolean;
  /** The client of the request under way. */
  #client: string;
  #isSecure = false;
  readonly #config: ServerConfig;
  readonly #heads = requestHeadReader();
  readonly #completions: CompletionQueue | undefined;
  #isLastReply = false;
  #isDraining = false;
  #idleUntil: number | undefined;
  #headUntil: number | undefined;
  /** The request under way; undefined between requests, and while one is read. */
  #head: RequestHead | undefined;
  /** When it arrived, or when the last read ended. */
  #arrivedEpochMs = Date.now();
  /** The same by `performance.now()`. */
  #arrivedMs = 0;
  /** When the first part of a head arrived, by `performance.now()`. */
  #begunMs: number | undefined;

  constructor(socket: Socket, config: ServerConfig) {
    // A listener for IPv6 shows IPv4 clients as mapped addresses (RFC 4291 §2.5.5.2).
    const { hostname } = socket.remoteAddr;
    this.#peer = hostname.startsWith("::ffff:") ? hostname.slice("::ffff:".length) : hostname;
    this.#client = this.#peer;
    const { onServed, proxies } = this.#config = config;
    this.#isTrustedPeer = proxies !== undefined && proxies.peers.isTrusted(this.#peer);
    this.#connection = new Connection(socket, config.connection);
    if (onServed === undefined) return;
    this.#arrivedMs = performance.now();
    const completions = this.#completions = new CompletionQueue(onServed);
    this.#connection.onSent = () => completions.settle(this.#connection.sentBytes);
  }

  /**
   * Serves the connection to its end, then calls `onEnd`. Never rejects. This is the only async
   * function of ours that waits while the connection is idle: each would take 0.5 KiB.
   */
  async run(onEnd: (connection: ServerConnection) => void): Promise<void> {
    let mayHaveMore: boolean | undefined;
    try {
      try {
        if (this.#isTrustedPeer && this.#config.proxies!.sendHeader) {
          await this.#readProxyHeader();
          // The first request may have come with it.
          if (this.#connection.input.length > 0) mayHaveMore = await this.#serve();
        }
        const handshake = this.#connection.handshake(monotonicMs() + this.#config.deadlines.headMs);
        if (handshake !== undefined) await handshake;
        while (mayHaveMore === undefined) {
          if (this.#connection.hasUnsent) await this.#connection.flush();
          mayHaveMore = await this.#receive() ? await this.#serve() : false;
        }
      } catch (error) {
        mayHaveMore = await this.#refuse(error);
      }
      if (mayHaveMore !== undefined) await this.#connection.finish(mayHaveMore);
    } catch (error) {
      if (!(error instanceof NetworkError)) this.#logError(error);
    } finally {
      this.#connection.close();
      this.#config.idle.delete(this);
      this.#completions?.close(this.#connection.sentBytes);
      this.#connection.input.release(); // No read is pending any more.
      onEnd(this);
    }
  }

  /** Closes the connection after the replies to what has arrived, or to what arrives next. */
  closeAfterReply(): void {
    this.#isLastReply = true;
  }

  /** Closes the connection after the request under way, or at once if there is none. */
  drain(): void {
    this.#isDraining = true;
    this.#connection.drain();
  }

  closeIfIdle(): boolean {
    return this.#connection.closeIfIdle();
  }

  /** Closes the connection at once. */
  close(): void {
    this.#connection.close();
  }

  /** Reads the PROXY header, whose address takes the place of the peer's. */
  async #readProxyHeader(): Promise<void> {
    const until = monotonicMs() + this.#config.deadlines.headMs;
    const { source } = await receiveProxyHeader(this.#connection, until);
    if (source === undefined) return;
    this.#peer = this.#client = source;
    this.#isTrustedPeer = this.#config.proxies!.peers.isTrusted(source);
  }

  /** Waits for more of the next request head; false at the end of the connection. */
  #receive(): Promise<boolean> {
    if (this.#heads.isUnderWay || this.#connection.input.length > 0) return this.#receiveHead();
    if (this.#isDraining) return Promise.resolve(false);
    // Empty lines are no request, and do not extend the wait.
    this.#idleUntil ??= monotonicMs() + this.#config.deadlines.idleMs;
    const filling = this.#connection.fill("idle", this.#idleUntil);
    // Not before the first request, which a new client is about to send.
    if (this.#connection.sentBytes > 0) this.#config.idle.add(this);
    return filling;
  }

  async #receiveHead(): Promise<true> {
    this.#config.idle.delete(this);
    this.#begunMs ??= this.#arrivedMs;
    this.#headUntil ??= monotonicMs() + this.#config.deadlines.headMs;
    if (await this.#connection.fill("head", this.#headUntil)) return true;
    throw new ProtocolError("The request head is incomplete.");
  }

  /**
   * Answers the requests that have arrived.
   *
   * @returns undefined if the connection persists; else whether the client may send more
   */
  async #serve(): Promise<boolean | undefined> {
    this.#arrivedEpochMs = Date.now();
    if (this.#completions !== undefined) this.#arrivedMs = performance.now();
    const { handler, replyToMethod: refusalOf = replyToMethod } = this.#config;
    for (;;) {
      const head = this.#heads.read(this.#connection.input);
      if (head === undefined) return undefined;
      this.#begin(head);
      const target = originForm(head.method, head.requestTarget);
      const request = { head, target, client: this.#client, isSecure: this.#isSecure };
      const framing = requestFraming(head);
      let reply: Reply | Promise<Reply> | undefined = refusalOf(request);
      const bodyEnded = framing.body.kind === "none" ||
        await this.#discardBody(framing, reply !== undefined);
      try {
        reply ??= handler(request);
        if (reply instanceof Promise) reply = await reply;
      } catch (error) {
        this.#logError(error);
        reply = await this.#config.replyToError?.(request) ?? ERROR_REPLY;
      }
      const goesOn = bodyEnded && framing.isPersistent && this.#goesOnAfter(head, reply);
      const sending = this.#send(reply, head, goesOn);
      const isWhole = sending === true || await sending;
      this.#head = undefined;
      if (!isWhole || !goesOn) return framing.isPersistent || this.#mayHaveMore();
    }
  }

  #begin(head: RequestHead): void {
    this.#head = head;
    this.#config.idle.delete(this);
    this.#idleUntil = this.#headUntil = this.#begunMs = undefined;
    if (this.#isTrustedPeer) this.#readForwarded(head.fields);
  }

  #readForwarded(fields: Fields): void {
    const { peers } = this.#config.proxies!;
    const client = forwardedClient(this.#peer, fields, (address) => peers.isTrusted(address));
    this.#client = client.address;
    this.#isSecure = client.isSecure;
  }

  /** Whether the connection persists, as far as this server and the reply decide it. */
  #goesOnAfter(head: RequestHead, reply: Reply): boolean {
    if (this.#isDraining) return false;
    if (this.#isLastReply && this.#connection.input.length === 0) return false;
    return !endsWithConnection(reply, head.httpVersion);
  }

  /**
   * Whether a client that asked for the end of the connection may send more. It must not (RFC 9112
   * §9.6); if it has, or if the reply takes long, closing at once could destroy the reply.
   */
  #mayHaveMore(): boolean {
    const { input, writtenBytes } = this.#connection;
    return input.length > 0 || writtenBytes > SEND_BYTES;
  }

  #discardBody(framing: RequestFraming, isRefused: boolean): Promise<boolean> {
    const untilMs = monotonicMs() + this.#config.deadlines.bodyMs;
    return discardBody(this.#connection, framing, isRefused, untilMs);
  }

  #send(
    reply: Reply,
    { method, httpVersion }: RequestHead,
    isPersistent: boolean,
  ): true | Promise<boolean> {
    const { addedFields } = this.#config;
    return this.#write(reply, {
      method,
      httpVersion,
      isPersistent,
      epochMs: this.#arrivedEpochMs,
      addedFields,
    });
  }

  /** Writes a reply and records it; false if its content failed. */
  #write(reply: Reply, context: ReplyContext): true | Promise<boolean> {
    const written = { contentBytes: 0 };
    const writing = writeReply(this.#connection, reply, context, written);
    if (writing !== undefined) {
      // To a HEAD no content is sent.
      const load = context.method === "HEAD" ? undefined : this.#config.load;
      return this.#writeSlowly(reply, writing, written, load);
    }
    this.#config.load?.count(reply.statusCode, written.contentBytes);
    this.#record(reply, written.contentBytes);
    return true;
  }

  async #writeSlowly(
    reply: Reply,
    writing: Promise<void>,
    written: Written,
    load: LoadMeter | undefined,
  ): Promise<boolean> {
    const transfer = load?.begin(this.#connection, written, reply.content.length);
    let isWhole = false;
    try {
      await writing;
      return isWhole = true;
    } catch (error) {
      if (error instanceof NetworkError) throw error;
      this.#logError(error);
      this.#connection.close(); // Nothing else tells the client that content is missing.
      return false;
    } finally {
      if (transfer !== undefined) load?.end(transfer, isWhole);
      this.#config.load?.count(reply.statusCode, 0);
      this.#record(reply, written.contentBytes);
    }
  }

  /**
   * Answers an invalid or late request.
   *
   * @returns whether the client may send more; undefined if the connection cannot be used
   */
  async #refuse(error: unknown): Promise<true | undefined> {
    if (error instanceof ProtocolError) {
      const reply = htmlReply(error.statusHint, error.message);
      const [method = ""] = this.#requestLine.split(" ", 1);
      const { addedFields } = this.#config;
      const about = { httpVersion: "1.1", isPersistent: false, epochMs: Date.now() } as const;
      await this.#write(reply, { ...about, method, addedFields });
      return true;
    }
    if (error instanceof DeadlineError) {
      const isAnswered = error.deadline === "head" || error.deadline === "body";
      if (!isAnswered) return undefined;
      this.#config.load?.count(TIMEOUT_REPLY.statusCode, TIMEOUT_REPLY.content.length);
      this.#record(TIMEOUT_REPLY, TIMEOUT_REPLY.content.length);
      return true;
    }
    if (!(error instanceof NetworkError)) this.#logError(error);
    const isHandshake = error instanceof HandshakeError || error instanceof ProxyHeaderError;
    if (isHandshake && !this.#isDraining) this.#config.onHandshakeFailed?.(this.#peer, error);
    return undefined;
  }

  #logError(error: unknown): void {
    const client = this.#head === undefined ? this.#peer : this.#client;
    this.#config.onError(error, { client, request: this.#requestLine });
  }

  #record({ statusCode, annotation }: Reply, contentBytes: number): void {
    if (this.#completions === undefined) return;
    const hasArrived = this.#head !== undefined;
    this.#completions.add({
      epochMs: hasArrived ? this.#arrivedEpochMs : Date.now(),
      client: hasArrived ? this.#client : this.#peer,
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

  /** The request line, or what was received instead. */
  get #requestLine(): string {
    if (this.#head === undefined) {
      return this.#heads.line || firstLine(this.#connection.input.bytes);
    }
    const { method, requestTarget, httpVersion } = this.#head;
    return `${method} ${requestTarget} HTTP/${httpVersion}`;
  }
}

function firstLine(bytes: Uint8Array): string {
  return decodeLatin1(bytes, 0, Math.min(bytes.length, 256)).split(/[\r\n]/, 1)[0]!;
}

/** What is sent when a deadline has passed; undefined if the connection is just closed. */
export function timeoutResponse(
  deadline: DeadlineName,
  addedFields: FieldSection | undefined,
): Uint8Array | undefined {
  if (deadline !== "head" && deadline !== "body") return undefined;
  const epochMs = Date.now();
  const about = { method: "GET", httpVersion: "1.1", isPersistent: false } as const;
  return encodeLatin1(
    replyHead(TIMEOUT_REPLY, { ...about, epochMs, addedFields }) + TIMEOUT_REPLY.content,
  );
}
