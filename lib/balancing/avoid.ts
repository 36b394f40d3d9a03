/**
 * The request field by which a client's retry names the servers that failed it:
 *
 *     Avoid-Server: files1.example:8000, [2001:db8::1]:443
 *
 * Each is host and port of the URL it was redirected to, as URL parsers write them, the port
 * always. A name that is no server's means nothing, and none is ever sent back or logged. All that
 * a client can reach by it is to be sent where it could have gone by itself.
 *
 * @module
 */

import { trimOws } from "../http/grammar.ts";
import type { Server } from "./list/server.ts";

/** Its name, in lower case as fields are looked up. */
export const AVOID_FIELD = "avoid-server";

/** Names that count. A client that has tried so many in vain may as well begin anew. */
const MOST_NAMES = 16;

/** A value that is longer is passed over as a whole, in octets. */
const LONGEST_VALUE = 1024;

/** Whom such a value names; undefined when it can name nobody. */
export function avoids(fieldValue: string): ((server: Server) => boolean) | undefined {
  if (fieldValue.length > LONGEST_VALUE) return undefined;
  const names = new Set(fieldValue.split(",", MOST_NAMES).map(trimOws));
  return ({ publicAuthority }) => names.has(publicAuthority);
}
