import type { ContentSource } from "../../net/handler.ts";
import { inEachSecond } from "../seconds.ts";
import { type FarmStatus, statusPieces } from "../status.ts";

/** The most streams at a time. */
const MOST_STREAMS = 100;

/** Seconds without an event before a ping is sent, which detects clients that are gone. */
const PING_SECONDS = 15;

/** The average rate of each stream: the status of a large farm is sent less often. */
const BYTES_PER_SECOND = 256 * 1024;

/** The most memory for events that slow clients have not read. */
const MOST_HELD_BYTES = 16 * 1024 * 1024;

/** Time before a browser reconnects, in ms. */
const RETRY_MS = 1000;

const encoder = new TextEncoder();

/**
 * Sends the status to all streams: at once, then at most once a second if it has changed. A status
 * is made once for all streams, and only while there is one.
 */
export class EventStreams {
  readonly #status: () => FarmStatus;
  readonly #onError: (error: unknown) => void;
  readonly #ticker: Ticker;
  readonly #streams = new Set<EventStream>();
  #stopTicking: (() => void) | undefined;
  #latest: StreamEvent | undefined;
  /** The pieces of the latest status without its time, to compare. */
  #latestPieces: readonly string[] = [];
  /** Seconds since the latest status was made, and since all were sent something. */
  #age = 0;
  #silence = 0;
  #count = 0;
  #isMaking = false;
  #isClosed = false;

  /**
   * @param status the current status
   * @param onError receives why no status could be made; another one is tried a second later
   * @param ticker a clock for tests
   */
  constructor(
    status: () => FarmStatus,
    onError: (error: unknown) => void,
    ticker: Ticker = everySecond,
  ) {
    this.#status = status;
    this.#onError = onError;
    this.#ticker = ticker;
  }

  /**
   * Opens a stream, which begins with the status; undefined after `close`. If there are too many,
   * ends one: a browser that still reads it reconnects.
   */
  open(): EventStream | undefined {
    if (this.#isClosed) return undefined;
    if (this.#streams.size >= MOST_STREAMS) this.#cut(this.#mostDispensable());
    const stream = new EventStream((it) => this.#remove(it));
    this.#streams.add(stream);
    if (this.#isDue) this.#refresh();
    if (this.#latest !== undefined) stream.offer(this.#latest);
    this.#stopTicking ??= this.#ticker(() => this.#tick());
    return stream;
  }

  /** Sends a last status and ends all streams. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#streams.size > 0) this.#publish([...statusPieces(this.#status())]);
    } catch (error) {
      this.#onError(error);
    }
    for (const stream of this.#streams) stream.finish();
  }

  #tick(): void {
    this.#age++;
    this.#silence++;
    if (this.#isDue) this.#refresh();
    if (this.#silence < PING_SECONDS) return;
    const ping = this.#event(["event: ping\ndata: {}\n\n"]);
    for (const stream of this.#streams) if (!stream.isBehind) stream.offer(ping);
    this.#silence = 0;
  }

  get #isDue(): boolean {
    return this.#latest === undefined || this.#age * BYTES_PER_SECOND >= this.#latest.bytes.length;
  }

  /** Makes a new status, in turns with other work; that of a small farm at once. */
  #refresh(): void {
    if (!this.#isMaking) this.#make().catch(this.#onError);
  }

  async #make(): Promise<void> {
    this.#isMaking = true;
    try {
      const pieces: string[] = [];
      for (const piece of statusPieces(this.#status())) {
        if (pieces.length > 1) await turn();
        if (this.#isClosed || this.#streams.size === 0) return;
        pieces.push(piece);
      }
      this.#publish(pieces);
    } finally {
      this.#isMaking = false;
    }
  }

  #publish(pieces: readonly string[]): void {
    const [, ...others] = pieces;
    const before = this.#latestPieces;
    const isSame = others.length === before.length && others.every((it, i) => it === before[i]);
    const latest = this.#latest = this.#event([`retry: ${RETRY_MS}\ndata: `, ...pieces, "\n\n"]);
    this.#age = 0;
    if (isSame) return;
    this.#latestPieces = others;
    for (const stream of this.#streams) stream.offer(latest);
    this.#silence = 0;
    this.#freeMemory();
  }

  /** The stream that has been behind longest, or else the oldest. */
  #mostDispensable(): EventStream {
    return [...this.#streams].reduce((a, b) => b.behindSince < a.behindSince ? b : a);
  }

  /** Cuts the streams with the oldest events while all unread events take too much memory. */
  #freeMemory(): void {
    const held = new Set<StreamEvent>();
    for (const { underWay } of this.#streams) if (underWay !== undefined) held.add(underWay);
    let bytes = 0;
    for (const event of held) bytes += event.bytes.length;
    for (const oldest of [...held].sort((a, b) => a.number - b.number)) {
      if (bytes <= MOST_HELD_BYTES) return;
      for (const stream of this.#streams) if (stream.underWay === oldest) this.#cut(stream);
      bytes -= oldest.bytes.length;
    }
  }

  /** Ends a stream; it may take long until its client notices, or is found to be gone. */
  #cut(stream: EventStream): void {
    stream.cut();
    this.#streams.delete(stream);
  }

  #event(pieces: readonly string[]): StreamEvent {
    return { number: this.#count++, bytes: encoder.encode(pieces.join("")) };
  }

  #remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    this.#latest = undefined;
    this.#latestPieces = [];
  }
}

/** Lets other tasks run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** An event as it is sent; the same bytes for all streams. */
export interface StreamEvent {
  readonly number: number;
  /** All of it, with the empty line at its end. */
  readonly bytes: Uint8Array;
}

/**
 * The events of one client, of which at most one waits: a client that reads slowly misses those
 * between the current and the latest.
 */
export class EventStream implements ContentSource {
  /** Unknown: the stream ends by `finish()`. */
  readonly length: undefined = undefined;
  /** Content is sent at once. */
  readonly isLive = true;
  readonly #onClose: (stream: EventStream) => void;
  #underWay: StreamEvent | undefined;
  #sentBytes = 0;
  #next: StreamEvent | undefined;
  #behindSince = Infinity;
  #wake: (() => void) | undefined;
  #isFinishing = false;

  /** @param onClose called once the client is gone */
  constructor(onClose: (stream: EventStream) => void) {
    this.#onClose = onClose;
  }

  /** The event that is sent in part; undefined if there is none. */
  get underWay(): StreamEvent | undefined {
    return this.#underWay;
  }

  /** Whether another event waits after that one. */
  get isBehind(): boolean {
    return this.#next !== undefined;
  }

  /** The number of the first event that the client has not read; Infinity if none. */
  get behindSince(): number {
    return this.#behindSince;
  }

  /**
   * Sends an event as soon as the client reads, in place of one that waits; ignored once the stream
   * ends.
   */
  offer(event: StreamEvent): void {
    if (this.#isFinishing) return;
    this.#next = event;
    this.#behindSince = Math.min(this.#behindSince, event.number);
    this.#wakeUp();
  }

  /** Ends the stream after what waits. */
  finish(): void {
    this.#isFinishing = true;
    this.#wakeUp();
  }

  /** Ends the stream in the middle of an event. */
  cut(): void {
    this.#underWay = undefined;
    this.#next = undefined;
    this.finish();
  }

  /** As `ContentSource`: waits while there is nothing to send. */
  read(buffer: Uint8Array): number | null | Promise<number | null> {
    if (this.#underWay === undefined) {
      this.#underWay = this.#next;
      this.#next = undefined;
      this.#sentBytes = 0;
    }
    if (this.#underWay !== undefined) return this.#copy(this.#underWay, buffer);
    if (this.#isFinishing) return null;
    return new Promise<void>((resolve) => this.#wake = resolve).then(() => this.read(buffer));
  }

  close(): void {
    this.cut();
    this.#onClose(this);
  }

  #copy(event: StreamEvent, buffer: Uint8Array): number {
    const piece = event.bytes.subarray(this.#sentBytes, this.#sentBytes + buffer.length);
    buffer.set(piece);
    this.#sentBytes += piece.length;
    if (this.#sentBytes === event.bytes.length) {
      this.#underWay = undefined;
      this.#behindSince = this.#next?.number ?? Infinity;
    }
    return piece.length;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** Calls back once a second; returns a function that ends it. */
export type Ticker = (tick: () => void) => () => void;

/** Workers report clients when a second begins, in ms before a tick. */
const REPORTED_MS = 500;

/** A ticker by the clock of the system. */
export function everySecond(tick: () => void): () => void {
  return inEachSecond(tick, REPORTED_MS);
}
