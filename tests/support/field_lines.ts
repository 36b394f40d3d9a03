import { type FieldLine, Fields } from "../../lib/http/fields.ts";

/** The fields of field lines as they stand in a message, each with its CRLF. */
export function fieldsOf(raw: string): Fields {
  const lines = raw.split("\r\n").slice(0, -1);
  return new Fields(lines.map((line): FieldLine => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
  }));
}
