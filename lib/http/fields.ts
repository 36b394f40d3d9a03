import { trimOws } from "./octets.ts";

/** One field line: its name as it was received or is to be sent, and its value without OWS. */
export type FieldLine = readonly [fieldName: string, fieldValue: string];

/**
 * The field lines of a header or trailer section, in their order (RFC 9110 §5). Names are found
 * whatever their case.
 */
export class Fields {
  readonly #lines: FieldLine[];
  readonly #names: string[];

  /** A section that begins with these field lines. */
  constructor(lines: Iterable<FieldLine> = []) {
    this.#lines = [...lines];
    this.#names = this.#lines.map(([fieldName]) => fieldName.toLowerCase());
  }

  /** How many field lines there are. */
  get count(): number {
    return this.#lines.length;
  }

  /** Adds a field line at the end. */
  append(fieldName: string, fieldValue: string): void {
    this.#lines.push([fieldName, fieldValue]);
    this.#names.push(fieldName.toLowerCase());
  }

  /** Continues the last field line's value after one SP, as RFC 9112 §5.2 asks for an obs-fold. */
  continueLast(text: string): void {
    const last = this.#lines.pop();
    if (last) this.#lines.push([last[0], trimOws(`${last[1]} ${text}`)]);
  }

  /** Whether there is a line of that name. `lowerCaseName` is to be in lower case, here and below. */
  has(lowerCaseName: string): boolean {
    return this.#names.includes(lowerCaseName);
  }

  /** The values of all lines of that name, in their order. */
  values(lowerCaseName: string): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.#names.length; i++) {
      if (this.#names[i] === lowerCaseName) values.push(this.#lines[i]![1]);
    }
    return values;
  }

  /** The value of the field, its lines joined by `, ` (RFC 9110 §5.3); undefined if there is none. */
  get(lowerCaseName: string): string | undefined {
    const first = this.#names.indexOf(lowerCaseName);
    if (first === -1) return undefined;
    if (this.#names.indexOf(lowerCaseName, first + 1) === -1) return this.#lines[first]![1];
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
  [Symbol.iterator](): IterableIterator<FieldLine> {
    return this.#lines.values();
  }
}
