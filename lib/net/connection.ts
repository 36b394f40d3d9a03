import { delay } from "@std/async/delay";
import {
  DeadlineError,
  type DeadlineName,
  HandshakeError,
  NetworkError,
  networkError,
} from "./network_error.ts";
import {
  DEADLINES,
  type Deadlines,
  monotonicMs,
  unwatch,
  watch,
  type Watched,
} from "./deadlines.ts";
import { TokenBucket } from "./token_bucket.ts";
import { SEND_BYTES, SendBuffer } from "./send_buffer.ts";
import { ReceiveBuffer } from "../http/receive_buffer.ts";

/** Memory for bytes that are discarded, shared by all connections. */
const SCRAP = new Uint8Array(16 * 1024);

/** A connection of Deno: over TCP, or over TLS, which has a handshake. */
export interface Socket extends Deno.Conn<Deno.NetAddr> {
  /** Turns Nagle's algorithm off. */
  setNoDelay?(): void;
  /** Waits for the end of the TLS handshake. */
  handshake?(): Promise<unknown>;
}

/** Options of a connection. */
export interface ConnectionOptions {
  /** How much is read at a time, at least; it grows when a head needs it. */
  readonly inputBytes?: number;
  /** How long the peer may keep us waiting where this connection decides it: write, linger. */
  readonly deadlines?: Deadlines;
  /** Bytes per second that are sent at the most; 0 for no limit. */
  readonly limitRate?: number;
  /** What to send, before the connection ends, to a peer that let a deadline of reading pass. */
  readonly timeoutResponse?: (deadline: DeadlineName) => Uint8Array | undefined;
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
  /** For the bag of what is watched. */
  index = 0;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #deadlines: Deadlines;
  readonly #rate: TokenBucket | undefined;
  readonly #output = new SendBuffer();
  #waitingFor: DeadlineName = "idle";
  #deadline = Infinity;
  #expired: DeadlineName | undefined;
  #isClosed = false;
  #hasNoDelay = false;
  #writtenBytes = 0;
  #sentBytes = 0;
  /** A read that was started before `fill` waits for it. */
  #readAhead: Promise<number | null> | undefined;

  /** Takes over an open socket. */
  constructor(socket: Socket, options: ConnectionOptions = {}) {
    this.#socket = socket;
    this.#options = options;
    this.input = new ReceiveBuffer(options.inputBytes);
    this.#deadlines = options.deadlines ?? DEADLINES;
    if (options.limitRate) this.#rate = new TokenBucket(options.limitRate, performance.now());
    watch(this);
  }

  /** How many bytes were written until now. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** How many of them the system has taken. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Whether something was written that `flush` would send. */
  get hasUnsent(): boolean {
    return this.#output.length > 0;
  }

  /** What the wait that is under way is for; undefined when there is none. */
  get waitingFor(): DeadlineName | undefined {
    return this.#deadline === Infinity ? undefined : this.#waitingFor;
  }

  /**
   * Waits for the TLS handshake; undefined where there is none.
   *
   * @param until when the wait ends, on the clock of `monotonicMs()`
   * @throws {HandshakeError} when it failed, or the deadline passed
   */
  handshake(until: number): Promise<void> | undefined {
    if (this.#socket.handshake === undefined) return undefined;
    this.#begin("handshake", until);
    return this.#socket.handshake().then(() => {
      this.#deadline = Infinity;
    }, (error) => {
      throw new HandshakeError(this.#failure(error));
    });
  }

  /**
   * Sends what was written, since the peer may wait for it, then waits until more has arrived. After
   * `flush`, a long wait holds no frame of an async function: 0.4 KiB of each idle connection.
   *
   * @param deadline what this wait is for
   * @param until when it ends, on the clock of `monotonicMs()`; put off by what the sending took
   * @returns whether more has arrived; false when the peer has sent all it will
   * @throws {DeadlineError} when the deadline passed
   * @throws {NetworkError} when the connection was lost
   */
  fill(deadline: DeadlineName, until: number): Promise<boolean> {
    if (this.#output.length > 0) return this.#flushThenFill(deadline, until);
    const reading = this.#readAhead ?? this.#socket.read(this.input.makeRoom());
    this.#readAhead = undefined;
    this.#begin(deadline, until);
    return reading.then(
      (count) => this.#endRead(count),
      (error) => {
        throw this.#failure(error);
      },
    );
  }

  /**
   * Begins to read although nothing is expected, so that it is noticed when the peer ends the
   * connection or sends something. What the read brings is for the next `fill`.
   */
  readAhead(onArrival: () => void): void {
    this.#readAhead = this.#socket.read(this.input.makeRoom());
    this.#readAhead.then(onArrival, onArrival);
  }

  /**
   * Writes text or bytes. What is small goes into the buffer and waits there for `flush` or
   * `fill`; the memory of bytes may be used again afterwards.
   *
   * @param data text is to be ASCII
   * @returns undefined when there is nothing to wait for
   * @throws {NetworkError} as `flush`
   */
  write(data: string | Uint8Array): Promise<void> | undefined {
    const isText = typeof data === "string";
    this.#writtenBytes += data.length;
    if (this.#output.length + data.length > SEND_BYTES) {
      return isText ? this.#flushThenAdd(data) : this.#sendBehind(data);
    }
    if (isText) this.#output.addText(data);
    else this.#output.addBytes(data);
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
      const mustRead = mayHaveMore || this.input.length > 0;
      if (this.#expired === undefined) {
        if (this.#output.length > 0) await this.#send(this.#output.take());
        // To close says as much, and costs a fifth less; but TLS has a message for it.
        if (!mustRead && this.#socket.handshake === undefined) return;
        this.#begin("write", monotonicMs() + this.#deadlines.writeMs); // With TLS it waits for the peer.
        await this.#socket.closeWrite().catch(() => {});
      }
      if (!mustRead) return;
      this.#begin("linger", monotonicMs() + this.#deadlines.lingerMs);
      while (await this.#socket.read(SCRAP) !== null);
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
    try {
      this.#socket.close();
    } catch {
      // It is closed.
    }
  }

  /** Closes the connection if it is idle or in its handshake. */
  drain(): void {
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
    const response = this.#expired ? undefined : this.#options.timeoutResponse?.(this.#waitingFor);
    this.#expired ??= this.#waitingFor;
    if (response === undefined) return this.close();
    this.#deadline = monotonicMs() + this.#deadlines.lingerMs;
    this.#writtenBytes += response.length;
    this.#socket.write(response).then((count) => {
      this.#sentBytes += count;
      return this.#socket.closeWrite();
    }).catch(() => this.close());
  }

  async #flushThenFill(deadline: DeadlineName, until: number): Promise<boolean> {
    const since = monotonicMs();
    await this.flush();
    return this.fill(deadline, until + monotonicMs() - since);
  }

  #endRead(count: number | null): boolean {
    if (this.#expired !== undefined) throw new DeadlineError(this.#expired);
    this.#deadline = Infinity;
    if (count !== null) this.input.add(count);
    return count !== null;
  }

  async #flushThenAdd(text: string): Promise<void> {
    await this.flush();
    this.#output.addText(text);
    if (text.length >= SEND_BYTES) await this.flush();
  }

  /** Sends bytes that are too many to be copied. */
  async #sendBehind(bytes: Uint8Array): Promise<void> {
    const rest = this.#socket.setNoDelay === undefined ? this.#fillUp(bytes) : bytes;
    await this.flush();
    if (rest.length < SEND_BYTES) this.#output.addBytes(rest);
    else await this.#send(rest);
  }

  /**
   * What was written before, most often a head, is to leave together with as many bytes as fill the
   * buffer, which are just one TLS record: alone it would be a small segment, and the end of what
   * follows would wait for its acknowledgement. Without Nagle's algorithm the copying is no gain.
   *
   * @returns the bytes that are left
   */
  #fillUp(bytes: Uint8Array): Uint8Array {
    if (this.#output.length === 0) return bytes;
    const room = SEND_BYTES - this.#output.length;
    this.#output.addBytes(bytes.subarray(0, room));
    return bytes.subarray(room);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (this.#sentBytes > 0 && !this.#hasNoDelay) this.#setNoDelay();
    this.#begin("write", monotonicMs() + this.#deadlines.writeMs);
    try {
      for (let sent = 0; sent < bytes.length;) {
        if (sent > 0) this.#begin("write", monotonicMs() + this.#deadlines.writeMs);
        const count = await this.#handOver(sent === 0 ? bytes : bytes.subarray(sent));
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

  /**
   * What is handed over is meant to go: with Nagle's algorithm a write would wait for the peer's
   * delayed acknowledgement of the one before, some 40 ms. The first has none before it, and most
   * connections to a balancer have no second: 8 % of what they cost. Deno cannot turn it off for an
   * accepted TLS connection.
   */
  #setNoDelay(): void {
    this.#hasNoDelay = true;
    try {
      this.#socket.setNoDelay?.();
    } catch {
      // The peer has gone, which the write will tell.
    }
  }

  /** Hands bytes to the system, as many as the rate allows now; how many it took. */
  #handOver(bytes: Uint8Array): Promise<number> {
    if (this.#rate === undefined) return this.#socket.write(bytes);
    const allowed = this.#rate.take(bytes.length, performance.now());
    if (allowed > 0) return this.#socket.write(bytes.subarray(0, allowed));
    this.#deadline = Infinity; // This wait is ours, not the peer's.
    return delay(this.#rate.waitMs(bytes.length)).then(() => 0);
  }

  /** A wait begins. After a deadline has passed, what is left of the time is for the timeout response. */
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
