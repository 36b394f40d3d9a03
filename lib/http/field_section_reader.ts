import type { Fields } from "./fields.ts";
import { COLON, HTAB, SP, TCHAR } from "./grammar.ts";
import type { LineReader } from "./line_reader.ts";
import { ProtocolError } from "./protocol_error.ts";
import type { Reading } from "./reading.ts";

/** What a section has to end with, and so has to have room for. */
const CRLF_CRLF = 4;

/** Reads the field lines of one header or trailer section up to and with the empty line. */
export class FieldSectionReader {
  #at = 0;

  /**
   * Reads one section into `fields`.
   *
   * @param lines the line reader of the message, shared with who reads what stands before
   * @param reading what is borne, and how much
   * @param fields where the field lines go; to be settled with the text of all octets
   * @param from where the message begins in the octets: limits count from there
   */
  constructor(
    readonly lines: LineReader,
    readonly reading: Reading,
    readonly fields: Fields,
    readonly from = 0,
  ) {}

  /**
   * Reads on, as far as the octets go.
   *
   * @param octets all that has arrived, at every call more of it
   * @param start where the section begins, in `octets`
   * @returns the position after the empty line, or undefined when more octets are needed
   * @throws {ProtocolError} 400 for what is not a field line, 431 beyond a limit
   */
  read(octets: Uint8Array, start: number): number | undefined {
    if (this.#at === 0) this.#at = start;
    for (;;) {
      const room = this.from + this.reading.headLimit - this.#at - CRLF_CRLF;
      const end = this.lines.find(octets, this.#at, Math.max(0, room), tooLarge);
      if (end === undefined) return undefined;
      const behind = this.lines.behind(octets, end);
      if (end === this.#at) return behind;
      this.#readLine(octets, this.#at, end);
      this.#at = behind;
    }
  }

  /** RFC 9112 §5: `field-line = field-name ":" OWS field-value OWS`. */
  #readLine(octets: Uint8Array, start: number, end: number): void {
    if (this.fields.count === this.reading.fieldCountLimit) throw tooLarge();
    const isFolded = isOws(octets[start]!);
    if (isFolded && this.reading.joinsFolds && this.fields.count > 0) {
      return this.fields.extendLast(endWithoutOws(octets, start, end));
    }
    if (isFolded) throw new ProtocolError("A field line begins with white space.");
    let nameEnd = start;
    while (nameEnd < end && TCHAR[octets[nameEnd]!] === 1) nameEnd++;
    if (nameEnd === start) throw new ProtocolError("A field line has no name.");
    let colon = nameEnd;
    if (this.reading.takesSpaceBeforeColon) { while (isOws(octets[colon]!)) colon++; }
    if (octets[colon] !== COLON) {
      throw new ProtocolError("A field name is not a token with a colon right behind it.");
    }
    const valueEnd = endWithoutOws(octets, colon + 1, end);
    let valueStart = colon + 1;
    while (valueStart < valueEnd && isOws(octets[valueStart]!)) valueStart++;
    this.fields.appendMarks(start, nameEnd, valueStart, valueEnd);
  }
}

/** Where octets end when the white space behind them is left out. */
function endWithoutOws(octets: Uint8Array, start: number, end: number): number {
  while (end > start && isOws(octets[end - 1]!)) end--;
  return end;
}

/** RFC 9110 §5.6.3: `OWS = *( SP / HTAB )`. */
function isOws(octet: number): boolean {
  return octet === SP || octet === HTAB;
}

function tooLarge(): ProtocolError {
  return new ProtocolError("The header or trailer section is too large.", 431);
}
