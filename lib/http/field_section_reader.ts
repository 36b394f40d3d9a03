import type { Fields } from "./fields.ts";
import { COLON, HTAB, SP, TCHAR } from "./grammar.ts";
import { FIELD_COUNT_LIMIT, HEAD_LIMIT } from "./limits.ts";
import type { LineReader } from "./line_reader.ts";
import { decodeOctets } from "./octets.ts";
import { ProtocolError } from "./protocol_error.ts";

/** What a section has to end with, and so has to have room for. */
const CRLF_CRLF = 4;

/**
 * What to make of a line that begins with white space: refuse it, as a server may, or join it to
 * the line before, as a user agent must (RFC 9112 §5.2).
 */
export type ObsFold = "refused" | "joined";

/** Reads the field lines of one header or trailer section up to and with the empty line. */
export class FieldSectionReader {
  #start: number | undefined;
  #at: number | undefined;
  #lineCount = 0;

  /**
   * Reads one section into `fields`.
   *
   * @param lines the line reader of the message, shared with who reads what stands before
   * @param obsFold what to make of folded lines
   * @param fields where the field lines go
   */
  constructor(
    readonly lines: LineReader,
    readonly obsFold: ObsFold,
    readonly fields: Fields,
  ) {}

  /**
   * Reads on, as far as the octets go.
   *
   * @param octets the message from its first octet on at every call, and more of it
   * @param start where the section begins, in `octets`
   * @returns the position after the empty line, or undefined when more octets are needed
   * @throws {ProtocolError} 400 for what is not a field line, 431 beyond a limit
   */
  read(octets: Uint8Array, start: number): number | undefined {
    this.#start ??= start;
    this.#at ??= start;
    for (;;) {
      const room = HEAD_LIMIT - this.#at - CRLF_CRLF;
      const end = this.lines.find(octets, this.#at, Math.max(0, room), tooLarge);
      if (end === undefined) return undefined;
      if (end === this.#at) {
        this.fields.settle(decodeOctets(octets, this.#start, end));
        return end + 2;
      }
      this.#readLine(octets, this.#at, end);
      this.#at = end + 2;
    }
  }

  /** RFC 9112 §5: `field-line = field-name ":" OWS field-value OWS`. */
  #readLine(octets: Uint8Array, start: number, end: number): void {
    if (++this.#lineCount > FIELD_COUNT_LIMIT) throw tooLarge();
    const base = this.#start!;
    const isFolded = octets[start] === SP || octets[start] === HTAB;
    if (isFolded && this.obsFold === "joined" && this.fields.count > 0) {
      return this.fields.extendLast(withoutOws(octets, start, end)[1] - base);
    }
    if (isFolded) throw new ProtocolError("A field line begins with white space.");
    let colon = start;
    while (colon < end && TCHAR[octets[colon]!] === 1) colon++;
    if (colon === start) throw new ProtocolError("A field line has no name.");
    if (octets[colon] !== COLON) {
      throw new ProtocolError("A field name is not a token with a colon right behind it.");
    }
    const [valueStart, valueEnd] = withoutOws(octets, colon + 1, end);
    this.fields.appendMarks([start - base, colon - base, valueStart - base, valueEnd - base]);
  }
}

/** What is left without the white space around it (RFC 9110 §5.6.3: `OWS = *( SP / HTAB )`). */
function withoutOws(octets: Uint8Array, start: number, end: number): [start: number, end: number] {
  while (start < end && (octets[start] === SP || octets[start] === HTAB)) start++;
  while (end > start && (octets[end - 1] === SP || octets[end - 1] === HTAB)) end--;
  return [start, end];
}

function tooLarge(): ProtocolError {
  return new ProtocolError("The header or trailer section is too large.", 431);
}
