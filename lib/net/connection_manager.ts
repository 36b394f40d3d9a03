import { deadline } from "@std/async/deadline";
import { DEADLINES, type Deadlines } from "./deadlines.ts";
import type { DeadlineName } from "./network_error.ts";
import { closeSocket, type Socket } from "./connection.ts";
import { Bag, IdleList } from "./collections.ts";
import { type ServerConfig, ServerConnection, timeoutResponse } from "./server_connection.ts";

/** How long connections may take to notice that they were closed. */
const CLOSING_MS = 1000;

/** How connections are served. */
export interface ConnectionManagerOptions
  extends Omit<ServerConfig, "deadlines" | "connection" | "idle"> {
  readonly deadlines?: Deadlines;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate?: number;
  /** Connections at a time. Idle ones are closed for new ones. */
  readonly maxConnections: number;
  /** Called when that many are open and busy; again only after half of them have closed. */
  readonly onFull: () => void;
}

/** Serves any number of connections, within a limit. */
export class ConnectionManager {
  readonly #options: ConnectionManagerOptions & ServerConfig;
  readonly #connections = new Bag<ServerConnection>();
  readonly #idle = new IdleList();
  /** Accepted while a connection was idle which then received a request: they wait for a place. */
  readonly #held: Socket[] = [];
  #isDraining = false;
  #onEmpty: (() => void) | undefined;
  #onRoom: (() => void) | undefined;
  #wasFull = false;

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

  /** Connections that are open now. */
  get size(): number {
    return this.#connections.size + this.#held.length;
  }

  /** Serves a connection to its end, as soon as there is a place for it. */
  serve(socket: Socket): void {
    if (this.#takePlace()) this.#serve(socket);
    else this.#held.push(socket);
  }

  /** Settles when there is a place for one more connection; undefined if there is one now. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom) return undefined;
    if (!this.#wasFull) this.#options.onFull();
    this.#wasFull = true;
    return new Promise((resolve) => this.#onRoom = resolve);
  }

  /**
   * Closes idle connections now and the others after their reply, or when the grace has passed.
   *
   * @param graceMs how long to wait for replies that are under way
   * @param idleMs how long to keep idle connections; each may bring one more request until then
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

  /** While a connection is idle there is room: it can be closed if a client is accepted. */
  get #hasRoom(): boolean {
    if (this.#held.length > 0) return false;
    return this.#connections.size < this.#options.maxConnections || !this.#idle.isEmpty;
  }

  /** Whether there is a place for a connection, or could be made. */
  #takePlace(): boolean {
    if (this.#isDraining || this.#connections.size < this.#options.maxConnections) return true;
    return this.#idle.closeLongest();
  }

  /** To be called when a connection has closed or become idle. */
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
