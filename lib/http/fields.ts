import { trimOws } from "./octets.ts";

/** One field line: its name as it was received or is to be sent, and its value without OWS. */
export type FieldLine = readonly [fieldName: string, fieldValue: string];

/** How many marks a line has: where in the text its name begins and ends, and its value. */
const MARKS = 4;

/**
 * The field lines of a header or trailer section, in their order (RFC 9110 §5). Names are found
 * whatever their case. It keeps the text of the section and where in it the lines stand, and takes
 * apart only what is asked for: most lines never are.
 */
export class Fields {
  #text = "";
  readonly #marks: number[] = [];

  /** A section that begins with these field lines. */
  constructor(lines: Iterable<FieldLine> = []) {
    for (const [fieldName, fieldValue] of lines) {
      const start = this.#text.length;
      this.#text += fieldName + fieldValue;
      const nameEnd = start + fieldName.length;
      this.appendMarks(start, nameEnd, nameEnd, this.#text.length);
    }
  }

  /** How many field lines there are. */
  get count(): number {
    return this.#marks.length / MARKS;
  }

  /** Adds a line by where it stands in the text that `settle` will be given. */
  appendMarks(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.#marks.push(nameStart, nameEnd, valueStart, valueEnd);
  }

  /** Lets the value of the last line go on over obs-folds, up to `valueEnd` in its section's text. */
  extendLast(valueEnd: number): void {
    this.#marks[this.#marks.length - 1] = valueEnd;
  }

  /** Takes over the text in which the marked lines stand; until then they cannot be asked for. */
  settle(text: string): void {
    this.#text = text;
  }

  /** Whether there is a line of that name. `lowerCaseName` is to be in lower case, here and below. */
  has(lowerCaseName: string): boolean {
    return this.#indexOf(lowerCaseName, 0) !== -1;
  }

  /** The values of all lines of that name, in their order. */
  values(lowerCaseName: string): string[] {
    const values: string[] = [];
    for (let i = -1; (i = this.#indexOf(lowerCaseName, i + 1)) !== -1;) {
      values.push(this.#valueAt(i));
    }
    return values;
  }

  /** The value of the field, its lines joined by `, ` (RFC 9110 §5.3); undefined if there is none. */
  get(lowerCaseName: string): string | undefined {
    const first = this.#indexOf(lowerCaseName, 0);
    if (first === -1) return undefined;
    if (this.#indexOf(lowerCaseName, first + 1) === -1) return this.#valueAt(first);
    return this.values(lowerCaseName).join(", ");
  }

  /**
   * The members of a list of tokens (RFC 9110 §5.6.1), over all lines, in lower case; empty members
   * are passed over. Not for lists that may hold quoted strings.
   */
  tokens(lowerCaseName: string): string[] {
    const value = this.get(lowerCaseName);
    if (value === undefined) return [];
    return value.split(",").map((it) => trimOws(it).toLowerCase()).filter((it) => it !== "");
  }

  /** The field lines in their order. */
  *[Symbol.iterator](): IterableIterator<FieldLine> {
    for (let i = 0; i < this.count; i++) yield [this.#nameAt(i), this.#valueAt(i)];
  }

  #indexOf(lowerCaseName: string, from: number): number {
    const marks = this.#marks;
    for (let i = from; i * MARKS < marks.length; i++) {
      const length = marks[i * MARKS + 1]! - marks[i * MARKS]!;
      if (length !== lowerCaseName.length) continue;
      if (this.#nameAt(i).toLowerCase() === lowerCaseName) return i;
    }
    return -1;
  }

  #nameAt(index: number): string {
    return this.#text.slice(this.#marks[index * MARKS], this.#marks[index * MARKS + 1]);
  }

  #valueAt(index: number): string {
    return unfolded(
      this.#text.slice(this.#marks[index * MARKS + 2], this.#marks[index * MARKS + 3]),
    );
  }
}

/** RFC 9112 §5.2: each obs-fold, `OWS CRLF RWS`, or with LF alone, is replaced by a space. */
function unfolded(fieldValue: string): string {
  if (!fieldValue.includes("\n")) return fieldValue;
  return trimOws(fieldValue.split(/\r?\n/).map(trimOws).join(" "));
}
