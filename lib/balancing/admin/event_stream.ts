import type { ContentSource } from "../../net/handler.ts";

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
