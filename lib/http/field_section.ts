import type { FieldLine } from "./fields.ts";
import { TOKEN, WRITTEN_VALUE } from "./grammar.ts";

/**
 * Field lines as they are sent, each with its CRLF; ASCII. Only `fieldSection` makes one, so that
 * nothing in it ends a line early. What is the same in many messages is written once.
 */
export type FieldSection = string & { readonly isFieldSection: true };

/** No field lines. */
export const NO_FIELDS: FieldSection = "" as FieldSection;

/** Names that were found to be tokens; there are not many. */
const knownNames = new Set<string>();
const MOST_KNOWN_NAMES = 1000;

/**
 * Writes field lines (RFC 9112 §5).
 *
 * @param fieldLines in the order to be sent
 * @param before what was written already and stands before them
 * @throws {TypeError} when a name is no token, or a value holds anything but visible ASCII, SP and
 *     HTAB
 */
export function fieldSection(
  fieldLines: Iterable<FieldLine>,
  before: FieldSection = NO_FIELDS,
): FieldSection {
  let section: string = before;
  for (const [fieldName, fieldValue] of fieldLines) {
    section += fieldLine(fieldName, fieldValue);
  }
  return section as FieldSection;
}

/**
 * Writes one field line.
 *
 * @throws {TypeError} as `fieldSection`
 */
export function fieldLine(fieldName: string, fieldValue: string): FieldSection {
  if (!knownNames.has(fieldName)) checkName(fieldName);
  if (!WRITTEN_VALUE.test(fieldValue)) {
    throw new TypeError(`Cannot write this value of ${fieldName}: ${JSON.stringify(fieldValue)}`);
  }
  return `${fieldName}: ${fieldValue}\r\n` as FieldSection;
}

/** Whether `fieldLine` writes this one. */
export function isWritable(fieldName: string, fieldValue: string): boolean {
  return TOKEN.test(fieldName) && WRITTEN_VALUE.test(fieldValue);
}

function checkName(fieldName: string): void {
  if (!TOKEN.test(fieldName)) throw new TypeError(`Cannot write the field name "${fieldName}"`);
  if (knownNames.size < MOST_KNOWN_NAMES) knownNames.add(fieldName);
}
