import type { Fields } from "../http/fields.ts";

/** What became of one request, for the log. */
export interface AccessRecord {
  /** The client's address, without its port. */
  readonly client: string;
  /** When its head was complete. */
  readonly epochMs: number;
  /** As received, not to be trusted; empty when there was none. */
  readonly requestLine: string;
  /** Its header section, not to be trusted; undefined when it could not be read. */
  readonly fields: Fields | undefined;
  /** Of the reply. */
  readonly statusCode: number;
  /** Bytes of content that were sent. */
  readonly contentBytes: number;
  /** From the complete head, or the beginning of one that never was, to the last byte handed to the system, in ms. */
  readonly elapsedMs: number;
  /** See `Reply`. */
  readonly annotation: string | undefined;
}

/** What is known of an answered request before its answer has left. */
export interface Answered extends Omit<AccessRecord, "contentBytes" | "elapsedMs"> {
  /**
   * When its head was complete, in ms on a clock that never goes back; when it had begun to arrive,
   * where it never was.
   */
  readonly startedMs: number;
  /** Bytes of content that were written to the connection. */
  readonly contentBytes: number;
  /** Bytes of all that was written to the connection, the answer being the last. */
  readonly endBytes: number;
}

/** Records of replies that were written; reports each once the system has taken its reply. */
export class CompletionQueue {
  readonly #tell: (served: AccessRecord) => void;
  readonly #waiting: Answered[] = [];

  /** For one connection; `tell` is given the requests in their order. */
  constructor(tell: (served: AccessRecord) => void) {
    this.#tell = tell;
  }

  /** Adds a request, whose answer follows those of the others. */
  add(answered: Answered): void {
    this.#waiting.push(answered);
  }

  /**
   * Reports those whose replies the system has taken.
   *
   * @param sentBytes how many bytes the system has taken
   */
  settle(sentBytes: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.endBytes <= sentBytes) {
      this.#tellFirst(sentBytes);
    }
  }

  /** Tells of the rest as well, which nothing more of will be sent. */
  close(sentBytes: number): void {
    while (this.#waiting.length > 0) this.#tellFirst(sentBytes);
  }

  #tellFirst(sentBytes: number): void {
    const { startedMs, endBytes, ...served } = this.#waiting.shift()!;
    const missing = Math.max(0, endBytes - sentBytes); // The content stands last.
    this.#tell({
      ...served,
      contentBytes: Math.max(0, served.contentBytes - missing),
      elapsedMs: performance.now() - startedMs,
    });
  }
}
