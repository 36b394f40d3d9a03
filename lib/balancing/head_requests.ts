import type { ResponseHead } from "../http/response.ts";
import type { Connection } from "../net/connection.ts";
import { monotonicMs } from "../net/deadlines.ts";
import { type ClientRequest, exchange, failureReason } from "../net/exchange.ts";
import type { Server } from "./list/server.ts";
import { connectTo } from "./probe.ts";

/** How long a connection is kept for the next request, in ms. */
const KEPT_MS = 10_000;

/** Connections that are kept; the oldest one gives way. */
const MOST_KEPT = 1000;

/** Enough for a head. */
export const HEAD_INPUT_BYTES = 4096;

/** A connection that waits for the next request. */
interface Kept {
  readonly connection: Connection;
  readonly cancel: () => void;
}

/** Sends HEAD requests to servers, on one kept connection to each. */
export class HeadRequests {
  readonly #schedule: (call: () => void, ms: number) => () => void;
  /** By authority, the one kept longest first. */
  readonly #kept = new Map<string, Kept>();
  #isClosed = false;

  /**
   * Has no connection yet.
   *
   * @param schedule calls back after some ms; returns what cancels that
   */
  constructor(schedule: (call: () => void, ms: number) => () => void) {
    this.#schedule = schedule;
  }

  /**
   * Sends a request, and waits for the head of the response.
   *
   * @param until for all of it, connecting included, by `monotonicMs()`
   * @throws as `dial` and `exchange`
   */
  async send(server: Server, request: ClientRequest, until: number): Promise<ResponseHead> {
    const kept = this.#take(server.authority);
    if (kept !== undefined) {
      try {
        return await this.#exchange(kept, server, request, until);
      } catch (error) {
        // A kept connection may end at any time; HEAD may be sent again (RFC 9112 §9.3.1).
        if (failureReason(error) === undefined || monotonicMs() >= until) throw error;
      }
    }
    const connection = await connectTo(server, until - monotonicMs(), HEAD_INPUT_BYTES);
    return await this.#exchange(connection, server, request, until);
  }

  /** Closes all kept connections, and keeps none from now on. */
  close(): void {
    this.#isClosed = true;
    for (const authority of [...this.#kept.keys()]) this.#take(authority)?.close();
  }

  async #exchange(
    connection: Connection,
    server: Server,
    request: ClientRequest,
    until: number,
  ): Promise<ResponseHead> {
    try {
      const response = await exchange(connection, request, {
        idleMs: until - monotonicMs(),
        until,
      });
      for await (const _ of response.content); // There is none.
      if (response.isReusable && !this.#isClosed) this.#keep(server.authority, connection);
      else connection.close();
      return response.head;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #take(authority: string): Connection | undefined {
    const kept = this.#kept.get(authority);
    kept?.cancel();
    this.#kept.delete(authority);
    return kept?.connection;
  }

  #keep(authority: string, connection: Connection): void {
    this.#take(authority)?.close();
    if (this.#kept.size === MOST_KEPT) this.#take(this.#kept.keys().next().value!)?.close();
    const drop = () => {
      if (this.#kept.get(authority)?.connection === connection) this.#take(authority)?.close();
    };
    this.#kept.set(authority, { connection, cancel: this.#schedule(drop, KEPT_MS) });
    // The server ends it, or sends what was not asked for, as content behind the answer to HEAD.
    connection.readAhead(drop);
  }
}
