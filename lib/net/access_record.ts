import type { Fields } from "../http/fields.ts";

/** One request and its response, for the access log. */
export interface AccessRecord {
  /** The client's address, without its port. */
  readonly client: string;
  /** When the head was complete, or, if it never was, when the response was written. */
  readonly epochMs: number;
  /** As received, untrusted; may be empty. */
  readonly requestLine: string;
  /** Untrusted; undefined if they could not be read. */
  readonly fields: Fields | undefined;
  readonly statusCode: number;
  /** Bytes of content that were sent. */
  readonly contentBytes: number;
  /** From the complete head, or else its first byte, until the system has taken the response. */
  readonly elapsedMs: number;
  /** See `Reply`. */
  readonly annotation: string | undefined;
}

/** The record of a response that was written and perhaps not yet sent. */
export interface PendingRecord extends Omit<AccessRecord, "elapsedMs"> {
  /** When `elapsedMs` begins, by `performance.now()`. */
  readonly startedMs: number;
  /** Bytes that were written to the connection, up to the end of this response. */
  readonly endBytes: number;
}

/** Pending records of one connection; reports each once the system has taken its response. */
export class CompletionQueue {
  readonly #onServed: (record: AccessRecord) => void;
  readonly #pending: PendingRecord[] = [];

  constructor(onServed: (record: AccessRecord) => void) {
    this.#onServed = onServed;
  }

  add(record: PendingRecord): void {
    this.#pending.push(record);
  }

  /** Reports the responses that are within the bytes that the system has taken. */
  settle(sentBytes: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.endBytes <= sentBytes) {
      this.#reportFirst(sentBytes);
    }
  }

  /** Reports the rest as well, of which nothing more will be sent. */
  close(sentBytes: number): void {
    while (this.#pending.length > 0) this.#reportFirst(sentBytes);
  }

  #reportFirst(sentBytes: number): void {
    const { startedMs, endBytes, ...record } = this.#pending.shift()!;
    const missing = Math.max(0, endBytes - sentBytes); // The content comes last.
    this.#onServed({
      ...record,
      contentBytes: Math.max(0, record.contentBytes - missing),
      elapsedMs: performance.now() - startedMs,
    });
  }
}
