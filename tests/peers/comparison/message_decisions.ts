import type { Decision } from "./decision.ts";

const METHODS = ["methods", "content", "request lines", "combined"];
const HEADS = ["request lines", "field lines", "content"];

const ABOUT_METHODS: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: METHODS,
    what: /^status: 204, not (200|308|40[045])$/,
    section: "9110 §9.3.7",
    reason: "OPTIONS is answered with Allow; nginx refuses it, Caddy sends the file",
  },
  {
    from: ["Caddy"],
    groups: METHODS,
    what: /^status: (405|501), not (200|308|404|412)$/,
    section: "9110 §9.1",
    reason: "only GET and HEAD read; Caddy takes all methods for GET",
  },
  {
    from: ["nginx"],
    groups: METHODS,
    what: /^status: 501, not 40[05]$/,
    section: "9110 §9.1",
    reason: "an unknown method is 501, as recommended; nginx says 405, in small letters 400",
  },
  {
    from: ["nginx"],
    groups: METHODS,
    what: /^Allow: get, head, options, not none$/,
    section: "9110 §15.5.6",
    reason: "a 405 must say what is allowed; nginx does not",
  },
  {
    from: ["nginx"],
    groups: ["methods"],
    stories: /^POST /,
    what: /^status: 405, not (301|403|404)$/,
    section: "9110 §9.1",
    reason: "the method is judged before the path; with POST nginx looks for the file first",
  },
  {
    from: ["nginx"],
    groups: ["request lines"],
    stories: /^authority form$/,
    what: /^status: 405, not 400$/,
    section: "9110 §9.3.6",
    reason: "CONNECT is a method that we know and do not allow; nginx cannot read its target",
  },
];

const ABOUT_LINES: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: HEADS,
    stories: /another scheme|authority form, GET|asterisk form, GET|user information/,
    what: /^status: 400, not (200|308|404)$/,
    section: "9112 §3.2",
    reason: "a target of no form that its method may have is refused",
  },
  {
    from: ["nginx", "Caddy"],
    groups: HEADS,
    stories: /a fragment/,
    what: /^status: 400, not (200|404)$/,
    section: "9112 §3.2",
    reason: "no target holds a fragment; nginx cuts it off, Caddy takes it for part of a name",
  },
  {
    from: ["Caddy"],
    groups: HEADS,
    stories: /^absolute form, no path/,
    what: /^status: 200, not 308$/,
    section: "9112 §3.2.1",
    reason: "an empty path means the root; Caddy redirects to it",
  },
  {
    from: ["nginx"],
    groups: HEADS,
    stories: /^(two SP|HTTP\/1\.10)$/,
    what: /^status: 400, not 200$/,
    section: "9112 §3",
    reason: "a request line has two SP, and a version one digit on each side; nginx bears more",
  },
  {
    from: ["nginx"],
    groups: HEADS,
    stories: /^no version$/,
    what: /^status: 400, not content without a head$/,
    section: "9112 §C.1",
    reason: "nginx still speaks HTTP/0.9",
  },
  {
    from: ["nginx"],
    groups: HEADS,
    stories: /^HTTP\/0\.9 by its number$/,
    what: /^status: 505, not 400$/,
    section: "9110 §15.6.6",
    reason: "another major version is a 505; to nginx 0.9 with its number is no version",
  },
  {
    from: ["nginx", "Caddy"],
    groups: HEADS,
    stories: /request line of 9000|101 lines|40000 octets/,
    what: /^status: (414|431), not (200|400)$/,
    section: "9110 §17.5",
    reason: "smaller limits than Caddy's (1 MiB) and on lines, which nginx does not count",
  },
  {
    from: ["Caddy"],
    groups: HEADS,
    stories: /^two empty lines$/,
    what: /^status: 200, not 400$/,
    section: "9112 §2.2",
    reason: "empty lines before a request are passed over; Caddy bears none",
  },
];

const ABOUT_FIELDS: readonly Decision[] = [
  {
    from: ["nginx"],
    groups: HEADS,
    stories: /expects something else/,
    what: /^status: 417, not 200$/,
    section: "9110 §10.1.1",
    reason: "an expectation that cannot be met is told; nginx passes over it",
  },
  {
    from: ["Caddy"],
    groups: HEADS,
    stories: /^an empty Host$/,
    what: /^status: 400, not 200$/,
    section: "9112 §3.2",
    reason: "no http URI lacks a host",
  },
  {
    from: ["nginx", "Caddy"],
    groups: HEADS,
    stories: /without colon|no name|folded|bare LF|a control/,
    what: /^status: 400, not 200$/,
    section: "9112 §5",
    reason: "a field line that two can read in two ways is refused",
  },
  {
    from: ["Caddy"],
    groups: HEADS,
    stories: /^(both lengths|the same length twice)$/,
    what: /^status: 400, not 200$/,
    section: "9112 §6.3",
    reason: "a body whose end two can see in two places is refused",
  },
];

/** On methods, request lines and field lines. */
export const MESSAGE_DECISIONS: readonly Decision[] = [
  ...ABOUT_METHODS,
  ...ABOUT_LINES,
  ...ABOUT_FIELDS,
];
