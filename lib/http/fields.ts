import { trimOws } from "./octets.ts";

/** One field line: its name as it was received or is to be sent, and its value without OWS. */
export type FieldLine = readonly [fieldName: string, fieldValue: string];

/** Where a field line stands in the text of its section: name from, to, value from, to. */
export type FieldMarks = readonly [number, number, number, number];

/**
 * The field lines of a header or trailer section, in their order (RFC 9110 §5). Names are found
 * whatever their case. Of lines that were received it keeps where they stand, and takes them apart
 * when they are asked for: most never are.
 */
export class Fields {
  readonly #lines: (FieldLine | FieldMarks)[];
  #text = "";

  /** A section that begins with these field lines. */
  constructor(lines: Iterable<FieldLine> = []) {
    this.#lines = [...lines];
  }

  /** How many field lines there are. */
  get count(): number {
    return this.#lines.length;
  }

  /** Adds a line that stands in the text that `settle` will be given. */
  appendMarks(marks: FieldMarks): void {
    this.#lines.push(marks);
  }

  /** Lets the value of the last line go on over obs-folds, up to `valueEnd` in its section's text. */
  extendLast(valueEnd: number): void {
    const last = this.#lines.at(-1);
    if (last?.length === 4) {
      this.#lines[this.#lines.length - 1] = [last[0], last[1], last[2], valueEnd];
    }
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
      values.push(this.#lineAt(i)[1]);
    }
    return values;
  }

  /** The value of the field, its lines joined by `, ` (RFC 9110 §5.3); undefined if there is none. */
  get(lowerCaseName: string): string | undefined {
    const first = this.#indexOf(lowerCaseName, 0);
    if (first === -1) return undefined;
    if (this.#indexOf(lowerCaseName, first + 1) === -1) return this.#lineAt(first)[1];
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
    for (let i = 0; i < this.#lines.length; i++) yield this.#lineAt(i);
  }

  #indexOf(lowerCaseName: string, from: number): number {
    for (let i = from; i < this.#lines.length; i++) {
      if (this.#isNamed(this.#lines[i]!, lowerCaseName)) return i;
    }
    return -1;
  }

  #isNamed(line: FieldLine | FieldMarks, lowerCaseName: string): boolean {
    if (line.length === 2) return line[0].toLowerCase() === lowerCaseName;
    const [start, end] = line;
    if (end - start !== lowerCaseName.length) return false;
    return this.#text.slice(start, end).toLowerCase() === lowerCaseName;
  }

  /** The line as text, which it then stays. */
  #lineAt(index: number): FieldLine {
    const line = this.#lines[index]!;
    if (line.length === 2) return line;
    const [nameStart, nameEnd, valueStart, valueEnd] = line;
    const fieldName = this.#text.slice(nameStart, nameEnd);
    const fieldLine: FieldLine = [fieldName, unfolded(this.#text.slice(valueStart, valueEnd))];
    this.#lines[index] = fieldLine;
    return fieldLine;
  }
}

/** RFC 9112 §5.2: each obs-fold, `OWS CRLF RWS`, is replaced by a space. */
function unfolded(fieldValue: string): string {
  if (!fieldValue.includes("\r\n")) return fieldValue;
  return trimOws(fieldValue.split("\r\n").map(trimOws).join(" "));
}
