import { type ComparedRequest, comparedRequest } from "./compared_request.ts";
import { ODD_NAMES, TYPED } from "./served_tree.ts";

type PathRow = readonly [story: string, target: string];

function paths(group: string, section: string, rows: readonly PathRow[]): ComparedRequest[] {
  return rows.map(([story, target]) => comparedRequest(group, { section, story }, target));
}

const PLAIN: readonly PathRow[] = [
  ["the root", "/"],
  ["a file", "/dated.txt"],
  ["a file of the future", "/future.txt"],
  ["a query", "/dated.txt?a=b"],
  ["an empty query", "/dated.txt?"],
  ["a query with slashes and dots", "/dated.txt?/../x"],
  ["a query with a bad escape", "/dated.txt?%zz"],
  ["a query with an encoded NUL", "/dated.txt?%00"],
  ["nothing of that name", "/none"],
  ["nothing in a directory", "/dir/none.txt"],
  ["other capitals", "/DATED.TXT"],
  ["below a file", "/dated.txt/x"],
  ["a file as if it were a directory", "/dated.txt/"],
  ["nothing as if it were a directory", "/none/"],
  ["the built-in test file", "/test.bin"],
  ["an empty file", "/sizes/0.pdf"],
  ["10000 octets", "/sizes/10000.pdf"],
  ["a name of 255 octets", `/${"a".repeat(255)}`],
  ["a name of 256 octets", `/${"a".repeat(256)}`],
  ["a path of 5000 octets", `/${"a/".repeat(2500)}`],
];

const DIRECTORIES: readonly PathRow[] = [
  ["with an index", "/dir/"],
  ["without its slash", "/dir"],
  ["without its slash, with a query", "/dir?a=b"],
  ["without its slash, with an empty query", "/dir?"],
  ["with a query", "/dir/?a=b"],
  ["its index by name", "/dir/index.html"],
  ["a file in it", "/dir/page.html"],
  ["SP in its name, without its slash", "/dir/a%20b"],
  ["SP in its name, in a directory without index", "/dir/a%20b/"],
  ["without index", "/dir/sub/"],
  ["without index, without its slash", "/dir/sub"],
  ["with nothing in it", "/dir/nothing/"],
  ["with nothing in it, without its slash", "/dir/nothing"],
  ["an index that is a directory", "/nested/"],
  ["an index that is a directory, by name", "/nested/index.html"],
  ["one that nobody made", "/none/"],
  ["an encoded slash at its end", "/dir%2F"],
  ["two slashes at its end", "/dir//"],
  ["an escaped letter, without its slash", "/%64ir"],
];

const SEGMENTS: readonly PathRow[] = [
  ["two slashes before a file", "//dated.txt"],
  ["two slashes before a directory", "//dir"],
  ["two slashes within", "/dir//page.html"],
  ["many slashes", "////"],
  ["what looks like an authority", "//evil.example"],
  ["what looks like an authority, with a slash", "//evil.example/"],
  ["what looks like an authority, then a directory", "//evil.example/../dir"],
  ["backslashes that look like an authority", "/\\evil.example/../dir"],
  ["a dot", "/./dated.txt"],
  ["a dot at the end", "/dir/."],
  ["two dots", "/dir/../dated.txt"],
  ["two dots at the end", "/dir/sub/.."],
  ["two dots above the root", "/../outside/secret.txt"],
  ["many dots above the root", "/../../../../../../etc/passwd"],
  ["two dots through a file", "/dated.txt/../dated.txt"],
  ["two dots through nothing", "/none/../dated.txt"],
  ["two dots through a link to outside", "/link-out/../root/dated.txt"],
  ["three dots", "/dir/.../dated.txt"],
  ["encoded dots", "/%2e%2e/outside/secret.txt"],
  ["one dot encoded", "/.%2e/outside/secret.txt"],
  ["encoded dots, capital digits", "/dir/%2E%2E/dated.txt"],
  ["an encoded dot", "/%2e/dated.txt"],
  ["an encoded slash behind dots", "/..%2foutside%2fsecret.txt"],
  ["an encoded slash for a slash", "/dir%2Fpage.html"],
  ["a path of encoded slashes", "/%2fetc%2fpasswd"],
  ["encoded twice", "/%252e%252e/outside/secret.txt"],
  ["a slash encoded twice", "/dir%252Fpage.html"],
  ["a backslash for a slash", "/dir\\page.html"],
  ["dots and backslashes", "/..\\outside\\secret.txt"],
  ["encoded backslashes", "/..%5coutside%5csecret.txt"],
  ["dots in overlong UTF-8", "/%c0%ae%c0%ae/outside/secret.txt"],
  ["a slash in overlong UTF-8", "/..%c0%afoutside%c0%afsecret.txt"],
  ["dots with a parameter", "/..;/outside/secret.txt"],
  ["a parameter behind a file", "/dated.txt;a=b"],
  ["fullwidth dots", "/%ef%bc%8e%ef%bc%8e/outside/secret.txt"],
];

const ESCAPES: readonly PathRow[] = [
  ["every letter escaped", "/%64%61%74%65%64%2e%74%78%74"],
  ["small digits", "/odd/%e6%97%a5%e6%9c%ac.txt"],
  ["no digits", "/dated%zz.txt"],
  ["one digit", "/dated.tx%7"],
  ["a percent sign at the end", "/dated.txt%"],
  ["a percent sign alone", "/%"],
  ["no UTF-8", "/%ff%fe"],
  ["half a character", "/%c3"],
  ["a surrogate", "/%ed%a0%80"],
  ["beyond Unicode", "/%f4%90%80%80"],
  ["IIS's %u", "/%u0064ated.txt"],
  ["NUL", "/dated.txt%00"],
  ["NUL before an end of another type", "/dated.txt%00.html"],
  ["NUL in the middle", "/da%00ted.txt"],
  ["CR and LF", "/dated.txt%0d%0aX-Evil:%20x"],
  ["CR and LF before a directory's slash", "/dir%0d%0a"],
  ["SP behind a name", "/dated.txt%20"],
  ["a dot behind a name", "/dated.txt."],
  ["a stream of NTFS", "/dated.txt::$DATA"],
  ["composed, where the name is decomposed", "/odd/caf%c3%a9.txt"],
  ["not escaped at all: UTF-8", "/odd/gr\xc3\xbc\xc3\x9fe.txt"],
  ["not escaped at all: no UTF-8", "/odd/\xff"],
  ["not escaped at all: a quote", '/odd/quote".txt'],
  ["not escaped at all: less than", "/odd/less<.txt"],
  ["a plus sign is no SP", "/odd/a+b.txt"],
];

const HIDDEN: readonly PathRow[] = [
  ["a file", "/.hidden"],
  ["a file that is not there", "/.none"],
  ["a file in a directory", "/dir/.x"],
  ["a directory", "/dir/.hidden"],
  ["a file in such a directory", "/dir/.hidden/x.txt"],
  ["what RFC 8615 has there", "/.well-known/x"],
  ["two dots that are part of a name", "/..double"],
  ["three dots", "/..."],
  ["with its dot encoded", "/%2ehidden"],
];

const LINKS: readonly PathRow[] = [
  ["to a file", "/link.txt"],
  ["to a directory", "/link-dir/"],
  ["to a directory, without its slash", "/link-dir"],
  ["to a directory, and a file in it", "/link-dir/page.html"],
  ["to a file by way of two dots", "/link-up.txt"],
  ["to nothing", "/link-broken"],
  ["to itself", "/link-loop"],
  ["to a file outside", "/link-out.txt"],
  ["to a directory outside", "/link-out/"],
  ["to a directory outside, without its slash", "/link-out"],
  ["to a hidden file", "/link-hidden.txt"],
  ["to a directory outside, and a file in it", "/link-out/secret.txt"],
];

/** A name as a link to it has it: all but letters, digits and dots escaped. */
function escaped(name: string): string {
  const octets = new TextEncoder().encode(name);
  return Array.from(octets, (octet) => {
    const character = String.fromCharCode(octet);
    if (/[A-Za-z0-9.]/.test(character)) return character;
    return `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** Requests for all kinds of paths. */
export const PATH_REQUESTS: readonly ComparedRequest[] = [
  ...paths("files", "9110 §9.3.1", PLAIN),
  ...paths("directories", "9110 §15.4.2", DIRECTORIES),
  ...paths("dot segments", "3986 §3.3", SEGMENTS),
  ...paths("escapes", "3986 §2.1", ESCAPES),
  ...paths("dot names", "9110 §17.3", HIDDEN),
  ...paths("links", "9110 §17.3", LINKS),
  ...paths(
    "odd names",
    "3986 §2.1",
    ODD_NAMES.map((name) => [JSON.stringify(name), `/odd/${escaped(name)}`] as const),
  ),
  ...paths("types", "9110 §8.3", TYPED.map((name) => [name, `/types/${name}`] as const)),
];
