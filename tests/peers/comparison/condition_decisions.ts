import type { Decision } from "./decision.ts";

const ABOUT_TAGS: readonly Decision[] = [
  {
    from: ["Caddy"],
    groups: ["preconditions"],
    stories: /behind (the tag|it)|any, |of no tags|^nothing: /,
    what: /^status: (200, not 304|412, not 200)$/,
    section: "9110 §13.1.1",
    reason: "what is no entity-tag matches nothing; Caddy looks at how the list begins, if at all",
  },
  {
    from: ["Caddy"],
    groups: ["preconditions"],
    stories: /garbage before|open quote before/,
    what: /^status: 304, not 200$/,
    section: "9110 §13.1.2",
    reason: "beside what is no entity-tag, those that are count; Caddy stops there",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["preconditions"],
    stories: /^on the second line$/,
    what: /^status: 304, not (200|400)$/,
    section: "9110 §5.3",
    reason: "two lines of If-None-Match are one list; nginx refuses them, Caddy reads the first",
  },
  {
    from: ["Caddy"],
    groups: ["If-Range"],
    stories: /^(two tags|nothing)$/,
    what: /^status: 200, not 206$/,
    section: "9110 §13.1.5",
    reason: "If-Range holds one validator, or else the whole is sent",
  },
];

const ABOUT_DATES: readonly Decision[] = [
  {
    from: ["nginx"],
    groups: ["preconditions"],
    stories: /^(a second after|far in the future)$/,
    what: /^status: 304, not 200$/,
    section: "9110 §13.1.3",
    reason: "not modified since then, even if that is not its date; nginx wants that very date",
  },
  {
    from: ["nginx"],
    groups: ["preconditions"],
    stories: /: ignored$/,
    what: /^status: 200, not (304|412)$/,
    section: "9110 §13.1.4",
    reason: "what is no date is ignored; nginx reads some, and takes the rest for long ago",
  },
  {
    from: ["nginx"],
    groups: ["preconditions"],
    stories: /^tag says same, date says newer$/,
    what: /^status: 304, not 200$/,
    section: "9110 §13.1.3",
    reason: "If-None-Match outweighs If-Modified-Since; nginx wants both to hold",
  },
  {
    from: ["nginx"],
    groups: ["preconditions"],
    stories: /^If-Match holds, If-Unmodified-Since does not$/,
    what: /^status: 200, not 412$/,
    section: "9110 §13.1.4",
    reason: "If-Match outweighs If-Unmodified-Since; nginx wants both to hold",
  },
  {
    from: ["nginx"],
    groups: ["preconditions", "combined"],
    what: /^Last-Modified: none, not /,
    section: "9110 §15.4.5",
    reason: "a 304 with an ETag needs no date",
  },
];

/** On conditional requests. */
export const CONDITION_DECISIONS: readonly Decision[] = [...ABOUT_TAGS, ...ABOUT_DATES];
