import type { ContentSource } from "../../net/handler.ts";

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

/** A text that is made while it is sent, so that a long one keeps nobody else waiting. */
export class TextPieces implements ContentSource {
  /** Nobody knows it before the end. */
  readonly length: undefined = undefined;
  readonly #pieces: Iterator<string>;
  #rest: Uint8Array = NOTHING;

  /** Of which nothing is made yet. @param pieces makes the next piece when it is asked for */
  constructor(pieces: Iterator<string>) {
    this.#pieces = pieces;
  }

  /** As `ContentSource`: never more than one piece at a time. */
  read(buffer: Uint8Array): number | null {
    while (this.#rest.length === 0) {
      const { value, done } = this.#pieces.next();
      if (done) return null;
      this.#rest = encoder.encode(value);
    }
    const part = this.#rest.subarray(0, buffer.length);
    buffer.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  close(): void {
    this.#pieces.return?.();
    this.#rest = NOTHING;
  }
}
