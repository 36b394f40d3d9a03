import { type Case } from "./case.ts";

/** Field lines of a GET of a file, and what is sent of it. */
export interface RangeCase extends Case {
  /** Bytes in the file. */
  readonly length: number;
  /** `whole` (200), `unsatisfiable` (416), or the ranges in their order, as in `0-0 90-99` (206). */
  readonly answer: string;
  /** The same for nginx 1.22, where it does otherwise. */
  readonly nginx?: string;
}

/** A row whose one field line is Range with that value. */
export function rangeCase(
  section: string,
  story: string,
  [fieldValue, length]: readonly [fieldValue: string, length: number],
  answer: string,
  nginx?: string,
): RangeCase {
  const common = { section, story, raw: `Range: ${fieldValue}\r\n`, length, answer };
  return nginx === undefined ? common : { ...common, nginx };
}

const GIB = 1024 ** 3;
/** The answer that is a 416. */
export const UNSATISFIABLE = "unsatisfiable";

const SINGLE: readonly RangeCase[] = [
  rangeCase("9110 §14.1.2", "the first 500 bytes", ["bytes=0-499", 10000], "0-499"),
  rangeCase("9110 §14.1.2", "the second 500 bytes", ["bytes=500-999", 10000], "500-999"),
  rangeCase("9110 §14.1.2", "the last 500 bytes", ["bytes=-500", 10000], "9500-9999"),
  rangeCase("9110 §14.1.2", "all from a position on", ["bytes=9500-", 10000], "9500-9999"),
  rangeCase("9110 §14.1.2", "the first byte", ["bytes=0-0", 10000], "0-0"),
  rangeCase("9110 §14.1.2", "the last byte", ["bytes=-1", 10000], "9999-9999"),
  rangeCase(
    "9110 §14.1.2",
    "the last byte by its position",
    ["bytes=9999-9999", 10000],
    "9999-9999",
  ),
  rangeCase("9110 §14.1.2", "all of it", ["bytes=0-", 10000], "0-9999"),
  rangeCase("9110 §14.1.2", "all of it by its positions", ["bytes=0-9999", 10000], "0-9999"),
  rangeCase("9110 §14.1.2", "the only byte", ["bytes=0-0", 1], "0-0"),
  rangeCase("9110 §14.1.2", "beyond the end: up to it", ["bytes=9000-10000", 10000], "9000-9999"),
  rangeCase("9110 §14.1.2", "far beyond the end", ["bytes=1-99999999", 10000], "1-9999"),
  rangeCase("9110 §14.1.2", "a suffix as long as the file", ["bytes=-10000", 10000], "0-9999"),
  rangeCase("9110 §14.1.2", "a suffix longer than the file", ["bytes=-10001", 10000], "0-9999"),
  rangeCase("9110 §14.1.1", "zeros before the numbers", ["bytes=000-0099", 10000], "0-99"),
  rangeCase("9110 §14.1", "a unit in capitals", ["BYTES=0-0", 10000], "0-0"),
  rangeCase("9110 §14.1", "a unit in mixed case", ["Bytes=0-0", 10000], "0-0"),
];

const LARGE: readonly RangeCase[] = [
  rangeCase(
    "9110 §14.1.2",
    "the first byte past 4 GiB",
    ["bytes=4294967296-4294967296", 5 * GIB],
    "4294967296-4294967296",
  ),
  rangeCase(
    "9110 §14.1.2",
    "across 2 GiB",
    ["bytes=2147483647-2147483648", 5 * GIB],
    "2147483647-2147483648",
  ),
  rangeCase("9110 §14.1.2", "the last of 5 GiB", ["bytes=-1", 5 * GIB], "5368709119-5368709119"),
  rangeCase("9110 §14.1.2", "5 GiB and no more", ["bytes=5368709120-", 5 * GIB], UNSATISFIABLE),
  rangeCase(
    "9110 §14.1.2",
    "up to 2^63",
    ["bytes=0-9223372036854775808", 100],
    "0-99",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.2",
    "up to 2^64 less one",
    ["bytes=0-18446744073709551615", 100],
    "0-99",
    UNSATISFIABLE,
  ),
  rangeCase("9110 §14.1.2", "from 2^63 on", ["bytes=9223372036854775808-", 100], UNSATISFIABLE),
  rangeCase(
    "9110 §14.1.2",
    "from 2^64, which is 0",
    ["bytes=18446744073709551616-", 100],
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.2",
    "the last 2^64",
    ["bytes=-18446744073709551616", 100],
    "0-99",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.2",
    "up to more than any number",
    [`bytes=0-${"9".repeat(400)}`, 100],
    "0-99",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.2",
    "from more than any number",
    [`bytes=${"9".repeat(400)}-`, 100],
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.1",
    "backwards by one where doubles are equal",
    ["bytes=9007199254740993-9007199254740992", 100],
    "whole",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.1",
    "forwards by one where doubles are equal",
    ["bytes=9007199254740992-9007199254740993", 100],
    UNSATISFIABLE,
  ),
];

const NOTHING_TO_SEND: readonly RangeCase[] = [
  rangeCase("9110 §15.5.17", "from the end on", ["bytes=100-", 100], UNSATISFIABLE),
  rangeCase("9110 §15.5.17", "from beyond the end", ["bytes=101-200", 100], UNSATISFIABLE),
  rangeCase("9110 §14.1.2", "the last none", ["bytes=-0", 100], UNSATISFIABLE),
  rangeCase("9110 §14.1.2", "the last none, in many digits", ["bytes=-000", 100], UNSATISFIABLE),
  rangeCase("9110 §15.5.17", "several, all beyond", ["bytes=100-,200-300,-0", 100], UNSATISFIABLE),
  rangeCase("9110 §14.2", "an empty file from its start", ["bytes=0-", 0], "whole"),
  rangeCase("9110 §14.2", "the first byte of an empty file", ["bytes=0-0", 0], "whole"),
  rangeCase("9110 §14.2", "the last byte of an empty file", ["bytes=-1", 0], "whole"),
  rangeCase("9110 §14.2", "an empty file from beyond", ["bytes=1-", 0], "whole", UNSATISFIABLE),
  rangeCase("9110 §14.2", "the last none of an empty file", ["bytes=-0", 0], "whole"),
];

/** Invalid ranges are ignored here and a 416 in nginx. */
const INVALID: readonly RangeCase[] = [
  ...[
    ["backwards", "bytes=5-2"],
    ["a word", "bytes=abc"],
    ["no number at all", "bytes=-"],
    ["a number alone", "bytes=5"],
    ["two hyphens before", "bytes=--5"],
    ["two hyphens between", "bytes=0--5"],
    ["a hyphen behind", "bytes=0-5-"],
    ["a sign", "bytes=+0-5"],
    ["hexadecimal digits", "bytes=0x0-0x5"],
    ["a fraction", "bytes=0.0-5.0"],
    ["an exponent", "bytes=0-1e1"],
    ["an asterisk, as in Content-Range", "bytes=*/100"],
    ["a length behind, as in Content-Range", "bytes=0-5/100"],
    ["a semicolon between members", "bytes=0-1;98-99"],
    ["digits of another script", "bytes=\xd9\xa0-\xd9\xa5"],
    ["NBSP", "bytes=\xa00-5"],
    ["a second unit, of a second line joined", "bytes=0-1, bytes=3-4"],
    ["one word among the members", "bytes=0-1,abc"],
  ].map(([story, fieldValue]) =>
    rangeCase("9110 §14.2", story!, [fieldValue!, 100], "whole", UNSATISFIABLE)
  ),
  rangeCase(
    "9110 §14.2",
    "backwards, beside one that is valid",
    ["bytes=0-0,5-2", 100],
    "whole",
    "0-0",
  ),
  rangeCase("9110 §14.1.1", "SP within a member", ["bytes=0 - 5", 100], "whole", "0-5"),
  rangeCase("9110 §14.1.1", "nothing behind the unit", ["bytes=", 100], "whole"),
  rangeCase("9110 §14.1.1", "SP before the equals sign", ["bytes =0-5", 100], "whole"),
  rangeCase("9110 §14.1.1", "no unit", ["0-5", 100], "whole"),
  rangeCase("9110 §14.1.1", "no equals sign", ["bytes 0-5", 100], "whole"),
  rangeCase("9110 §14.2", "no value", ["", 100], "whole"),
  rangeCase("9110 §14.2", "another unit", ["items=0-5", 100], "whole"),
  rangeCase("9110 §14.2", "a unit that begins alike", ["bytesx=0-5", 100], "whole"),
  rangeCase("9110 §14.3", "the unit none", ["none=0-5", 100], "whole"),
];

/** Requests for one part of a file, or for none. */
export const RANGES: readonly RangeCase[] = [
  { section: "9110 §14.2", story: "no Range", raw: "", length: 100, answer: "whole" },
  ...SINGLE,
  ...LARGE,
  ...NOTHING_TO_SEND,
  ...INVALID,
];
