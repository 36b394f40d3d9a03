import type { Fields } from "../http/fields.ts";

/** What became of one request, for the log. */
export interface Served {
  /** The client's address, without its port. */
  readonly client: string;
  /** When its head was complete, in ms since 1970. */
  readonly at: number;
  /** As received, not to be trusted; empty when there was none. */
  readonly requestLine: string;
  /** Its header section, not to be trusted; undefined when it could not be read. */
  readonly fields: Fields | undefined;
  /** Of the reply. */
  readonly statusCode: number;
  /** Octets of content that were sent. */
  readonly contentBytes: number;
  /** From the complete head, or the beginning of one that never was, to the last octet handed to the system, in ms. */
  readonly elapsedMs: number;
  /** Whom the client was sent to; undefined when to nobody. */
  readonly chosen: string | undefined;
}
