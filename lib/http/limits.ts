/**
 * How strictly messages are read, and all limits of the readers, in bytes unless stated otherwise.
 * Limits of time are in `net/deadlines.ts`.
 *
 * @module
 */

import { LENIENT_LINE_OCTET, LINE_OCTET, type OctetClass } from "./grammar.ts";

/** A request line or status line without its CRLF. Longer: 414 (RFC 9112 §3). */
export const START_LINE_LIMIT = 8 * 1024;

/** A whole head or trailer section, with its last CRLF. Longer: 431 (RFC 6585 §5). */
export const HEAD_LIMIT = 32 * 1024;

/** Field lines in one head or trailer section. More: 431. */
export const FIELD_COUNT_LIMIT = 100;

/** A head or trailer section of a response: some redirectors list every mirror of a project. */
export const RESPONSE_HEAD_LIMIT = 256 * 1024;

/** Field lines in a head or trailer section of a response, as in curl. */
export const RESPONSE_FIELD_COUNT_LIMIT = 5000;

/** A chunk-size line with its extensions, without its CRLF. Longer: 400. */
export const CHUNK_LINE_LIMIT = 1024;

/** The extensions of all chunks of one body (RFC 9112 §7.1.1 asks for a limit). More: 400. */
export const CHUNK_EXTENSIONS_LIMIT = 16 * 1024;

/** A request body that is read and discarded to keep the connection. */
export const DISCARDED_BODY_LIMIT = 1024 * 1024;

/** Interim (1xx) responses before a final one. More: the exchange fails. */
export const INTERIM_RESPONSES_LIMIT = 1000;

/** A line of the PROXY protocol with its CRLF: the longest that can be valid. */
export const PROXY_LINE_LIMIT = 107;

/** A binary header of the PROXY protocol, with what a proxy adds beside the addresses. */
export const PROXY_HEADER_LIMIT = 4 * 1024;

/** Which deviations from RFC 9112 are tolerated, and the limits of a head or trailer section. */
export interface Reading {
  readonly lineOctet: OctetClass;
  /** Whether LF alone ends a line as well (§2.2). */
  readonly takesBareLf: boolean;
  /** Whether a line that begins with white space continues the previous one (§5.2). */
  readonly joinsFolds: boolean;
  /** Between a field name and its colon (§5.1). */
  readonly takesSpaceBeforeColon: boolean;
  /** Whether a chunk-size may have white space around it, and any extension (§7.1). */
  readonly takesAnyExtension: boolean;
  readonly headLimit: number;
  readonly fieldCountLimit: number;
}

/** For requests: an ambiguous one is refused, since another request could be hidden in it. */
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
 * For responses: no other reader comes after us that could be deceived, and none of these deviations
 * leaves a doubt where the content ends.
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
