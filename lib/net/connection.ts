import { Pacer } from "./pacer.ts";
import { OUTPUT_BYTES, OutputBuffer } from "./output_buffer.ts";
import {
  DeadlineError,
  type DeadlineName,
  HandshakeError,
  NetworkError,
  networkError,
} from "./network_error.ts";
import { DEADLINES, type Deadlines, now, unwatch, watch, type Watched } from "./deadlines.ts";
import { ReceiveBuffer } from "../http/receive_buffer.ts";

/** Where octets go that nobody wants; all connections read into it. */
const SCRAP = new Uint8Array(16 * 1024);

/** What a connection may be told beside its socket. */
export interface ConnectionOptions {
  /** How much is read at a time, at least; it grows when a head needs it. */
  readonly inputBytes?: number;
  /** How long the peer may keep us waiting where this connection decides it: write, linger. */
  readonly deadlines?: Deadlines;
  /** Bytes per second that are sent at the most; 0 for no limit. */
  readonly limitRate?: number;
  /** What to send, before the connection ends, to a peer that let a deadline of reading pass. */
  readonly lastWords?: (deadline: DeadlineName) => Uint8Array | undefined;
}

/**
 * One socket, buffered both ways. What is written goes out when the buffer is full or when the
 * connection is next read from, so that all replies to what one read brought leave in one write.
 * Every wait has a named deadline.
 */
export class Connection implements Watched {
  /** What has arrived. */
  readonly input: ReceiveBuffer;
  /** Called when the system has taken what was to be sent. */
  onSent: (() => void) | undefined;
  /** Called when all was sent and the wait for something to begin does. */
  onIdle: (() => void) | undefined;
  /** For the roster of those that are watched. */
  place = 0;
  readonly #conn: Deno.Conn;
  readonly #options: ConnectionOptions;
  readonly #deadlines: Deadlines;
  readonly #pacer: Pacer | undefined;
  readonly #output = new OutputBuffer();
  readonly #isNagled: boolean;
  #waitingFor: DeadlineName = "idle";
  #deadline = Infinity;
  #expired: DeadlineName | undefined;
  #endsWhenIdle = false;
  #isClosed = false;
  #writtenBytes = 0;
  #sentBytes = 0;
  /** A read that began before anybody waits for it. */
  #readAhead: Promise<number | null> | undefined;

  /** Takes over an open socket. */
  constructor(conn: Deno.Conn, options: ConnectionOptions = {}) {
    this.#conn = conn;
    this.#options = options;
    this.input = new ReceiveBuffer(options.inputBytes);
    // What is handed over is meant to go: with Nagle's algorithm the second of two writes would wait
    // for the peer's delayed acknowledgement of the first, some 40 ms. Deno cannot turn it off for
    // an accepted TLS connection.
    this.#isNagled = !("setNoDelay" in conn);
    try {
      if (!this.#isNagled) (conn as Deno.TcpConn).setNoDelay();
    } catch {
      // The peer has gone, which the first read will tell.
    }
    this.#deadlines = options.deadlines ?? DEADLINES;
    if (options.limitRate) this.#pacer = new Pacer(options.limitRate, performance.now());
    watch(this);
  }

  /** How many octets were written until now. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** How many of them the system has taken. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** What the wait that is under way is for; undefined when there is none. */
  get waitingFor(): DeadlineName | undefined {
    return this.#deadline === Infinity ? undefined : this.#waitingFor;
  }

  /**
   * Waits for the TLS handshake; undefined where the socket has none.
   *
   * @param until when the wait ends, on the clock of `now()`
   * @throws {HandshakeError} when it failed, or the deadline passed
   */
  handshake(until: number): Promise<void> | undefined {
    if (!("handshake" in this.#conn)) return undefined;
    this.#begin("handshake", until);
    return (this.#conn as Deno.TlsConn).handshake().then(() => {
      this.#deadline = Infinity;
    }, (error) => {
      throw new HandshakeError(this.#failure(error));
    });
  }

  /**
   * Sends what was written, since the peer may wait for it, then waits until more has arrived.
   *
   * @param deadline what this wait is for
   * @param until when it ends, on the clock of `now()`; put off by what the sending took
   * @returns whether more has arrived; false when the peer has sent all it will
   * @throws {DeadlineError} when the deadline passed
   * @throws {NetworkError} when the connection was lost
   */
  async fill(deadline: DeadlineName, until: number): Promise<boolean> {
    if (this.#output.length > 0) {
      const since = now();
      await this.flush();
      if (this.#endsWhenIdle && deadline === "idle") return false;
      until += now() - since;
    }
    const reading = this.#readAhead ?? this.#conn.read(this.input.makeRoom());
    this.#readAhead = undefined;
    this.#begin(deadline, until);
    if (deadline === "idle") this.onIdle?.();
    let count: number | null;
    try {
      count = await reading;
    } catch (error) {
      throw this.#failure(error);
    }
    if (this.#expired !== undefined) throw new DeadlineError(this.#expired);
    this.#deadline = Infinity;
    if (count !== null) this.input.add(count);
    return count !== null;
  }

  /**
   * Begins to read although nothing is expected, so that it is noticed when the peer ends the
   * connection or sends something. What the read brings is for the next `fill`.
   */
  readAhead(onArrival: () => void): void {
    this.#readAhead = this.#conn.read(this.input.makeRoom());
    this.#readAhead.then(onArrival, onArrival);
  }

  /**
   * Writes text or octets. What is small goes into the buffer and waits there for `flush` or
   * `fill`; the memory of octets may be used again afterwards.
   *
   * @param data text is to be ASCII
   * @returns undefined when there is nothing to wait for
   * @throws {NetworkError} as `flush`
   */
  write(data: string | Uint8Array): Promise<void> | undefined {
    const isText = typeof data === "string";
    this.#writtenBytes += data.length;
    if (this.#output.length + data.length > OUTPUT_BYTES) {
      return isText ? this.#flushThenAdd(data) : this.#sendBehind(data);
    }
    if (isText) this.#output.addText(data);
    else this.#output.addOctets(data);
    return undefined;
  }

  /**
   * Sends what was written.
   *
   * @throws {DeadlineError} when the peer read nothing for `writeMs`
   * @throws {NetworkError} when the connection was lost
   * @throws {TypeError} when text was written that is not ASCII
   */
  flush(): Promise<void> {
    return this.#output.length === 0 ? Promise.resolve() : this.#send(this.#output.take());
  }

  /**
   * Ends the connection so that the peer gets all that was written: sends it, says that nothing
   * follows, and, since closing a socket with unread input destroys what is on its way, first reads
   * away what the peer still sends.
   *
   * @param mayHaveMore whether the peer may still be sending
   */
  async finish(mayHaveMore: boolean): Promise<void> {
    try {
      if (this.#expired === undefined) {
        await this.flush();
        this.#begin("write", now() + this.#deadlines.writeMs); // With TLS it waits for the peer.
        await this.#conn.closeWrite().catch(() => {});
      }
      if (!mayHaveMore && this.input.length === 0) return;
      this.#begin("linger", now() + this.#deadlines.lingerMs);
      while (await this.#conn.read(SCRAP) !== null);
    } catch {
      // A connection that is lost has ended too.
    } finally {
      this.close();
    }
  }

  /** Ends the connection at once, whatever is under way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deadline = Infinity;
    unwatch(this);
    this.#conn.close();
  }

  /** Lets no wait for something to begin go on, now or later: then `fill` gives false, or throws. */
  endWhenIdle(): void {
    this.#endsWhenIdle = true;
    if (this.waitingFor === "idle" || this.waitingFor === "handshake") this.close();
  }

  /** Ends the connection at once if it waits for something to begin; whether it did. */
  closeIfIdle(): boolean {
    if (this.waitingFor !== "idle") return false;
    this.close();
    return true;
  }

  /** For the sweep of deadlines. */
  get deadline(): number {
    return this.#deadline;
  }

  /** For the sweep of deadlines. A pending read can only be ended by closing the socket. */
  expire(): void {
    this.#deadline = Infinity;
    const words = this.#expired ? undefined : this.#options.lastWords?.(this.#waitingFor);
    this.#expired ??= this.#waitingFor;
    if (words === undefined) return this.close();
    this.#deadline = now() + this.#deadlines.lingerMs;
    this.#writtenBytes += words.length;
    this.#conn.write(words).then((count) => {
      this.#sentBytes += count;
      return this.#conn.closeWrite();
    }).catch(() => this.close());
  }

  async #flushThenAdd(text: string): Promise<void> {
    await this.flush();
    this.#output.addText(text);
    if (text.length >= OUTPUT_BYTES) await this.flush();
  }

  /** Sends octets that are too many to be copied. */
  async #sendBehind(octets: Uint8Array): Promise<void> {
    const rest = this.#isNagled ? this.#fillUp(octets) : octets;
    await this.flush();
    if (rest.length < OUTPUT_BYTES) this.#output.addOctets(rest);
    else await this.#send(rest);
  }

  /**
   * What was written before, most often a head, is to leave together with as many octets as fill the
   * buffer, which are just one TLS record: alone it would be a small segment, and the end of what
   * follows would wait for its acknowledgement. Without Nagle's algorithm the copying is no gain.
   *
   * @returns the octets that are left
   */
  #fillUp(octets: Uint8Array): Uint8Array {
    if (this.#output.length === 0) return octets;
    const room = OUTPUT_BYTES - this.#output.length;
    this.#output.addOctets(octets.subarray(0, room));
    return octets.subarray(room);
  }

  async #send(octets: Uint8Array): Promise<void> {
    this.#begin("write", now() + this.#deadlines.writeMs);
    try {
      for (let sent = 0; sent < octets.length;) {
        if (sent > 0) this.#begin("write", now() + this.#deadlines.writeMs);
        const count = await this.#handOver(sent === 0 ? octets : octets.subarray(sent));
        this.#sentBytes += count;
        sent += count;
      }
    } catch (error) {
      throw this.#failure(error);
    }
    if (this.#expired === undefined) this.#deadline = Infinity;
    this.#output.release();
    this.onSent?.();
  }

  /** Hands octets to the system, as many as the pacer allows now; how many it took. */
  #handOver(octets: Uint8Array): Promise<number> {
    if (this.#pacer === undefined) return this.#conn.write(octets);
    const allowed = this.#pacer.take(octets.length, performance.now());
    if (allowed > 0) return this.#conn.write(octets.subarray(0, allowed));
    this.#deadline = Infinity; // It is not the peer who keeps us waiting.
    return pause(this.#pacer.waitMs(octets.length)).then(() => 0);
  }

  /** A wait begins. After a deadline has passed, what is left of the time is for the last words. */
  #begin(deadline: DeadlineName, until: number): void {
    if (this.#expired !== undefined) return;
    this.#waitingFor = deadline;
    this.#deadline = until;
  }

  /** Why a wait failed. */
  #failure(error: unknown): NetworkError {
    return this.#expired === undefined ? networkError(error) : new DeadlineError(this.#expired);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
