import {
  COLON,
  FIELD_NAME_AND_COLON,
  ProtocolError,
  TOKEN,
  TOKEN_SOURCE,
  trimOws,
  WRITTEN_VALUE,
} from "./grammar.ts";
import type { Reading } from "./limits.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** A field line: its name as received or to be sent, and its value without OWS. */
export type FieldLine = readonly [fieldName: string, fieldValue: string];

/**
 * The field lines of a header or trailer section, in order (RFC 9110 §5). Names are case-insensitive;
 * methods take them in lower case. Lines are parsed when they are asked for: most never are.
 */
export class Fields {
  readonly #lines: readonly string[];

  /** @param lines each `field-name ":" OWS field-value OWS`, one character a byte, without CRLF */
  constructor(lines: readonly string[] = []) {
    this.#lines = lines;
  }

  has(lowerCaseName: string): boolean {
    return this.#indexOf(lowerCaseName, 0) !== -1;
  }

  /** The value of each line of that name. */
  values(lowerCaseName: string): string[] {
    const values: string[] = [];
    for (let i = -1; (i = this.#indexOf(lowerCaseName, i + 1)) !== -1;) {
      values.push(trimOws(this.#lines[i]!.slice(lowerCaseName.length + 1)));
    }
    return values;
  }

  /** The value of the field, its lines joined by `, ` (RFC 9110 §5.3). */
  get(lowerCaseName: string): string | undefined {
    const first = this.#indexOf(lowerCaseName, 0);
    if (first === -1) return undefined;
    if (this.#indexOf(lowerCaseName, first + 1) !== -1) {
      return this.values(lowerCaseName).join(", ");
    }
    return trimOws(this.#lines[first]!.slice(lowerCaseName.length + 1));
  }

  /**
   * The members of a list of tokens (RFC 9110 §5.6.1) in lower case, without empty ones. Not for lists
   * that may contain quoted strings.
   */
  tokens(lowerCaseName: string): string[] {
    const value = this.get(lowerCaseName);
    if (value === undefined) return [];
    return value.split(",").map((it) => trimOws(it).toLowerCase()).filter((it) => it !== "");
  }

  *[Symbol.iterator](): IterableIterator<FieldLine> {
    for (const line of this.#lines) {
      const colon = line.indexOf(":");
      yield [line.slice(0, colon), trimOws(line.slice(colon + 1))];
    }
  }

  #indexOf(lowerCaseName: string, from: number): number {
    const { length } = lowerCaseName;
    for (let i = from; i < this.#lines.length; i++) {
      const line = this.#lines[i]!;
      if (line.charCodeAt(length) !== COLON) continue;
      if (line.slice(0, length).toLowerCase() === lowerCaseName) return i;
    }
    return -1;
  }

  /** The section with its CRLFs and the empty line. */
  toString(): string {
    return this.#lines.map((line) => `${line}\r\n`).join("") + "\r\n";
  }
}

/** RFC 9112 §5.1 forbids white space before the colon; it has no other meaning. */
const SPACE_BEFORE_COLON = new RegExp(`^(${TOKEN_SOURCE})[ \\t]+:`);

/** Reads one header or trailer section, including the empty line. */
export class FieldSectionReader {
  readonly #reading: Reading;
  readonly #lines: string[] = [];
  #room: number;

  /** @param startBytes bytes before the section that count towards its limit */
  constructor(reading: Reading, startBytes = 0) {
    this.#reading = reading;
    this.#room = reading.headLimit - startBytes;
  }

  /**
   * Continues with what has arrived.
   *
   * @returns the section, or undefined if more is needed
   * @throws {ProtocolError} 400 for an invalid field line, 431 beyond a limit
   */
  read(buffer: ReceiveBuffer): Fields | undefined {
    for (;;) {
      // The last line and the empty one end with a CRLF each.
      const line = buffer.line(Math.max(0, this.#room - 4), tooLarge, this.#reading);
      if (line === undefined) return undefined;
      if (line === "") return new Fields(this.#lines);
      this.#room -= line.length + 2;
      this.#add(line);
    }
  }

  /** RFC 9112 §5: `field-line = field-name ":" OWS field-value OWS`. */
  #add(line: string): void {
    const { fieldCountLimit, joinsFolds, takesSpaceBeforeColon } = this.#reading;
    if (this.#lines.length === fieldCountLimit) throw tooLarge();
    if (FIELD_NAME_AND_COLON.test(line)) {
      this.#lines.push(line);
    } else if (joinsFolds && this.#lines.length > 0 && /^[ \t]/.test(line)) {
      this.#lines.push(trimOws(`${trimOws(this.#lines.pop()!)} ${trimOws(line)}`)); // §5.2
    } else if (takesSpaceBeforeColon && SPACE_BEFORE_COLON.test(line)) {
      this.#lines.push(line.replace(SPACE_BEFORE_COLON, "$1:"));
    } else {
      throw new ProtocolError(faultOf(line));
    }
  }
}

function faultOf(line: string): string {
  if (/^[ \t]/.test(line)) return "A field line begins with white space.";
  if (!TOKEN.test(line[0]!)) return "A field line has no name.";
  return "A field name is not a token with a colon right behind it.";
}

function tooLarge(): ProtocolError {
  return new ProtocolError("The header or trailer section is too large.", 431);
}

/**
 * Field lines as they are sent, each with its CRLF; ASCII. Only the functions below make one, so no
 * value in it can end a line early.
 */
export type FieldSection = string & { readonly isFieldSection: true };

/** No field lines. */
export const NO_FIELDS: FieldSection = "" as FieldSection;

/** Names that are known to be tokens. */
const knownNames = new Set<string>();
const MOST_KNOWN_NAMES = 1000;

/**
 * Writes field lines (RFC 9112 §5) after those in `before`.
 *
 * @throws {TypeError} if a name is no token, or a value contains anything but visible ASCII, SP and
 *     HTAB
 */
export function fieldSection(
  fieldLines: Iterable<FieldLine>,
  before: FieldSection = NO_FIELDS,
): FieldSection {
  let section: string = before;
  for (const [fieldName, fieldValue] of fieldLines) section += fieldLine(fieldName, fieldValue);
  return section as FieldSection;
}

/** Writes one field line; throws as `fieldSection`. */
export function fieldLine(fieldName: string, fieldValue: string): FieldSection {
  if (!knownNames.has(fieldName)) checkName(fieldName);
  if (!WRITTEN_VALUE.test(fieldValue)) {
    throw new TypeError(`Cannot write this value of ${fieldName}: ${JSON.stringify(fieldValue)}`);
  }
  return `${fieldName}: ${fieldValue}\r\n` as FieldSection;
}

/** Whether `fieldLine` accepts this one. */
export function isWritable(fieldName: string, fieldValue: string): boolean {
  return TOKEN.test(fieldName) && WRITTEN_VALUE.test(fieldValue);
}

function checkName(fieldName: string): void {
  if (!TOKEN.test(fieldName)) throw new TypeError(`Cannot write the field name "${fieldName}"`);
  if (knownNames.size < MOST_KNOWN_NAMES) knownNames.add(fieldName);
}
