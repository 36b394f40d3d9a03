import { deadline } from "@std/async/deadline";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import type { DeadlineName } from "./network_error.ts";
import type { Socket } from "./connection.ts";
import { Bag, IdleList } from "./collections.ts";
import { type ServerConfig, ServerConnection, timeoutResponse } from "./server_connection.ts";

/** How long connections may take to notice that they were closed, in ms. */
const CLOSING_MS = 1000;

/** How connections are served. */
export interface ConnectionManagerOptions
  extends Omit<ServerConfig, "deadlines" | "connection" | "idle"> {
  /** How long a client may keep us waiting. */
  readonly deadlines?: Deadlines;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate?: number;
  /** Connections at a time. When there are more, those that are kept and idle are closed for them. */
  readonly maxConnections: number;
  /** Called when that many are open and busy; again only after half of them have gone. */
  readonly onFull: () => void;
}

/** Serves connections beside each other, and knows which are open. */
export class ConnectionManager {
  readonly #options: ConnectionManagerOptions & ServerConfig;
  readonly #connections = new Bag<ServerConnection>();
  readonly #idle = new IdleList();
  /** Accepted when a connection was idle, which then was so no more: they wait for a place. */
  readonly #held: Socket[] = [];
  #isDraining = false;
  #onEmpty: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #wasFull = false;

  /** Serves all connections alike. */
  constructor(options: ConnectionManagerOptions) {
    const { deadlines = DEADLINES, limitRate = 0 } = options;
    const connection = {
      deadlines,
      limitRate,
      timeoutResponse: (deadline: DeadlineName) => timeoutResponse(deadline, options.addedFields),
    };
    this.#options = { ...options, deadlines, connection, idle: this.#idle };
    this.#idle.onAdded = () => this.#offerPlaces();
  }

  /** Serves a connection to its end, beside the others; one that is too many once it has a place. */
  serve(socket: Socket): void {
    if (this.#takePlace()) this.#serve(socket);
    else this.#held.push(socket);
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
    for (const connection of this.#connections) connection.closeAfterReply();
    const idleGraceMs = Math.min(graceMs, idleMs);
    if (idleGraceMs > 0) await this.#emptyWithin(idleGraceMs);
    for (const connection of this.#connections) connection.drain();
    await this.#emptyWithin(graceMs - idleGraceMs);
    for (const connection of this.#connections) connection.close();
    await this.#emptyWithin(CLOSING_MS);
  }

  async #emptyWithin(ms: number): Promise<void> {
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await deadline(promise, ms).catch(() => {});
  }

  /** That a client waits can only be known by accepting it: so that is done while one is idle. */
  get #hasRoom(): boolean {
    if (this.#held.length > 0) return false;
    return this.#connections.size < this.#options.maxConnections || !this.#idle.isEmpty;
  }

  /** Whether there is a place for a connection, or could be made. */
  #takePlace(): boolean {
    if (this.#isDraining || this.#connections.size < this.#options.maxConnections) return true;
    return this.#idle.closeLongest();
  }

  /** A connection has ended or become idle. */
  #offerPlaces(): void {
    while (this.#held.length > 0 && this.#takePlace()) this.#serve(this.#held.shift()!);
    if (this.#onRoom === undefined || !this.#hasRoom) return;
    this.#onRoom();
    this.#onRoom = undefined;
  }

  #serve(socket: Socket): void {
    let connection: ServerConnection;
    try {
      connection = new ServerConnection(socket, this.#options);
    } catch (error) {
      this.#options.onError(error, {});
      return closeSocket(socket);
    }
    this.#connections.add(connection);
    connection.run(this.#onEnd);
  }

  readonly #onEnd = (connection: ServerConnection): void => {
    this.#connections.delete(connection);
    this.#offerPlaces();
    if (this.#connections.size <= this.#options.maxConnections / 2) this.#wasFull = false;
    if (this.#connections.size === 0) this.#onEmpty?.();
  };
}

/** Closes a socket that may be closed already. */
function closeSocket(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It is.
  }
}
