import { delay } from "@std/async/delay";
import { closeSocket } from "./connection.ts";
import { networkError } from "./network_error.ts";
import { setImmediate as turn } from "node:timers/promises";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;

const LONGEST_FINISH_MS = 100;

/** Callbacks of an acceptor. */
export interface AcceptorOptions {
  /** Called once for each burst of errors; accepting continues after a pause of 5 ms to 1 s. */
  readonly onError: (error: Error) => void;
  /**
   * Called before each accept, except in `finish`: settles when there is room for a connection;
   * undefined means at once. Until then clients wait in the backlog.
   */
  readonly room?: () => Promise<void> | undefined;
}

/**
 * Accepts connections until a signal fires, any number of times, and loses none: the accept that is
 * pending then is kept for the next call, since it cannot be cancelled.
 */
export class Acceptor<Conn extends Deno.Conn = Deno.TcpConn> {
  readonly #listener: Deno.Listener<Conn>;
  readonly #options: AcceptorOptions;
  #accepted: Conn | undefined;
  #isAccepting = false;
  #isClosed = false;
  readonly #closing = new AbortController();
  #pauseMs = 0;
  #wake: (() => void) | undefined;
  #endWait: (() => void) | undefined;
  /** Takes connections that are accepted in `finish`. */
  #onLate: ((conn: Conn) => void) | undefined;

  constructor(listener: Deno.Listener<Conn>, options: AcceptorOptions) {
    this.#listener = listener;
    this.#options = options;
  }

  /**
   * Yields connections until the signal fires or the acceptor is closed. Nothing is allocated per
   * accept that lives as long as the signal.
   */
  async *until(signal: AbortSignal): AsyncGenerator<Conn, void> {
    const wake = () => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted && !this.#isClosed) {
        if (!this.#isAccepting && this.#accepted === undefined) this.#accept();
        if (this.#accepted === undefined) {
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
        const conn = this.#accepted;
        if (conn === undefined || signal.aborted || this.#isClosed) continue;
        this.#accepted = undefined;
        yield conn;
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  /**
   * Stops listening once no client has come for a turn of the event loop, after 100 ms at the latest.
   * The system resets connections that are not accepted by then.
   *
   * @param take called afterwards with those that were accepted; serving them at once would make the
   *     turns longer, in which further clients come
   */
  async finish(take: (conn: Conn) => void): Promise<void> {
    const lastAt = performance.now() + LONGEST_FINISH_MS;
    const late: Conn[] = [];
    this.#onLate = (conn) => {
      late.push(conn);
      if (performance.now() > lastAt) this.close();
    };
    this.#disposeAccepted();
    if (!this.#isAccepting) this.#accept();
    this.#endWait?.();
    let count: number;
    do {
      count = late.length;
      await turn();
    } while (late.length > count && !this.#isClosed);
    this.close();
    // The last accept may have completed just before.
    for (let turns = 0; this.#isAccepting && turns < 10; turns++) await turn();
    late.forEach(take);
  }

  /** Stops listening, and closes a connection that was accepted and not yet taken. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    this.#disposeAccepted();
    this.#closing.abort();
    this.#endWait?.();
    this.#wake?.();
  }

  #disposeAccepted(): void {
    const conn = this.#accepted;
    this.#accepted = undefined;
    if (conn === undefined) return;
    if (this.#onLate === undefined) closeSocket(conn);
    else this.#onLate(conn);
  }

  async #accept(): Promise<void> {
    this.#isAccepting = true;
    while (!this.#isClosed && this.#accepted === undefined) {
      try {
        const room = this.#onLate === undefined ? this.#options.room?.() : undefined;
        if (room !== undefined) await this.#waitFor(room);
        if (this.#isClosed) break;
        this.#accepted = await this.#listener.accept();
        this.#pauseMs = 0;
        if (this.#onLate !== undefined) this.#disposeAccepted();
      } catch (error) {
        if (!isFromClient(error)) await this.#pauseAfter(error);
      }
    }
    this.#isAccepting = false;
    if (this.#isClosed) this.#disposeAccepted();
    this.#wake?.();
  }

  /** Waits for room, or until `finish` or `close`. */
  #waitFor(room: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#endWait = resolve;
      room.then(resolve, reject);
    });
  }

  async #pauseAfter(error: unknown): Promise<void> {
    if (this.#isClosed) return;
    if (this.#pauseMs === 0) {
      this.#options.onError(error instanceof Error ? error : networkError(error));
    }
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    await delay(this.#pauseMs, { signal: this.#closing.signal }).catch(() => {});
  }
}

/**
 * Whether a client left before it was accepted. Such an error takes one client from the backlog, so no
 * pause is needed; with pauses one client could keep others out.
 */
function isFromClient(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}
