import { type FieldLine, Fields } from "../../lib/http/fields.ts";

/** The fields of field lines as they stand in a message, each with its CRLF. */
export function fieldsOf(raw: string): Fields {
  return new Fields(raw.split("\r\n").slice(0, -1));
}

/** The fields with these names and values. */
export function fieldsWith(fieldLines: Iterable<FieldLine> = []): Fields {
  return new Fields(Array.from(fieldLines, ([name, value]) => `${name}: ${value}`));
}
