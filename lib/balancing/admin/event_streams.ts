import type { ContentSource } from "../../net/handler.ts";
import type { FarmStatus } from "../status.ts";
import { statusPieces } from "./status_json.ts";

/** Streams at a time. */
const MOST_STREAMS = 100;

/** After so many seconds without news something is sent, so that clients that are gone are noticed. */
const PING_SECONDS = 15;

/** The status of a large farm comes more seldom: so many bytes a second on average. */
const BYTES_PER_SECOND = 256 * 1024;

/** How much memory events may take that slow clients have not read to their end. */
const MOST_HELD_BYTES = 16 * 1024 * 1024;

/** How long a browser waits until it connects again, in ms. */
const RETRY_MS = 1000;

const encoder = new TextEncoder();

/**
 * Tells everybody who looks how the farm stands: at once, then at most once a second when something
 * has changed. A status is made once for all, and only while somebody looks.
 */
export class EventStreams {
  readonly #status: () => FarmStatus;
  readonly #onError: (error: unknown) => void;
  readonly #ticker: Ticker;
  readonly #streams = new Set<EventStream>();
  #stopTicking: (() => void) | undefined;
  #latest: StreamEvent | undefined;
  /** The latest status in pieces, but for its time: what is compared. */
  #latestPieces: readonly string[] = [];
  /** Seconds since the latest status was made, and since all were sent something. */
  #age = 0;
  #silence = 0;
  #count = 0;
  #isMaking = false;
  #isClosed = false;

  /**
   * Without a stream at first.
   *
   * @param status how the farm stands now
   * @param onError told why no status could be made; another is tried a second later
   * @param ticker stands in for the clock in tests
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
   * A new stream, which begins with the status; undefined after `close`. Where there are too many,
   * one ends for it: whoever reads it connects again, if somebody does.
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

  /** Sends all of them the last status, and ends them. */
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
    return this.#latest === undefined || this.#age * BYTES_PER_SECOND >= this.#latest.octets.length;
  }

  /** Makes the status anew beside all else; that of a small farm at once. */
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

  /** Sends a status when something has changed. */
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

  /** The one that has been behind longest, or else the oldest. */
  #mostDispensable(): EventStream {
    return [...this.#streams].reduce((a, b) => b.behindSince < a.behindSince ? b : a);
  }

  /** Cuts the streams that hold the oldest events when all that are held are too large. */
  #freeMemory(): void {
    const held = new Set<StreamEvent>();
    for (const { underWay } of this.#streams) if (underWay !== undefined) held.add(underWay);
    let bytes = 0;
    for (const { octets } of held) bytes += octets.length;
    for (const oldest of [...held].sort((a, b) => a.number - b.number)) {
      if (bytes <= MOST_HELD_BYTES) return;
      for (const stream of this.#streams) if (stream.underWay === oldest) this.#cut(stream);
      bytes -= oldest.octets.length;
    }
  }

  /** Ends a stream; it may take long until its client notices, or is found to be gone. */
  #cut(stream: EventStream): void {
    stream.cut();
    this.#streams.delete(stream);
  }

  #event(pieces: readonly string[]): StreamEvent {
    return { number: this.#count++, octets: encoder.encode(pieces.join("")) };
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

/** Lets everybody else have a turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** One event as it is sent; the same octets for all streams. */
export interface StreamEvent {
  /** A later one has a higher number. */
  readonly number: number;
  /** All of it, with the empty line at its end. */
  readonly octets: Uint8Array;
}

/**
 * The events that one client gets. It never has more than one that waits: a client that reads slowly
 * misses those between the one under way and the latest.
 */
export class EventStream implements ContentSource {
  /** It ends when it is told to. */
  readonly length: undefined = undefined;
  /** What it gives is to be sent at once. */
  readonly isLive = true;
  readonly #onClose: (stream: EventStream) => void;
  #underWay: StreamEvent | undefined;
  #sentBytes = 0;
  #next: StreamEvent | undefined;
  #behindSince = Infinity;
  #wake: (() => void) | undefined;
  #isFinishing = false;

  /**
   * Without an event at first.
   *
   * @param onClose told once the client is gone
   */
  constructor(onClose: (stream: EventStream) => void) {
    this.#onClose = onClose;
  }

  /** The event of which a part has been sent; undefined when there is none. */
  get underWay(): StreamEvent | undefined {
    return this.#underWay;
  }

  /** Whether another event waits to be sent after the one under way. */
  get isBehind(): boolean {
    return this.#next !== undefined;
  }

  /** The number of the first event that it could have sent on by now, and has not; Infinity if none. */
  get behindSince(): number {
    return this.#behindSince;
  }

  /** Sends an event as soon as the client can take it, in place of one that waits; no more once it ends. */
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

  /** As `ContentSource`. */
  close(): void {
    this.cut();
    this.#onClose(this);
  }

  #copy(event: StreamEvent, buffer: Uint8Array): number {
    const piece = event.octets.subarray(this.#sentBytes, this.#sentBytes + buffer.length);
    buffer.set(piece);
    this.#sentBytes += piece.length;
    if (this.#sentBytes === event.octets.length) {
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

/** Calls something once a second from now on; what it gives ends that. */
export type Ticker = (tick: () => void) => () => void;

/** A ticker by the clock of the system. */
export function everySecond(tick: () => void): () => void {
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}
