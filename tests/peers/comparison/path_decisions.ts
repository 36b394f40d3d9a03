import type { Decision } from "./decision.ts";

const SEGMENTS = ["dot segments", "directories", "escapes"];

const ABOUT_NAMES: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: ["dot names", "methods"],
    stories: /^(?!POST)/,
    what: /^status: 404, not (200|301)$/,
    section: "9110 §17.3",
    reason: "names that begin with a dot are hidden: .git and .env are seldom meant to be served",
  },
  {
    from: ["nginx", "Caddy"],
    groups: SEGMENTS,
    stories: /dots?\b|looks? like an authority/,
    what: /^status: 404, not (200|30[18]|400)$/,
    section: "3986 §5.2.4",
    reason: "clients resolve dot segments; what still has them is not meant to find anything",
  },
  {
    from: ["nginx", "Caddy"],
    groups: SEGMENTS,
    stories: /encoded slash/,
    what: /^status: 404, not 200$/,
    section: "3986 §2.2",
    reason: "an encoded slash is part of a name, not a slash",
  },
  {
    from: ["nginx", "Caddy"],
    groups: SEGMENTS,
    stories: /^not escaped at all: (no )?UTF-8$/,
    what: /^status: 400, not (200|404)$/,
    section: "9112 §3.2",
    reason: "a target is visible ASCII; clients escape the rest",
  },
  {
    from: ["nginx", "Caddy"],
    groups: SEGMENTS,
    stories: /^NUL/,
    what: /^status: 404, not [45]00$/,
    section: "9110 §15.5.5",
    reason: "there is nothing of such a name; nginx says 400, Caddy fails with a 500",
  },
  {
    from: ["Caddy"],
    groups: ["files", "links"],
    what: /^status: 404, not 500$/,
    section: "9110 §15.5.5",
    reason: "a name too long, or a link without end, leads nowhere; Caddy fails with a 500",
  },
];

const ABOUT_DIRECTORIES: readonly Decision[] = [
  {
    from: ["Caddy"],
    groups: ["directories", "dot segments", "links", "methods", "combined", "request lines"],
    what: /^status: 301, not 308$/,
    section: "9110 §15.4.2",
    reason: "301 as nginx has it: all clients know it, and only GET and HEAD get there",
  },
  {
    from: ["Caddy"],
    groups: ["directories"],
    what: /^status: 301, not 404$/,
    section: "9110 §15.4.2",
    reason: "a directory is redirected to its slash, whatever is in it, as nginx does",
  },
  {
    from: ["nginx"],
    groups: ["directories", "methods", "links"],
    what: /^status: 404, not 403$/,
    section: "9110 §15.5.4",
    reason: "what has nothing to show is not found; nginx says that it is forbidden",
  },
  {
    from: ["nginx"],
    groups: ["directories"],
    stories: /^an index that is a directory$/,
    what: /^status: 404, not 301$/,
    section: "9110 §15.4.2",
    reason: "only a file is an index; nginx redirects to the directory of that name",
  },
  {
    from: ["nginx"],
    groups: ["directories", "dot segments"],
    stories: /empty query|escaped letter|two slashes/,
    what: /^Location: /,
    section: "9110 §10.2.2",
    reason: "the target as it was asked for, and a slash; nginx writes it anew",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["links"],
    stories: /outside/,
    what: /^status: 404, not (200|301)$/,
    section: "9110 §17.3",
    reason: "links are followed as long as they end below the root; others follow all",
  },
];

const ABOUT_FILES: readonly Decision[] = [
  {
    from: ["nginx", "Caddy"],
    groups: ["files"],
    stories: /^the built-in test file$/,
    what: /^status: 200, not 404$/,
    section: "9110 §9.3.1",
    reason: "the performance test's file is there even where nobody put it",
  },
  {
    from: ["nginx", "Caddy"],
    groups: ["files"],
    stories: /^a file of the future$/,
    what: /^Last-Modified: now, not /,
    section: "9110 §8.8.2.1",
    reason: "Last-Modified must not be later than Date",
  },
];

/** On paths, directories, links and names. */
export const PATH_DECISIONS: readonly Decision[] = [
  ...ABOUT_NAMES,
  ...ABOUT_DIRECTORIES,
  ...ABOUT_FILES,
];
