import { fieldSection } from "../../lib/http/fields.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { say } from "../../lib/log/console.ts";
import { Acceptor } from "../../lib/net/accept.ts";
import type { AccessRecord } from "../../lib/net/access_record.ts";
import {
  ConnectionManager,
  type ConnectionManagerOptions,
} from "../../lib/net/connection_manager.ts";
import { DEADLINES, type Deadlines } from "../../lib/net/deadlines.ts";
import type { Handler, Reply } from "../../lib/net/handler.ts";
import { Arrivals } from "./arrivals.ts";
import { RawPeer } from "./raw_peer.ts";

/** Where a served farm of one differs from the roles. */
export interface ServingOptions {
  /** Those that are not as usual. */
  readonly deadlines?: Partial<Deadlines>;
  readonly limitRate?: number;
  readonly maxConnections?: number;
  readonly addedFields?: ConnectionManagerOptions["addedFields"];
  readonly replyToMethod?: ConnectionManagerOptions["replyToMethod"];
  readonly proxies?: ConnectionManagerOptions["proxies"];
  /** False where nobody wants to know what was served. */
  readonly isLogged?: boolean;
}

/** A handler behind a real listener on 127.0.0.1. */
export class Serving implements AsyncDisposable {
  /** What was told of each request. */
  readonly served: Arrivals<AccessRecord> = new Arrivals();
  /** What must not happen; a test that provokes such an error takes it from here. */
  readonly errors: Arrivals<unknown> = new Arrivals();
  /** Why connections ended before their first request. */
  readonly failed: Arrivals<string> = new Arrivals();
  /** How often it was told that there is no room. */
  timesFull = 0;
  readonly service: ConnectionManager;
  readonly #acceptor: Acceptor;
  readonly #accepting: Promise<void>;
  readonly #port: number;

  constructor(handler: Handler, options: ServingOptions = {}) {
    const { deadlines, limitRate = 0, maxConnections = 1000 } = options;
    this.service = new ConnectionManager({
      handler,
      deadlines: { ...DEADLINES, ...deadlines },
      limitRate,
      maxConnections,
      addedFields: options.addedFields,
      replyToMethod: options.replyToMethod,
      proxies: options.proxies,
      onHandshakeFailed: (client, { message }) => this.failed.add(`${client}: ${message}`),
      onFull: () => this.timesFull++,
      onServed: options.isLogged === false ? undefined : this.served.add,
      onError: this.errors.add,
    });
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#port = listener.addr.port;
    this.#acceptor = new Acceptor(listener, {
      onError: this.errors.add,
      room: () => this.service.room(),
    });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#port;
  }

  /** A new client. */
  connect(): Promise<RawPeer> {
    return RawPeer.connect(this.#port);
  }

  /** All that a client gets that sends that and then nothing more. */
  async exchange(text: string): Promise<string> {
    using client = await this.connect();
    await client.sendLast(text);
    return await client.receiveAll();
  }

  async #accept(): Promise<void> {
    const never = new AbortController().signal;
    for await (const conn of this.#acceptor.until(never)) this.service.serve(conn);
  }

  /** Ends everything; throws what no test has taken from `errors`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#acceptor.close();
    await this.#accepting;
    await this.service.drain(10_000);
    const [error] = this.errors.waiting;
    if (error === undefined) return;
    // Where the test has failed as well, only one of both errors is shown: this is the other.
    say(`unexpected: ${error instanceof Error ? error.stack : error}`);
    throw error;
  }
}

/** A reply of plain text. */
export function textReply(text: string): Reply & { content: Uint8Array } {
  return {
    statusCode: 200,
    headerSection: fieldSection([["Content-Type", "text/plain"]]),
    content: encodeLatin1(text),
  };
}

/** Answers every request with its target. */
export const echoTarget: Handler = ({ target }) => textReply(target);

/** The head of a request that has no more to say. */
export function request(target: string, fields = "", method = "GET", version = "1.1"): string {
  return `${method} ${target} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;
}
