import { DEADLINES, type Deadlines, now, unwatch, watch, type Watched } from "./deadlines.ts";
import { DeadlineError, type DeadlineName, NetworkError, networkError } from "./network_error.ts";
import { Pacer } from "./pacer.ts";

const INPUT_BYTES = 1024;
const OUTPUT_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/** Output buffers that no connection holds at the moment: only one that writes needs one. */
const spareOutputs: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARE_OUTPUTS = 64;

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
  readonly #conn: Deno.Conn;
  readonly #options: ConnectionOptions;
  readonly #deadlines: Deadlines;
  readonly #pacer: Pacer | undefined;
  readonly #inputBytes: number;
  #input: Uint8Array<ArrayBuffer>;
  #inputStart = 0;
  #inputEnd = 0;
  #output: Uint8Array<ArrayBuffer> | undefined;
  #outputLength = 0;
  #waitingFor: DeadlineName = "idle";
  #deadline = Infinity;
  #expired: DeadlineName | undefined;
  #isClosed = false;

  /** Takes over an open socket. */
  constructor(conn: Deno.Conn, options: ConnectionOptions = {}) {
    this.#conn = conn;
    this.#options = options;
    this.#inputBytes = options.inputBytes ?? INPUT_BYTES;
    this.#input = new Uint8Array(this.#inputBytes);
    // What is handed over is meant to go: with Nagle's algorithm the second of two writes would wait
    // for the peer's delayed acknowledgement of the first, some 40 ms.
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
    this.#deadlines = options.deadlines ?? DEADLINES;
    if (options.limitRate) this.#pacer = new Pacer(options.limitRate, performance.now());
    watch(this);
  }

  /** What has arrived and was not consumed. A view: it is good until the next `fill`. */
  get buffered(): Uint8Array {
    return this.#input.subarray(this.#inputStart, this.#inputEnd);
  }

  /** Takes octets from the front of `buffered`. */
  consume(count: number): void {
    this.#inputStart += count;
  }

  /**
   * Sends what was written, since the peer may wait for it, then waits until more has arrived.
   *
   * @param deadline what this wait is for
   * @param until when it ends, on the clock of `now()`
   * @returns whether more has arrived; false when the peer has sent all it will
   * @throws {DeadlineError} when the deadline passed
   * @throws {NetworkError} when the connection was lost
   */
  async fill(deadline: DeadlineName, until: number): Promise<boolean> {
    if (this.#output !== undefined) await this.flush();
    this.#makeRoom();
    this.#begin(deadline, until);
    let count: number | null;
    try {
      count = await this.#conn.read(this.#input.subarray(this.#inputEnd));
    } catch (error) {
      throw this.#failure(error);
    }
    if (this.#expired !== undefined) throw new DeadlineError(this.#expired);
    this.#deadline = Infinity;
    this.#inputEnd += count ?? 0;
    return count !== null;
  }

  /**
   * Writes into the buffer, without waiting.
   *
   * @param text ASCII
   * @returns false when there is no room; then nothing was written
   * @throws {TypeError} when the text is not ASCII: a bug of the caller
   */
  tryWriteText(text: string): boolean {
    if (this.#outputLength + text.length > OUTPUT_BYTES) return false;
    this.#output ??= spareOutputs.pop() ?? new Uint8Array(OUTPUT_BYTES);
    const { written, read } = encoder.encodeInto(text, this.#output.subarray(this.#outputLength));
    if (written !== text.length || read !== written) {
      throw new TypeError("Cannot write text that is not ASCII");
    }
    this.#outputLength += written;
    return true;
  }

  /**
   * Writes octets, which may stay in the buffer until `flush` or `fill`; the caller may use their
   * memory again afterwards.
   *
   * @throws {NetworkError} as `flush`
   */
  async write(octets: Uint8Array): Promise<void> {
    if (this.#outputLength + octets.length > OUTPUT_BYTES) await this.flush();
    if (octets.length >= OUTPUT_BYTES) return await this.#send(octets);
    this.#output ??= spareOutputs.pop() ?? new Uint8Array(OUTPUT_BYTES);
    this.#output.set(octets, this.#outputLength);
    this.#outputLength += octets.length;
  }

  /**
   * Sends what was written.
   *
   * @throws {DeadlineError} when the peer read nothing for `writeMs`
   * @throws {NetworkError} when the connection was lost
   */
  async flush(): Promise<void> {
    const output = this.#output;
    if (output === undefined) return;
    const length = this.#outputLength;
    this.#output = undefined;
    this.#outputLength = 0;
    for (let sent = 0; sent < length;) sent += await this.#sendSome(output.subarray(sent, length));
    if (spareOutputs.length < MOST_SPARE_OUTPUTS) spareOutputs.push(output);
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
        await this.#conn.closeWrite().catch(() => {});
      }
      if (!mayHaveMore && this.#inputStart === this.#inputEnd) return;
      this.#begin("linger", now() + this.#deadlines.lingerMs);
      while (await this.#conn.read(this.#input) !== null);
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
    unwatch(this);
    this.#conn.close();
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
    this.#conn.write(words).then(() => this.#conn.closeWrite()).catch(() => this.close());
  }

  async #send(octets: Uint8Array): Promise<void> {
    for (let sent = 0; sent < octets.length;) sent += await this.#sendSome(octets.subarray(sent));
  }

  /** Hands octets to the system; how many it took, which is none while the pacer says to wait. */
  async #sendSome(octets: Uint8Array): Promise<number> {
    if (this.#pacer !== undefined) {
      const allowed = this.#pacer.take(octets.length, performance.now());
      if (allowed === 0) {
        await pause(this.#pacer.waitMs(octets.length));
        return 0;
      }
      octets = octets.subarray(0, allowed);
    }
    this.#begin("write", now() + this.#deadlines.writeMs);
    try {
      return await this.#conn.write(octets);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      if (this.#expired === undefined) this.#deadline = Infinity;
    }
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

  /** Room for reading: what is left moves to the front, and a buffer full of it is doubled. */
  #makeRoom(): void {
    const left = this.#inputEnd - this.#inputStart;
    if (left === 0 && this.#input.length > this.#inputBytes) {
      this.#input = new Uint8Array(this.#inputBytes); // What one large head needed is given back.
    } else if (left === this.#input.length) {
      const larger = new Uint8Array(left * 2);
      larger.set(this.#input);
      this.#input = larger;
    } else if (this.#inputStart > 0) {
      this.#input.copyWithin(0, this.#inputStart, this.#inputEnd);
    }
    this.#inputStart = 0;
    this.#inputEnd = left;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
