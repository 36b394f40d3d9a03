/** No more of a line is kept; far more than any log has. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Takes output apart into whole lines, however its pieces are cut. Of a line that is longer than
 * 1 MiB the rest is left out.
 */
export class WholeLines {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";
  #isTooLong = false;

  /** The lines that have ended in this piece, each with its end; empty when there is none. */
  take(piece: Uint8Array): string {
    const text = this.#decoder.decode(piece, { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    if (end === 0) {
      this.#add(text);
      return "";
    }
    const firstEnd = text.indexOf("\n") + 1;
    this.#add(text.slice(0, firstEnd - 1));
    const lines = this.#takeRest() + text.slice(firstEnd, end);
    this.#add(text.slice(end));
    return lines;
  }

  /** The last line when it had no end; empty when there is none. */
  end(): string {
    this.#add(this.#decoder.decode());
    return this.#rest;
  }

  #add(text: string): void {
    if (this.#isTooLong) return;
    this.#rest += text;
    this.#isTooLong = this.#rest.length > LONGEST_LINE;
    if (this.#isTooLong) this.#rest = this.#rest.slice(0, LONGEST_LINE);
  }

  #takeRest(): string {
    const line = `${this.#rest}\n`;
    this.#rest = "";
    this.#isTooLong = false;
    return line;
  }
}
