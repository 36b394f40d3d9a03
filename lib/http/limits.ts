/**
 * How much of a message is read before it is refused: every bound of the readers, in octets unless
 * it says otherwise. Bounds of time stand in `net/deadlines.ts`.
 *
 * @module
 */

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

/** A request body that nobody wants and that is read away, so that the connection can go on. */
export const DISCARDED_BODY_LIMIT = 1024 * 1024;

/** Interim (1xx) responses before a final one, as a count. More: the exchange has failed. */
export const INTERIM_RESPONSES_LIMIT = 1000;
