import { type RangeCase, rangeCase, UNSATISFIABLE } from "./ranges.ts";

/** nginx knows no HTAB and no empty members. */
const LIST_SYNTAX: readonly RangeCase[] = [
  rangeCase(
    "9110 §14.1.2",
    "SP after the commas",
    ["bytes= 0-99, 500-599, -100", 1000],
    "0-99 500-599 900-999",
  ),
  rangeCase("9110 §5.6.1.2", "SP on both sides", ["bytes=0-99 , 500-599", 1000], "0-99 500-599"),
  rangeCase(
    "9110 §5.6.1.2",
    "HTAB on both sides",
    ["bytes=0-99\t,\t500-599", 1000],
    "0-99 500-599",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §5.6.1.2",
    "empty members",
    ["bytes=,0-99,,500-599,", 1000],
    "0-99 500-599",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §5.6.1.2",
    "one, and empty members",
    ["bytes=, ,0-99", 1000],
    "0-99",
    UNSATISFIABLE,
  ),
  rangeCase(
    "9110 §14.1.1",
    "nothing but empty members",
    ["bytes=,,", 1000],
    "whole",
    UNSATISFIABLE,
  ),
];

const SEVERAL: readonly RangeCase[] = [
  rangeCase("9110 §14.1.2", "first and last byte", ["bytes=0-0,-1", 10000], "0-0 9999-9999"),
  rangeCase(
    "9110 §15.3.7.2",
    "in the order asked for",
    ["bytes=-1,500-599,0-0", 1000],
    "999-999 500-599 0-0",
  ),
  rangeCase(
    "9110 §14.1.2",
    "one that begins beyond is left out",
    ["bytes=0-0,1000-,500-500", 1000],
    "0-0 500-500",
  ),
  rangeCase("9110 §14.1.2", "only one can be satisfied", ["bytes=1000-,0-0", 1000], "0-0"),
  rangeCase("9110 §14.1.2", "the last none is left out", ["bytes=-0,0-0", 1000], "0-0"),
];

/** nginx 1.22 sends every part by itself, overlapping or not. */
const COALESCED: readonly RangeCase[] = [
  rangeCase(
    "9110 §14.1.2",
    "neighbours",
    ["bytes=500-600,601-999", 10000],
    "500-999",
    "500-600 601-999",
  ),
  rangeCase(
    "9110 §14.1.2",
    "overlapping",
    ["bytes=500-700,601-999", 10000],
    "500-999",
    "500-700 601-999",
  ),
  rangeCase("9110 §15.3.7.2", "the same twice", ["bytes=5-9,5-9", 1000], "5-9", "5-9 5-9"),
  rangeCase("9110 §15.3.7.2", "one in another", ["bytes=0-99,10-19", 1000], "0-99", "0-99 10-19"),
  rangeCase(
    "9110 §15.3.7.2",
    "the inner before the outer",
    ["bytes=10-19,0-99", 1000],
    "0-99",
    "10-19 0-99",
  ),
  rangeCase("9110 §15.3.7.2", "a gap of 79 bytes", ["bytes=0-9,89-99", 1000], "0-99", "0-9 89-99"),
  rangeCase("9110 §15.3.7.2", "a gap of 80 bytes", ["bytes=0-9,90-99", 1000], "0-9 90-99"),
  rangeCase("9110 §15.3.7.2", "the gap backwards", ["bytes=89-99,0-9", 1000], "0-99", "89-99 0-9"),
  rangeCase(
    "9110 §15.3.7.2",
    "a bridge between two",
    ["bytes=0-9,200-209,60-149", 1000],
    "0-209",
    "0-9 200-209 60-149",
  ),
  rangeCase(
    "9110 §15.3.7.2",
    "at the place of the earliest",
    ["bytes=500-509,0-9,505-519,900-909", 1000],
    "500-519 0-9 900-909",
    "500-509 0-9 505-519 900-909",
  ),
  rangeCase(
    "9110 §15.3.7.2",
    "first and last byte of a small file",
    ["bytes=0-0,-1", 20],
    "0-19",
    "0-0 19-19",
  ),
  rangeCase(
    "9110 §15.3.7.2",
    "the whole in two halves",
    ["bytes=0-499,500-", 1000],
    "0-999",
    "0-499 500-999",
  ),
];

const TOO_MUCH: readonly RangeCase[] = [
  rangeCase("9110 §17.15", "the whole twice", ["bytes=0-,0-", 1000], "whole"),
  rangeCase("9110 §17.15", "one byte more than there are", ["bytes=0-500,500-999", 1000], "whole"),
  rangeCase(
    "9110 §17.15",
    "the bytes that there are are counted",
    ["bytes=0-0,500-9999", 1000],
    "0-0 500-999",
  ),
  rangeCase("9110 §17.15", "nested suffixes", ["bytes=-1000,-999,-998", 1000], "whole"),
  rangeCase(
    "9110 §17.15",
    "16 ranges",
    [apart(16), 10000],
    apart(16).slice(6).replaceAll(",", " "),
  ),
  rangeCase(
    "9110 §17.15",
    "17 ranges",
    [apart(17), 10000],
    "whole",
    apart(17).slice(6).replaceAll(",", " "),
  ),
  rangeCase(
    "9110 §17.15",
    "17 ranges, most of them beyond",
    [`bytes=0-0${",9-9".repeat(16)}`, 1],
    "whole",
    "0-0",
  ),
  rangeCase(
    "9110 §17.15",
    "1300 times the first byte",
    [`bytes=0-0${",0-0".repeat(1299)}`, 10000],
    "whole",
    `0-0${" 0-0".repeat(1299)}`,
  ),
];

/** So many ranges of one byte, 200 bytes apart. */
function apart(count: number): string {
  const ranges = Array.from({ length: count }, (_, index) => `${index * 200}-${index * 200}`);
  return `bytes=${ranges.join(",")}`;
}

/** Requests for several parts of a file. */
export const RANGE_SETS: readonly RangeCase[] = [
  ...LIST_SYNTAX,
  ...SEVERAL,
  ...COALESCED,
  ...TOO_MUCH,
  {
    section: "9110 §5.3",
    story: "two lines that make one list",
    raw: "Range: bytes=0-0\r\nRange: 500-500\r\n",
    length: 1000,
    answer: "0-0 500-500",
    nginx: "0-0",
  },
];
