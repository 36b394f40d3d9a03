import { type Case } from "./case.ts";

/** A text that is a date, or is none. */
export interface DateCase extends Case {
  /** As ISO 8601; undefined for what is no HTTP-date. */
  readonly date: string | undefined;
}

const SECTION = "9110 §5.6.7";

function date(story: string, raw: string, iso: string): DateCase {
  return { section: SECTION, story, raw, date: iso };
}

function none(story: string, raw: string): DateCase {
  return { section: SECTION, story, raw, date: undefined };
}

/** HTTP-dates, read on 1 January 2027. */
export const HTTP_DATES: readonly DateCase[] = [
  date("IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
  date("rfc850-date", "Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
  date("asctime-date", "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
  date("asctime-date, a day of two digits", "Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z"),
  date("asctime-date, a zero before the day", "Sun Nov 06 08:49:37 1994", "1994-11-06T08:49:37Z"),
  date("the first second", "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
  date("before the first second", "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z"),
  date("past 2^31 seconds", "Tue, 19 Jan 2038 03:14:08 GMT", "2038-01-19T03:14:08Z"),
  date("the last second there is", "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"),
  date("the year 1, not 1901", "Mon, 01 Jan 0001 00:00:00 GMT", "0001-01-01T00:00:00Z"),
  date("a leap day", "Tue, 29 Feb 2028 12:00:00 GMT", "2028-02-29T12:00:00Z"),
  date("a leap day of a century", "Tue, 29 Feb 2000 12:00:00 GMT", "2000-02-29T12:00:00Z"),
  date("a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z"),
  date("two digits, this year", "Thursday, 31-Dec-26 23:59:59 GMT", "2026-12-31T23:59:59Z"),
  date("two digits, next year", "Saturday, 01-Jan-28 00:00:00 GMT", "2028-01-01T00:00:00Z"),
  date("50 years ahead to the second", "Friday, 01-Jan-77 00:00:00 GMT", "2077-01-01T00:00:00Z"),
  date("a second more: the past", "Saturday, 01-Jan-77 00:00:01 GMT", "1977-01-01T00:00:01Z"),
  date("two digits, 1999", "Friday, 31-Dec-99 23:59:59 GMT", "1999-12-31T23:59:59Z"),

  ...["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map((dayName, index) =>
    date(
      `a ${dayName}`,
      `${dayName}, 0${index + 1} Mar 2027 00:00:00 GMT`,
      `2027-03-0${index + 1}T00:00:00Z`,
    )
  ),

  none("nothing", ""),
  none("SP before it", " Sun, 06 Nov 1994 08:49:37 GMT"),
  none("SP behind it", "Sun, 06 Nov 1994 08:49:37 GMT "),
  none("a line feed behind it", "Sun, 06 Nov 1994 08:49:37 GMT\n"),
  none("two SP within", "Sun, 06 Nov 1994  08:49:37 GMT"),
  none("HTAB within", "Sun,\t06 Nov 1994 08:49:37 GMT"),
  none("capitals", "SUN, 06 NOV 1994 08:49:37 GMT"),
  none("a small zone", "Sun, 06 Nov 1994 08:49:37 gmt"),
  none("another zone", "Sun, 06 Nov 1994 08:49:37 UTC"),
  none("an offset", "Sun, 06 Nov 1994 08:49:37 +0000"),
  none("no zone", "Sun, 06 Nov 1994 08:49:37"),
  none("a zone in asctime-date", "Sun Nov  6 08:49:37 1994 GMT"),
  none("no day of the week", "06 Nov 1994 08:49:37 GMT"),
  none("another day of the week", "Mon, 06 Nov 1994 08:49:37 GMT"),
  none("another day of the week, rfc850", "Monday, 06-Nov-94 08:49:37 GMT"),
  none("another day of the week, asctime", "Mon Nov  6 08:49:37 1994"),
  none("a long day of the week", "Sunday, 06 Nov 1994 08:49:37 GMT"),
  none("a short day of the week, rfc850", "Sun, 06-Nov-94 08:49:37 GMT"),
  none("four digits in rfc850-date", "Sunday, 06-Nov-1994 08:49:37 GMT"),
  none("two digits in IMF-fixdate", "Sun, 06 Nov 94 08:49:37 GMT"),
  none("five digits", "Sun, 06 Nov 11994 08:49:37 GMT"),
  none("a day of one digit", "Sun, 6 Nov 1994 08:49:37 GMT"),
  none("one SP before a day of one digit, asctime", "Sun Nov 6 08:49:37 1994"),
  none("an hour of one digit", "Sun, 06 Nov 1994 8:49:37 GMT"),
  none("no seconds", "Sun, 06 Nov 1994 08:49 GMT"),
  none("a fraction of a second", "Sun, 06 Nov 1994 08:49:37.5 GMT"),
  none("day 0", "Mon, 00 Nov 1994 08:49:37 GMT"),
  none("day 31 of a month of 30", "Thu, 31 Nov 1994 08:49:37 GMT"),
  none("a leap day of no leap year", "Mon, 29 Feb 2027 08:49:37 GMT"),
  none("a leap day of 1900", "Thu, 29 Feb 1900 08:49:37 GMT"),
  none("no such month", "Sun, 06 Okt 1994 08:49:37 GMT"),
  none("hour 24", "Sun, 06 Nov 1994 24:00:00 GMT"),
  none("minute 60", "Sun, 06 Nov 1994 08:60:00 GMT"),
  none("second 60 in the midst of the day", "Sun, 06 Nov 1994 08:49:60 GMT"),
  none("second 61", "Sun, 06 Nov 1994 23:59:61 GMT"),
  none("a negative number", "Sun, -6 Nov 1994 08:49:37 GMT"),
  none("digits of another script", "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT"),
  none("two dates", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"),
  none("ISO 8601", "1994-11-06T08:49:37Z"),
  none("seconds since 1970", "784111777"),
];
