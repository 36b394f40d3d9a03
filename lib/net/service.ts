import type { SessionParts } from "./session_parts.ts";
import { Session, TIMEOUT_REPLY } from "./session.ts";
import { Roster } from "./roster.ts";
import { replyHead } from "./reply_sender.ts";
import type { DeadlineName } from "./network_error.ts";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { encodeOctets } from "../http/grammar.ts";
import type { FieldSection } from "../http/fields.ts";
import { IdleList } from "./idle_list.ts";

/** How long sessions may take to notice that their connection was closed, and to say so. */
const CLOSING_MS = 1000;

/** How connections are served. */
export interface ServiceOptions extends Omit<SessionParts, "deadlines" | "idle"> {
  /** How long a client may keep us waiting. */
  readonly deadlines?: Deadlines;
  /** Connections at a time. When there are more, those that are kept and idle are closed for them. */
  readonly maxConnections: number;
  /** Told when that many are open and busy; not again before half of them have gone. */
  readonly onFull: () => void;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate?: number;
}

/** Serves connections beside each other, and knows which are open. */
export class Service {
  readonly #options: ServiceOptions & SessionParts;
  readonly #connectionOptions: ConnectionOptions;
  readonly #sessions = new Roster<Session>();
  readonly #idle = new IdleList();
  /** Accepted when a connection was idle, which then was so no more: they wait for a place. */
  readonly #held: Deno.Conn<Deno.NetAddr>[] = [];
  #isDraining = false;
  #onEmpty: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #wasFull = false;

  /** Serves all connections alike. */
  constructor(options: ServiceOptions) {
    const { deadlines = DEADLINES, limitRate = 0 } = options;
    this.#options = { ...options, deadlines, idle: this.#idle };
    this.#idle.onAdded = () => this.#offerPlaces();
    const lastWords = (deadline: DeadlineName) => timeoutResponse(deadline, options.addedFields);
    this.#connectionOptions = { deadlines, limitRate, lastWords };
  }

  /** Serves a connection to its end, beside the others; one that is too many once it has a place. */
  serve(conn: Deno.Conn<Deno.NetAddr>): void {
    if (this.#takePlace()) this.#serve(conn);
    else this.#held.push(conn);
  }

  /** Settles when one more connection would have a place; undefined when it has now. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom) return undefined;
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
    this.#isDraining = true;
    this.#offerPlaces();
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

  /** That a client waits can only be known by accepting it: so that is done while one is idle. */
  get #hasRoom(): boolean {
    if (this.#held.length > 0) return false;
    return this.#sessions.size < this.#options.maxConnections || !this.#idle.isEmpty;
  }

  /** Whether there is a place for a connection, or could be made. */
  #takePlace(): boolean {
    if (this.#isDraining || this.#sessions.size < this.#options.maxConnections) return true;
    return this.#idle.closeLongest();
  }

  /** A connection has ended or become idle. */
  #offerPlaces(): void {
    while (this.#held.length > 0 && this.#takePlace()) this.#serve(this.#held.shift()!);
    if (this.#onRoom === undefined || !this.#hasRoom) return;
    this.#onRoom();
    this.#onRoom = undefined;
  }

  /** Never rejects. */
  async #serve(conn: Deno.Conn<Deno.NetAddr>): Promise<void> {
    let session: Session | undefined;
    try {
      // A listener for IPv6 shows IPv4 clients as mapped addresses (RFC 4291 §2.5.5.2).
      const client = conn.remoteAddr.hostname.replace(/^::ffff:(?=\d+\.)/, "");
      const connection = new Connection(conn, this.#connectionOptions);
      session = new Session(connection, client, this.#options);
      this.#sessions.add(session);
      await session.run();
      connection.input.release(); // The session waits for no read any more.
    } catch (error) {
      this.#options.onError(error, {});
      close(conn);
    }
    if (session !== undefined) this.#remove(session);
  }

  #remove(session: Session): void {
    this.#sessions.delete(session);
    this.#offerPlaces();
    if (this.#sessions.size <= this.#options.maxConnections / 2) this.#wasFull = false;
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}

/** Closes a connection that may be closed already. */
function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is.
  }
}

/** The same as octets; undefined where nothing is to be said. */
function timeoutResponse(
  deadline: DeadlineName,
  added: FieldSection | undefined,
): Uint8Array | undefined {
  if (deadline !== "head" && deadline !== "body") return undefined;
  const at = Date.now();
  const context = { method: "GET", httpVersion: "1.1", persistent: false, at, added } as const;
  return encodeOctets(replyHead(TIMEOUT_REPLY, context) + TIMEOUT_REPLY.content);
}
