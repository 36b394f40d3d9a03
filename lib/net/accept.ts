import { delay } from "@std/async/delay";
import { networkError } from "./network_error.ts";
import { setImmediate as turn } from "node:timers/promises";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;

const LONGEST_FINISH_MS = 100;

/** Callbacks of an acceptor. */
export interface AcceptorOptions {
  /**
   * Called once for each burst of errors, such as too many open files; accepting goes on after a
   * pause that grows from 5 ms to 1 s.
   */
  readonly onError: (error: Error) => void;
  /**
   * Asked before each accept, but for those of `finish`: settles when there is room for one more
   * connection; undefined for at once. Until then clients wait with the system.
   */
  readonly room?: () => Promise<void> | undefined;
}

/**
 * Accepts connections until a signal fires, again and again, and loses none: the accept that is
 * pending when a signal fires is kept for the next turn, since the system may complete it at any
 * moment and cannot take it back.
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
  /** What becomes of connections when `until` takes none any more. */
  #onLate: ((conn: Conn) => void) | undefined;

  /** Takes over a listener. */
  constructor(listener: Deno.Listener<Conn>, options: AcceptorOptions) {
    this.#listener = listener;
    this.#options = options;
  }

  /**
   * Yields connections as they come, and ends when the signal fires or the acceptor is closed. No
   * accept leaves anything behind on the signal, however long it lives.
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
   * Stops listening once no client has come for a turn of the event loop, since the system resets
   * those that wait then to be accepted; after 100 ms at the latest.
   *
   * @param take is given those that are accepted until then; afterwards, for what they bring would
   * make the turns longer in which a client may come unseen
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
    // The last accept may have ended just before.
    for (let turns = 0; this.#isAccepting && turns < 10; turns++) await turn();
    late.forEach(take);
  }

  /** Stops listening. A connection that was accepted and not yet taken is closed. */
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
    if (this.#onLate !== undefined) return this.#onLate(conn);
    try {
      conn.close();
    } catch {
      // It is closed.
    }
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
        if (!isOfTheClient(error)) await this.#pauseAfter(error);
      }
    }
    this.#isAccepting = false;
    if (this.#isClosed) this.#disposeAccepted();
    this.#wake?.();
  }

  /** Waits for room, or until it does not matter any more. */
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
 * Whether a client has gone before it was accepted. Such an error takes one client from the backlog,
 * so it costs no more than an accept; a pause after each would let one client keep others out.
 */
function isOfTheClient(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}
