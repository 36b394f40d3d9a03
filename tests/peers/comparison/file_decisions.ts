import type { Decision } from "./decision.ts";
import { CONDITION_DECISIONS } from "./condition_decisions.ts";
import { RANGE_DECISIONS } from "./range_decisions.ts";

const CODED = ["codings", "gzip only", "combined"];
const ALL_FILES = [
  ...[...CODED, "files", "types", "odd names", "dot names", "links", "directories", "ranges"],
  ...["preconditions", "If-Range", "methods", "content", "request lines", "field lines"],
];

const ABOUT_CODINGS: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: CODED,
    stories: /old name|whatever there is/,
    what: /^Content-Encoding: (br|zstd|gzip|none), not (none|gzip)$/,
    section: "9110 §12.5.3",
    reason: "* stands for all codings, and x-gzip for gzip; others know neither",
  },
  {
    from: ["nginx", "Caddy"],
    groups: CODED,
    stories: /^as it is, rather than coded$/,
    what: /^Content-Encoding: none, not gzip$/,
    section: "9110 §12.5.3",
    reason: "who likes it better as it is gets it so; others do not weigh identity",
  },
  {
    from: ["nginx", "Caddy"],
    groups: CODED,
    stories: /^two lines that make one list$/,
    what: /^Content-Encoding: zstd, not gzip$/,
    section: "9110 §5.3",
    reason: "two lines of Accept-Encoding are one list; others read the first",
  },
  {
    from: ["Caddy"],
    groups: CODED,
    stories: /cannot be read|^the first of two lines/,
    what: /^Content-Encoding: (none, not gzip|gzip, not br)$/,
    section: "9110 §12.4.2",
    reason: "a weight that is none says nothing, and 0 says no; to Caddy both may be a yes",
  },
  {
    from: ["nginx"],
    groups: ["codings"],
    what: /^Content-Encoding: br, not gzip$/,
    section: "9110 §12.5.3",
    reason: "nginx has no Brotli nor Zstandard of its own",
  },
  {
    from: ["nginx"],
    groups: CODED,
    stories: /through a proxy/,
    what: /^Content-Encoding: gzip, not none$/,
    section: "9110 §12.5.3",
    reason: "Accept-Encoding is the client's, whoever stands between; nginx heeds Via",
  },
  {
    from: ["nginx"],
    groups: CODED,
    stories: /^compressed only/,
    what: /^(status: 404, not 200|Vary: none, not accept-encoding)$/,
    section: "9110 §12.5.3",
    reason: "a file is there for all clients or for none; nginx sends its compressed form alone",
  },
  {
    from: ["Caddy"],
    groups: CODED,
    what: /^Vary: accept-encoding, not none$/,
    section: "9110 §12.5.5",
    reason: "Vary goes with what was not compressed too, or caches give it to everybody",
  },
  {
    from: ["Caddy"],
    groups: CODED,
    stories: /^HEAD, compressed$/,
    what: /^Content-Length: \d+, not none$/,
    section: "9110 §9.3.2",
    reason: "HEAD has the fields of GET; Caddy leaves out the length of what is compressed",
  },
];

const ABOUT_TYPES: readonly Decision[] = [
  {
    from: ["Caddy"],
    groups: ALL_FILES,
    what: /^Content-Type: .+, not (none)?$/,
    section: "9110 §8.3",
    reason: "a type is always told, so that nobody guesses; Caddy tells those that it knows",
  },
  {
    from: ["nginx"],
    groups: ["types", "combined"],
    what: /^Content-Type: .+, not application\/octet-stream$/,
    section: "9110 §8.3",
    reason: "types that nginx's list does not have",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["types"],
    stories: /json$/,
    what: /^Content-Type: application\/(.*)json; charset=utf-8, not application\/\1json$/,
    section: "8259 §11",
    reason: "the library adds a charset to JSON, which has none to choose: no harm",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["types"],
    stories: /\.(js|xml|ico|iso|wav|m3u8|ts|so)$/,
    what: /^Content-Type: /,
    section: "9110 §8.3",
    reason: "another name for the same, or another thing of the same suffix: the library's choice",
  },
];

/** On what is sent of a file: its type, its coding, its ranges, and whether it is sent at all. */
export const FILE_DECISIONS: readonly Decision[] = [
  ...ABOUT_CODINGS,
  ...ABOUT_TYPES,
  ...RANGE_DECISIONS,
  ...CONDITION_DECISIONS,
];
