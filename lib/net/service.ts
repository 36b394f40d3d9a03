import type { SessionParts } from "./session_parts.ts";
import { Session } from "./session.ts";
import { Roster } from "./roster.ts";
import { replyHead } from "./reply_sender.ts";
import type { DeadlineName } from "./network_error.ts";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { htmlReply } from "../http/reply.ts";
import { encodeOctets } from "../http/grammar.ts";
import type { FieldSection } from "../http/fields.ts";

/** How long sessions may take to notice that their connection was closed, and to say so. */
const CLOSING_MS = 1000;

/** How connections are served. */
export interface ServiceOptions extends Omit<SessionParts, "deadlines"> {
  /** How long a client may keep us waiting. */
  readonly deadlines?: Deadlines;
  /** Connections at a time. */
  readonly maxConnections: number;
  /** Told when that many are open; not again before half of them have gone. */
  readonly onFull: () => void;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate?: number;
}

/** Serves connections beside each other, and knows which are open. */
export class Service {
  readonly #options: ServiceOptions & SessionParts;
  readonly #connectionOptions: ConnectionOptions;
  readonly #sessions = new Roster<Session>();
  #onEmpty: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #wasFull = false;

  /** Serves all connections alike. */
  constructor(options: ServiceOptions) {
    const { deadlines = DEADLINES, limitRate = 0 } = options;
    this.#options = { ...options, deadlines };
    const lastWords = (deadline: DeadlineName) => timeoutResponse(deadline, options.addedFields);
    this.#connectionOptions = { deadlines, limitRate, lastWords };
  }

  /** Serves a connection to its end, beside the others. Never rejects. */
  async serve(conn: Deno.Conn<Deno.NetAddr>): Promise<void> {
    // A listener for IPv6 shows IPv4 clients as mapped addresses (RFC 4291 §2.5.5.2).
    const client = conn.remoteAddr.hostname.replace(/^::ffff:(?=\d+\.)/, "");
    const connection = new Connection(conn, this.#connectionOptions);
    const session = new Session(connection, client, this.#options);
    this.#sessions.add(session);
    try {
      await session.run();
    } catch (error) {
      this.#options.onError(error);
      connection.close();
    }
    connection.input.release(); // The session waits for no read any more.
    this.#remove(session);
  }

  /** Settles when there is room for one more connection; undefined when there is now. */
  room(): Promise<void> | undefined {
    if (this.#sessions.size < this.#options.maxConnections) return undefined;
    if (!this.#wasFull) this.#options.onFull();
    this.#wasFull = true;
    return new Promise((resolve) => this.#onRoom = resolve);
  }

  /**
   * Ends idle connections now and the others after their reply; those that are still open after
   * the grace, at once.
   *
   * @param graceMs how long to wait for replies that are under way
   * @param idleMs how long before idle connections end; each may bring one more request until then
   */
  async drain(graceMs: number, idleMs = 0): Promise<void> {
    for (const session of this.#sessions) session.retire();
    const idleGraceMs = Math.min(graceMs, idleMs);
    if (idleGraceMs > 0) await this.#emptyWithin(idleGraceMs);
    for (const session of this.#sessions) session.stop();
    await this.#emptyWithin(graceMs - idleGraceMs);
    for (const session of this.#sessions) session.abort();
    await this.#emptyWithin(CLOSING_MS);
  }

  async #emptyWithin(ms: number): Promise<void> {
    if (this.#sessions.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  #remove(session: Session): void {
    this.#sessions.delete(session);
    this.#onRoom?.();
    this.#onRoom = undefined;
    if (this.#sessions.size <= this.#options.maxConnections / 2) this.#wasFull = false;
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}

const TOO_LATE = htmlReply(408, "The request did not arrive in time.");

/** What a client that kept us waiting is told (RFC 9110 §15.5.9). */
function timeoutResponse(
  deadline: DeadlineName,
  added: FieldSection | undefined,
): Uint8Array | undefined {
  if (deadline !== "head" && deadline !== "body") return undefined;
  const at = Date.now();
  const context = { method: "GET", httpVersion: "1.1", persistent: false, at, added } as const;
  return encodeOctets(replyHead(TOO_LATE, context) + TOO_LATE.content);
}
