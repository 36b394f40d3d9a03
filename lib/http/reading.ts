import { LENIENT_LINE_OCTET, LINE_OCTET, type OctetClass } from "./grammar.ts";
import {
  FIELD_COUNT_LIMIT,
  HEAD_LIMIT,
  RESPONSE_FIELD_COUNT_LIMIT,
  RESPONSE_HEAD_LIMIT,
} from "./limits.ts";

/** How much of what RFC 9112 calls malformed is read all the same, and how much is read at all. */
export interface Reading {
  /** What may stand in a line. */
  readonly lineOctet: OctetClass;
  /** Whether LF alone ends a line too (RFC 9112 §2.2). */
  readonly takesBareLf: boolean;
  /** Whether a line that begins with white space goes on with the one before (§5.2). */
  readonly joinsFolds: boolean;
  /** Whether white space may stand between a field name and its colon (§5.1). */
  readonly takesSpaceBeforeColon: boolean;
  /** Whether white space, and any extension, may stand around a chunk-size (§7.1). */
  readonly takesAnyExtension: boolean;
  /** Octets of a head or trailer section. */
  readonly headLimit: number;
  /** Field lines of a head or trailer section. */
  readonly fieldCountLimit: number;
}

/** How requests are read: what could be read in two ways is refused, or one could hide in another. */
export const STRICT: Reading = {
  lineOctet: LINE_OCTET,
  takesBareLf: false,
  joinsFolds: false,
  takesSpaceBeforeColon: false,
  takesAnyExtension: false,
  headLimit: HEAD_LIMIT,
  fieldCountLimit: FIELD_COUNT_LIMIT,
};

/**
 * How responses are read: they are the last on their way, so no other reader can be led to see
 * another message in them, and all of this leaves no doubt where the content ends.
 */
export const LENIENT: Reading = {
  lineOctet: LENIENT_LINE_OCTET,
  takesBareLf: true,
  joinsFolds: true,
  takesSpaceBeforeColon: true,
  takesAnyExtension: true,
  headLimit: RESPONSE_HEAD_LIMIT,
  fieldCountLimit: RESPONSE_FIELD_COUNT_LIMIT,
};
