import type { Decision } from "./decision.ts";

const ANYWHERE = ["ranges", "If-Range", "combined", "codings", "gzip only", "field lines"];

const ANSWERED_OTHERWISE: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    stories: /empty file/,
    what: /^status: 200, not (206|416)$/,
    section: "9110 §14.2",
    reason: "an empty file has no ranges: all of it is sent",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    stories: /17 ranges|1300 times/,
    what: /^status: 200, not 206$/,
    section: "9110 §17.15",
    reason: "more than 16 ranges get the whole; others have no such limit",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    stories: /a sign|SP within|backwards, beside/,
    what: /^status: 200, not 206$/,
    section: "9110 §14.1.1",
    reason: "a Range is valid as a whole or ignored; others read what they can",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    what: /^status: 200, not 416$/,
    section: "9110 §14.2",
    reason: "an invalid Range, or one of another unit, is ignored; others answer 416",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    stories: /2\^6[34]|any number/,
    what: /^status: 206, not 416$/,
    section: "9110 §14.1.2",
    reason: "positions of any size mean what they say; others stop at 63 bits",
  },
  {
    from: ["Caddy"],
    groups: ["ranges"],
    stories: /^a unit in /,
    what: /^status: 206, not 416$/,
    section: "9110 §14.1",
    reason: "units are the same in capitals",
  },
  {
    from: ["nginx"],
    groups: ["ranges"],
    stories: /HTAB|empty members/,
    what: /^status: 206, not 416$/,
    section: "9110 §5.6.1.2",
    reason: "lists may have HTAB and empty members",
  },
  {
    from: ["Caddy"],
    groups: ["ranges"],
    stories: /the last none|all beyond/,
    what: /^status: 416, not 206$/,
    section: "9110 §14.1.2",
    reason: "the last 0 octets cannot be sent; Caddy sends a range that ends before it begins",
  },
];

const ASKED_BY_HEAD: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: ["combined"],
    stories: /^HEAD and (a Range|several ranges)/,
    what: /^status: 200, not (206|416)$/,
    section: "9110 §14.2",
    reason: "Range is defined for GET alone; others answer HEAD as they would GET",
  },
];

const SENT_OTHERWISE: readonly Decision[] = [
  {
    from: ["Caddy"],
    groups: ["ranges"],
    stories: /the last none/,
    what: /^content: 0-0: \w+, not parts 1000-999 0-0: /,
    section: "9110 §14.1.2",
    reason: "the last 0 octets are no part; Caddy sends one that ends before it begins",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    stories: /^two lines that make one list$/,
    what: /^content: parts 0-0 500-500: \w+, not 0-0: /,
    section: "9110 §5.3",
    reason: "two lines of Range are one list; others read the first",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["ranges"],
    what: /^content: .*\d: \w+, not parts [-\d ]+: /,
    section: "9110 §15.3.7.2",
    reason: "ranges that overlap, or lie closer than a part's head is long, are sent as one",
  },
  {
    from: ["Caddy"],
    groups: ["ranges"],
    stories: /^from /,
    what: /^Content-Range: bytes \*\/100, not none$/,
    section: "9110 §15.5.17",
    reason: "a 416 tells the length; Caddy does where it could read the number",
  },
  {
    from: ["nginx"],
    groups: ANYWHERE,
    what: /^Accept-Ranges: bytes, not none$/,
    section: "9110 §14.3",
    reason: "Accept-Ranges goes with 206 and with what is compressed; nginx leaves it out",
  },
  {
    from: ["nginx"],
    groups: ["combined"],
    stories: /, compressed$/,
    what: /^status: 206, not 200$/,
    section: "9110 §14.2",
    reason: "what was compressed beforehand has ranges too",
  },
];

/** On ranges. */
export const RANGE_DECISIONS: readonly Decision[] = [
  ...ANSWERED_OTHERWISE,
  ...ASKED_BY_HEAD,
  ...SENT_OTHERWISE,
];
