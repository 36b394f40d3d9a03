import { type Case } from "./case.ts";

/** Field lines of a GET, and whether they have the file sent. */
export interface PreconditionCase extends Case {
  /** 200 to send it, 304 or 412 to send nothing. */
  readonly status: 200 | 304 | 412;
  /** What nginx 1.22 answers, where that is something else. */
  readonly nginx?: number;
}

/** A file as its responses have it: a strong entity-tag, and its dates. */
export interface DatedFile {
  /** `"a-1"`. */
  readonly entityTag: string;
  /** `Sun, 06 Nov 1994 08:49:37 GMT`. */
  readonly lastModified: string;
  /** A second before that. */
  readonly before: string;
  /** A second after it. */
  readonly after: string;
}

function row(
  section: string,
  story: string,
  lines: readonly string[],
  status: PreconditionCase["status"],
  nginx?: number,
): PreconditionCase {
  const common = { section, story, raw: lines.map((line) => `${line}\r\n`).join(""), status };
  return nginx === undefined ? common : { ...common, nginx };
}

/** Preconditions of a GET or HEAD of that file. */
export function preconditions(file: DatedFile): readonly PreconditionCase[] {
  return [
    row("9110 §13.2.2", "none at all", [], 200),
    ...entityTagRows(file),
    ...malformedTagRows(file),
    ...dateRows(file),
    ...malformedDateRows(file),
    ...precedenceRows(file),
  ];
}

function entityTagRows({ entityTag }: DatedFile): PreconditionCase[] {
  const match = "If-Match: ";
  const none = "If-None-Match: ";
  return [
    row("9110 §13.1.2", "the tag", [`${none}${entityTag}`], 304),
    row("9110 §13.1.2", "another tag", [`${none}"other"`], 200),
    row("9110 §13.1.2", "any", [`${none}*`], 304),
    row("9110 §8.8.3.2", "the tag marked as weak", [`${none}W/${entityTag}`], 304),
    row("9110 §13.1.2", "the last of three", [`${none}"x", "y", ${entityTag}`], 304),
    row("9110 §13.1.2", "the first of three", [`${none}${entityTag},"x","y"`], 304),
    row("9110 §13.1.2", "three others", [`${none}"x", W/"y", ""`], 200),
    row("9110 §5.3", "on the second line", [`${none}"x"`, `${none}${entityTag}`], 304, 400),
    row("9110 §5.6.1.2", "among empty members", [`${none},, ${entityTag}\t,`], 304),
    row("9110 §8.8.3", "a tag that holds commas before it", [`${none}",,", ${entityTag}`], 304),
    row("9110 §13.1.1", "the tag is there", [`${match}${entityTag}`], 200),
    row("9110 §13.1.1", "another one is wanted", [`${match}"other"`], 412),
    row("9110 §13.1.1", "whatever there is", [`${match}*`], 200),
    row("9110 §8.8.3.2", "a weak one is never good enough", [`${match}W/${entityTag}`], 412),
    row("9110 §13.1.1", "one of three", [`${match}"x", ${entityTag}, "y"`], 200),
    row("9110 §13.1.1", "none of three", [`${match}"x", "y", "z"`], 412),
  ];
}

/** Members that are no entity-tags match nothing; those beside them count. */
function malformedTagRows({ entityTag }: DatedFile): PreconditionCase[] {
  const opaque = entityTag.slice(1, -1);
  const malformed = [
    ["no quotes", opaque],
    ["no quote behind", `"${opaque}`],
    ["no quote before", `${opaque}"`],
    ["single quotes", `'${opaque}'`],
    ["a small w", `w/${entityTag}`],
    ["SP behind W/", `W/ ${entityTag}`],
    ["no slash behind W", `W${entityTag}`],
    ["something behind the tag", `${entityTag}x`],
    ["another tag behind it, without a comma", `${entityTag} "x"`],
    ["SP within the quotes", `" ${opaque}"`],
    ["any, quoted", '"*"'],
    ["any, twice", "*, *"],
    ["any, beside another", '*, "x"'],
    ["nothing", ""],
    ["nothing but commas", ", ,"],
  ] as const;
  return [
    ...malformed.flatMap(([story, fieldValue]) => [
      row("9110 §13.1.2", `${story}: matches nothing`, [`If-None-Match: ${fieldValue}`], 200),
      row("9110 §13.1.1", `${story}: matches nothing`, [`If-Match: ${fieldValue}`], 412),
    ]),
    row("9110 §13.1.2", "a member of garbage before it", [`If-None-Match: x y, ${entityTag}`], 304),
    row("9110 §13.1.1", "a member of garbage behind it", [`If-Match: ${entityTag}, x`], 200),
    row("9110 §13.1.2", "an open quote before it", [`If-None-Match: "x, ${entityTag}`], 304),
  ];
}

function dateRows({ lastModified, before, after }: DatedFile): PreconditionCase[] {
  const since = "If-Modified-Since: ";
  const not = "If-Unmodified-Since: ";
  return [
    row("9110 §13.1.3", "its own date", [`${since}${lastModified}`], 304),
    row("9110 §13.1.3", "a second before", [`${since}${before}`], 200),
    // nginx compares for equality unless it is told otherwise.
    row("9110 §13.1.3", "a second after", [`${since}${after}`], 304, 200),
    row("9110 §13.1.3", "far in the future", [`${since}Fri, 31 Dec 9999 23:59:59 GMT`], 304, 200),
    row(
      "9110 §13.1.3",
      "before there were computers",
      [`${since}Mon, 01 Jan 0001 00:00:00 GMT`],
      200,
    ),
    row("9110 §13.1.4", "unmodified since its own date", [`${not}${lastModified}`], 200),
    row("9110 §13.1.4", "unmodified since a second before", [`${not}${before}`], 412),
    row("9110 §13.1.4", "unmodified since a second after", [`${not}${after}`], 200),
  ];
}

/** What is no date is ignored. nginx reads some of it, and takes the rest for a date before all. */
function malformedDateRows({ lastModified }: DatedFile): PreconditionCase[] {
  const since = "If-Modified-Since: ";
  const not = "If-Unmodified-Since: ";
  const zone = lastModified.replace("GMT", "+0000");
  const twice = `${lastModified}, ${lastModified}`;
  const malformed = [
    ["a word", "yesterday"],
    ["nothing", ""],
    ["a number", "784111777"],
    ["ISO 8601", "1994-11-06T08:49:37Z"],
    ["an impossible day", lastModified.replace(/^..., ../, "Sun, 32")],
  ] as const;
  return [
    ...malformed.flatMap(([story, fieldValue]) => [
      row("9110 §13.1.3", `${story}: ignored`, [`${since}${fieldValue}`], 200),
      row("9110 §13.1.4", `${story}: ignored`, [`${not}${fieldValue}`], 200, 412),
    ]),
    row("9110 §13.1.3", "another zone: ignored", [`${since}${zone}`], 200, 304),
    row("9110 §13.1.4", "another zone: ignored", [`${not}${zone}`], 200),
    row("9110 §13.1.3", "two dates: ignored", [`${since}${twice}`], 200, 304),
    row("9110 §13.1.4", "two dates: ignored", [`${not}${twice}`], 200),
  ];
}

function precedenceRows({ entityTag, lastModified, before }: DatedFile): PreconditionCase[] {
  const own = `If-None-Match: ${entityTag}`;
  const other = 'If-None-Match: "other"';
  return [
    row(
      "9110 §13.2.2",
      "tag says same, date says newer",
      [own, `If-Modified-Since: ${before}`],
      304,
      200,
    ),
    row("9110 §13.2.2", "tag says other, date says same", [
      other,
      `If-Modified-Since: ${lastModified}`,
    ], 200),
    row("9110 §13.2.2", "a list of no tags outweighs the date", [
      "If-None-Match:",
      `If-Modified-Since: ${lastModified}`,
    ], 200),
    row(
      "9110 §13.2.2",
      "If-Match holds, If-Unmodified-Since does not",
      [
        `If-Match: ${entityTag}`,
        `If-Unmodified-Since: ${before}`,
      ],
      200,
      412,
    ),
    row("9110 §13.2.2", "If-Match fails, If-Unmodified-Since holds", [
      'If-Match: "other"',
      `If-Unmodified-Since: ${lastModified}`,
    ], 412),
    row("9110 §13.2.2", "If-Match holds, and then If-None-Match counts", [`If-Match: *`, own], 304),
    row(
      "9110 §13.2.2",
      "If-Match fails before If-None-Match is looked at",
      ['If-Match: "x"', own],
      412,
    ),
    row("9110 §13.2.2", "If-Unmodified-Since fails before If-None-Match", [
      `If-Unmodified-Since: ${before}`,
      own,
    ], 412),
    row("9110 §13.2.2", "all four hold and nothing is new", [
      `If-Match: ${entityTag}`,
      `If-Unmodified-Since: ${lastModified}`,
      own,
      `If-Modified-Since: ${lastModified}`,
    ], 304),
  ];
}
