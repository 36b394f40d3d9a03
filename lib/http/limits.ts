/**
 * How strictly messages are read, and how much of one before it is refused: every bound of the
 * readers, in bytes unless it says otherwise. Bounds of time stand in `net/deadlines.ts`.
 *
 * @module
 */

import { LENIENT_LINE_OCTET, LINE_OCTET, type OctetClass } from "./grammar.ts";

/** A request line or status line, its CRLF not counted. Longer: 414 (RFC 9112 §3). */
export const START_LINE_LIMIT = 8 * 1024;

/** A head or a trailer section as a whole, its last CRLF included. Longer: 431 (RFC 6585 §5). */
export const HEAD_LIMIT = 32 * 1024;

/** Field lines in one head or trailer section. More: 431. */
export const FIELD_COUNT_LIMIT = 100;

/** A head or trailer section of a response: redirectors name every mirror of a large project. */
export const RESPONSE_HEAD_LIMIT = 256 * 1024;

/** Field lines in a head or trailer section of a response; as many as curl takes. */
export const RESPONSE_FIELD_COUNT_LIMIT = 5000;

/** One chunk-size line with its extensions, its CRLF not counted. Longer: 400. */
export const CHUNK_LINE_LIMIT = 1024;

/** The extensions of all chunks of one body (RFC 9112 §7.1.1 asks for such a bound). More: 400. */
export const CHUNK_EXTENSIONS_LIMIT = 16 * 1024;

/** A request body that is read and discarded, so that the connection can go on. */
export const DISCARDED_BODY_LIMIT = 1024 * 1024;

/** Interim (1xx) responses before a final one, as a count. More: the exchange has failed. */
export const INTERIM_RESPONSES_LIMIT = 1000;

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
  /** Bytes of a head or trailer section. */
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
