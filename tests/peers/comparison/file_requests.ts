import type { Case } from "../../cases/case.ts";
import { ifRanges } from "../../cases/if_ranges.ts";
import { type DatedFile, preconditions } from "../../cases/preconditions.ts";
import { CODINGS } from "../../cases/preferences.ts";
import { RANGE_SETS } from "../../cases/range_sets.ts";
import { RANGES } from "../../cases/ranges.ts";
import { type ComparedRequest, comparedRequest } from "./compared_request.ts";

/** What one server says of the two files whose validators are sent back to it. */
export interface Validators {
  /** Of `DATED`. */
  readonly plain: DatedFile;
  /** Of `CODED`, compressed. */
  readonly coded: DatedFile;
}

/** A file without precompressed siblings. */
export const DATED = "/dated.txt";

/** A file that is there with gzip as well. */
export const CODED = "/coded/gzip.css";

/** The field line that has it compressed. */
export const GZIP = "Accept-Encoding: gzip\r\n";

const RANGE = "Range: bytes=1-2\r\n";

/** The rows of a table about field lines, asked of one file. */
function rows(
  group: string,
  cases: readonly Case[],
  target: string,
  before = "",
): ComparedRequest[] {
  return cases.map((row) => comparedRequest(group, row, target, { lines: `${before}${row.raw}` }));
}

function rangeRequests(): ComparedRequest[] {
  return [...RANGES, ...RANGE_SETS].map((row) =>
    comparedRequest("ranges", row, `/sizes/${row.length}.pdf`, { lines: row.raw })
  );
}

type LinesRow = readonly [story: string, method: string, target: string, lines: string];

const none = (tag: string) => `If-None-Match: ${tag}\r\n`;
const match = (tag: string) => `If-Match: ${tag}\r\n`;

/** What the tables do not have: other methods, other targets. */
function mixedRows({ plain }: Validators): LinesRow[] {
  return [
    ["HEAD and a Range", "HEAD", DATED, RANGE],
    ["HEAD and several ranges", "HEAD", "/sizes/10000.pdf", "Range: bytes=0-0,-1\r\n"],
    ["HEAD and a Range beyond", "HEAD", DATED, "Range: bytes=999-\r\n"],
    ["HEAD and its tag", "HEAD", DATED, none(plain.entityTag)],
    ["HEAD and another tag wanted", "HEAD", DATED, match('"x"')],
    ["HEAD and its date", "HEAD", DATED, `If-Modified-Since: ${plain.lastModified}\r\n`],
    ["a Range, and its tag", "GET", DATED, RANGE + none(plain.entityTag)],
    ["a Range, and another tag wanted", "GET", DATED, RANGE + match('"x"')],
    ["a Range beyond, and its tag", "GET", DATED, `Range: bytes=999-\r\n${none(plain.entityTag)}`],
    ["If-Range without Range", "GET", DATED, `If-Range: ${plain.entityTag}\r\n`],
    ["a Range of nothing there", "GET", "/none", RANGE],
    ["a tag of nothing there", "GET", "/none", none("*")],
    ["a tag wanted of nothing there", "GET", "/none", match("*")],
    ["a Range of a directory", "GET", "/dir", RANGE],
    ["a Range of an index", "GET", "/dir/", RANGE],
    ["POST and another tag wanted", "POST", DATED, match('"x"')],
  ];
}

/** Conditions and ranges of what is compressed. */
function codedRows({ coded }: Validators): LinesRow[] {
  return [
    ["a Range, compressed", "GET", CODED, GZIP + RANGE],
    ["its tag, compressed", "GET", CODED, GZIP + none(coded.entityTag)],
    ["its tag, and not compressed any more", "GET", CODED, none(coded.entityTag)],
    ["its tag wanted, compressed", "GET", CODED, GZIP + match(coded.entityTag)],
    ["its date, compressed", "GET", CODED, `${GZIP}If-Modified-Since: ${coded.lastModified}\r\n`],
    [
      "If-Range with its tag, compressed",
      "GET",
      CODED,
      `${GZIP}${RANGE}If-Range: ${coded.entityTag}\r\n`,
    ],
    [
      "If-Range with its tag, not compressed",
      "GET",
      CODED,
      `${RANGE}If-Range: ${coded.entityTag}\r\n`,
    ],
    ["HEAD, compressed", "HEAD", CODED, GZIP],
    ["an index, compressed", "GET", "/coded/", GZIP],
    ["a page, compressed", "GET", "/coded/page.html", GZIP],
    ["what is compressed by its name", "GET", "/coded/all.css.gz", GZIP],
    ["what is compressed by its name, to who cannot read it", "GET", "/coded/all.css.gz", ""],
    ["compressed only", "GET", "/coded/orphan.css", GZIP],
    ["compressed only, to who cannot read it", "GET", "/coded/orphan.css", ""],
    ["a redirect, compressed", "GET", "/coded", GZIP],
    ["compressed, by HTTP/1.1 through a proxy", "GET", CODED, `${GZIP}Via: 1.1 a\r\n`],
  ];
}

/** Requests about one file each: ranges, conditions, codings. */
export function fileRequests(validators: Validators): ComparedRequest[] {
  const { plain } = validators;
  return [
    ...rangeRequests(),
    ...rows("preconditions", preconditions(plain), DATED),
    ...rows("If-Range", ifRanges(plain), DATED, RANGE),
    ...rows("codings", CODINGS, "/coded/all.css"),
    ...rows("gzip only", CODINGS, CODED),
    ...[...mixedRows(validators), ...codedRows(validators)].map(([story, method, target, lines]) =>
      comparedRequest("combined", { section: "9110 §13.2.2", story }, target, { method, lines })
    ),
  ];
}
