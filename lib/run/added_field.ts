import { trimOws } from "../http/grammar.ts";
import { type FieldLine, isWritable } from "../http/fields.ts";
import type { Kind } from "../option.ts";

/** What the server writes itself, where and when it is due; a second one would contradict it. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding"],
  ...["upgrade", "accept-ranges", "allow", "content-encoding", "content-range", "content-type"],
  ...["etag", "last-modified", "location", "retry-after", "proxy-connection"],
]);

/** A field that a user adds to replies, as in `Name: value`. */
export const ADDED_FIELD: Kind<FieldLine> = {
  placeholder: "'NAME: VALUE'",
  accepts: "a field such as 'Name: value' in ASCII, none of those that the server writes itself, " +
    "and Cache-Control by its own option,",
  parse: (text) => {
    const colon = text.indexOf(":");
    const line = [text.slice(0, colon), trimOws(text.slice(colon + 1))] as const;
    const name = line[0].toLowerCase();
    if (colon < 1 || name === "cache-control" || OWN_FIELDS.has(name)) return undefined;
    return isWritable(...line) ? line : undefined;
  },
};
