import type { Case } from "./case.ts";

/** A request-target of a file server; `raw` is its path. */
export interface PathCase extends Case {
  /** The names from the root down that it means, an empty one last for a directory; or a status. */
  readonly means: readonly string[] | 400 | 404;
  /** Where that depends on the system, the one that this row is about; by default all. */
  readonly system?: "windows" | "other";
}

function path(section: string, story: string, raw: string, ...means: string[]): PathCase {
  return { section, story, raw, means };
}

function refused(section: string, story: string, means: 400 | 404, ...raws: string[]): PathCase[] {
  return raws.map((raw) => ({ section, story, raw, means }));
}

const PLAIN: readonly PathCase[] = [
  path("3986 §3.3", "the root", "/", ""),
  path("3986 §3.3", "a file", "/a", "a"),
  path("3986 §3.3", "a directory", "/a/", "a", ""),
  path("3986 §3.3", "a file in a directory", "/a/b.html", "a", "b.html"),
  path("3986 §6.2.2", "names are the same in no other case", "/A/a", "A", "a"),
  path("3986 §2.3", "a tilde", "/~user", "~user"),
  path("3986 §3.3", "a plus sign is no SP", "/a+b", "a+b"),
  path("3986 §3.3", "a dot at the end", "/a.", "a."),
  path("3986 §3.3", "dots within", "/a..b", "a..b"),
  path("3986 §3.3", "dots at the end", "/a/b...", "a", "b..."),
];

const QUERIES: readonly PathCase[] = [
  path("3986 §3.4", "a query with slashes and dots", "/?a=/b/..", ""),
  path("3986 §3.4", "a query with a slash", "/a/b.html?c/d", "a", "b.html"),
  path("3986 §3.4", "an empty query", "/a?", "a"),
  path("3986 §3.4", "an empty query of a directory", "/a/?", "a", ""),
  path("3986 §3.4", "two slashes in a query", "/a?b//c", "a"),
  ...["..", "%00", "%zz", "%ff", "/../", "\\", "?", "//"].map((query) =>
    path("3986 §3.4", "a query that means nothing in a path", `/a?${query}`, "a")
  ),
];

const ESCAPED: readonly PathCase[] = [
  path("3986 §2.1", "SP", "/a%20b", "a b"),
  path("3986 §2.1", "letters", "/%61%62", "ab"),
  path("3986 §2.5", "UTF-8", "/%c3%a9%E2%82%AC", "é€"),
  path("3986 §2.5", "UTF-8 of four bytes", "/%F0%9F%90%91", "🐑"),
  path("3986 §2.4", "a percent sign", "/100%25", "100%"),
  path("3986 §2.4", "decoded once, dots", "/%252e%252e", "%2e%2e"),
  path("3986 §2.4", "decoded once, a slash", "/%252f", "%2f"),
  path("3986 §2.1", "quotes", "/%22%27%3c", "\"'<"),
  path("3986 §2.2", "delimiters", "/%3f%23", "?#"),
  path("3986 §2.1", "a line feed", "/a%0ab", "a\nb"),
  path("3986 §2.5", "a fullwidth slash", "/%EF%BC%8Fetc", "／etc"),
];

/** As nginx and Caddy: a base URL that ends in a slash is put before a path that begins with one. */
const EMPTY_SEGMENTS: readonly PathCase[] = [
  path("3986 §3.3", "nothing but slashes", "//", ""),
  path("3986 §3.3", "nothing but many slashes", "////", ""),
  path("3986 §3.3", "two slashes first", "//a", "a"),
  path("3986 §3.3", "two slashes within", "/a//b", "a", "b"),
  path("3986 §3.3", "slashes everywhere", "///a///b.html", "a", "b.html"),
  path("3986 §3.3", "two slashes last", "/a//", "a", ""),
  path("3986 §3.3", "two slashes before a query", "/a//?b", "a", ""),
  path("3986 §3.3", "what looks like an authority", "//evil.example/b", "evil.example", "b"),
  ...refused("9110 §17.3", "dots behind two slashes", 404, "//..", "/a//..//b", "//.git//config"),
];

const HIDDEN: readonly PathCase[] = [
  ...refused("3986 §5.2.4", "dot segments", 404, "/..", "/../a", "/a/..", "/a/../b", "/a/../../b"),
  ...refused("3986 §5.2.4", "a dot segment", 404, "/.", "/./a", "/a/.", "/.../a"),
  ...refused("3986 §5.2.4", "encoded dots", 404, "/%2e", "/%2e%2e", "/%2E%2e/a", "/.%2e/a"),
  ...refused("3986 §5.2.4", "encoded dots", 404, "/%2e./a", "/a/%2e%2e/b"),
  ...refused("9110 §17.3", "dot names", 404, "/.git/config", "/.htaccess", "/a/.ssh/id", "/%2egit"),
];

const WELL_KNOWN: readonly PathCase[] = [
  path("8615 §3", "a well-known file", "/.well-known/security.txt", ".well-known", "security.txt"),
  path("8615 §3", "the directory of those", "/.well-known/", ".well-known", ""),
  path("8615 §3", "the same, encoded", "/%2ewell-known/a", ".well-known", "a"),
  path(
    "8555 §8.3",
    "a challenge of ACME",
    "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0",
    ...[".well-known", "acme-challenge", "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"],
  ),
  ...refused("8615 §3", "only at the root", 404, "/a/.well-known/b", "/a/.well-known/"),
  ...refused("8615 §3", "dot names in it", 404, "/.well-known/.git", "/.well-known/../a"),
  ...refused("8615 §3", "names that only begin so", 404, "/.well-known2/a", "/.well-know/a"),
  ...refused("8615 §3", "names in other capitals", 404, "/.Well-Known/a"),
];

const SEPARATORS: readonly PathCase[] = [
  ...refused("3986 §2.2", "an encoded slash", 404, "/%2f", "/a%2fb", "/a%2F..%2Fb", "/%2e%2e%2fa"),
  ...refused("3986 §2.2", "an encoded slash", 404, "/..%2f..%2fetc/passwd"),
  ...refused("9110 §17.3", "NUL", 404, "/%00", "/a%00", "/a%00.html", "/%00/a"),
  ...refused("9110 §17.3", "dots and backslashes", 404, "/..\\..\\a", "/%2e%2e%5ca", "/..%5ca"),
  { ...path("3986 §2.1", "a backslash", "/a\\b", "a\\b"), system: "other" },
  { ...path("3986 §2.1", "an encoded backslash", "/a%5Cx2db", "a\\x2db"), system: "other" },
  { ...path("3986 §2.1", "a backslash first", "/\\a/b", "\\a", "b"), system: "other" },
  { ...path("3986 §2.1", "dots behind one", "/a%5C..%5C..%5Cb", "a\\..\\..\\b"), system: "other" },
  ...refused("9110 §17.3", "a separator", 404, "/a\\b", "/a%5cb", "/a%5C..%5C..%5Cb").map((
    row,
  ) => ({
    ...row,
    system: "windows" as const,
  })),
];

const MALFORMED: readonly PathCase[] = [
  ...refused(
    "3986 §2.1",
    "no escape",
    400,
    "/%",
    "/a%",
    "/a%2",
    "/%zz",
    "/%u0041",
    "/%2",
    "/a/%g0/b",
  ),
  ...refused("3986 §2.1", "one that is, one that is not", 400, "/%ff%", "/%zz%ff"),
  // An escape stands for a byte, whatever the charset: nothing is wrong with these.
  ...refused("3986 §2.5", "no UTF-8", 404, "/%ff", "/%c3%28", "/caf%e9.txt", "/caf%E9/", "/%80"),
  ...refused("3629 §3", "cut off", 404, "/%c3", "/a/%e2%82/b"),
  ...refused("3629 §3", "overlong", 404, "/%c0%af", "/%c0%ae%c0%ae", "/%e0%80%af"),
  ...refused("3629 §3", "a surrogate", 404, "/%ed%a0%80"),
  ...refused("3629 §3", "beyond Unicode", 404, "/%f5%80%80%80"),
];

/** Paths as a file server reads them. */
export const PATHS: readonly PathCase[] = [
  ...PLAIN,
  ...QUERIES,
  ...ESCAPED,
  ...EMPTY_SEGMENTS,
  ...HIDDEN,
  ...WELL_KNOWN,
  ...SEPARATORS,
  ...MALFORMED,
];
