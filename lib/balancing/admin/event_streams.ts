import type { FarmStatus } from "../status.ts";
import { EventStream, type StreamEvent } from "./event_stream.ts";
import { statusDocument } from "./status_document.ts";

/** Calls something once a second from now on; what it gives ends that. */
export type Ticker = (tick: () => void) => () => void;

/** Streams at a time. */
export const MOST_STREAMS = 100;

/** After so many seconds without news something is sent, so that clients that are gone are noticed. */
const PING_SECONDS = 15;

/** The status of a large farm comes more seldom: so many bytes a second on average. */
const BYTES_PER_SECOND = 256 * 1024;

/** How much memory events may take that slow clients have not read to their end. */
const MOST_HELD_BYTES = 16 * 1024 * 1024;

/** In a farm of more servers, events have fewer tests of each. */
const MANY_SERVERS = 200;
const FEW_TRANSFERS = 20;

/** How long a browser waits until it connects again, in ms. */
const RETRY_MS = 1000;

const encoder = new TextEncoder();

/**
 * Tells everybody who looks how the farm stands: at once, then at most once a second when something
 * has changed. A status is made once for all, and only while somebody looks.
 */
export class EventStreams {
  readonly #status: () => FarmStatus;
  readonly #ticker: Ticker;
  readonly #streams = new Set<EventStream>();
  #stopTicking: (() => void) | undefined;
  #latest: StreamEvent | undefined;
  /** The latest status but for its time: what is compared. */
  #latestText = "";
  /** Seconds since the latest status was made, and since all were sent something. */
  #age = 0;
  #silence = 0;
  #count = 0;
  #isClosed = false;

  /**
   * Without a stream at first.
   *
   * @param status how the farm stands now
   * @param ticker stands in for the clock in tests
   */
  constructor(status: () => FarmStatus, ticker: Ticker = everySecond) {
    this.#status = status;
    this.#ticker = ticker;
  }

  /** How many are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** A new stream, which begins with the status; undefined when there are too many, or after `close`. */
  open(): EventStream | undefined {
    if (this.#isClosed || this.#streams.size >= MOST_STREAMS) return undefined;
    if (this.#isDue) this.#refresh();
    const stream = new EventStream((it) => this.#remove(it));
    stream.offer(this.#latest!);
    this.#streams.add(stream);
    this.#stopTicking ??= this.#ticker(() => this.#tick());
    return stream;
  }

  /** Sends all of them the last status, and ends them. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#streams.size > 0) this.#refresh();
    this.#isClosed = true;
    for (const stream of this.#streams) stream.finish();
  }

  #tick(): void {
    this.#age++;
    this.#silence++;
    if (this.#isDue) this.#refresh();
    if (this.#silence < PING_SECONDS) return;
    const ping = this.#event("event: ping\ndata: {}\n\n");
    for (const stream of this.#streams) if (!stream.isBehind) stream.offer(ping);
    this.#silence = 0;
  }

  get #isDue(): boolean {
    return this.#latest === undefined || this.#age * BYTES_PER_SECOND >= this.#latest.octets.length;
  }

  /** Makes the status anew, and sends it when something has changed. */
  #refresh(): void {
    const status = this.#status();
    const { at, ...others } = statusDocument(
      status,
      status.servers.length > MANY_SERVERS ? FEW_TRANSFERS : Infinity,
    );
    const text = JSON.stringify(others);
    const json = `{"at":${JSON.stringify(at)},${text.slice(1)}`;
    const latest = this.#latest = this.#event(`retry: ${RETRY_MS}\ndata: ${json}\n\n`);
    this.#age = 0;
    if (text === this.#latestText) return;
    this.#latestText = text;
    for (const stream of this.#streams) stream.offer(latest);
    this.#silence = 0;
    this.#freeMemory();
  }

  /** Cuts the streams that hold the oldest events when all that are held are too large. */
  #freeMemory(): void {
    const held = new Set<StreamEvent>();
    for (const { underWay } of this.#streams) if (underWay !== undefined) held.add(underWay);
    let bytes = 0;
    for (const { octets } of held) bytes += octets.length;
    for (const oldest of [...held].sort((a, b) => a.number - b.number)) {
      if (bytes <= MOST_HELD_BYTES) return;
      for (const stream of this.#streams) if (stream.underWay === oldest) stream.cut();
      bytes -= oldest.octets.length;
    }
  }

  #event(text: string): StreamEvent {
    return { number: this.#count++, octets: encoder.encode(text) };
  }

  #remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    this.#latest = undefined;
    this.#latestText = "";
  }
}

function everySecond(tick: () => void): () => void {
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}
