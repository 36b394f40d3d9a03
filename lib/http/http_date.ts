/**
 * HTTP-dates (RFC 9110 §5.6.7): read in all forms, written in the preferred one.
 *
 * @module
 */

/** A function that formats the second of a time, and remembers the last result. */
export function oncePerSecond(format: (date: Date) => string): (epochMs: number) => string {
  let second = NaN;
  let text = "";
  return (epochMs) => {
    const wanted = Math.floor(epochMs / 1000);
    if (wanted !== second) {
      text = format(new Date(wanted * 1000));
      second = wanted;
    }
    return text;
  };
}

/** `IMF-fixdate`, as in `Sun, 06 Nov 1994 08:49:37 GMT`. */
export const imfFixdate: (epochMs: number) => string = oncePerSecond((date) => date.toUTCString());

const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const DAY_NAME = `(?<dayName>${DAY_NAMES.join("|")})`;
const DAY_NAME_LONG = "(?<dayName>Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME_OF_DAY = "(?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})";

/** `Sun, 06 Nov 1994 08:49:37 GMT`. */
const IMF_FIXDATE = new RegExp(
  `^${DAY_NAME}, (?<day>[0-9]{2}) ${MONTH} (?<year>[0-9]{4}) ${TIME_OF_DAY} GMT$`,
);

/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
const RFC850_DATE = new RegExp(
  `^${DAY_NAME_LONG}, (?<day>[0-9]{2})-${MONTH}-(?<year>[0-9]{2}) ${TIME_OF_DAY} GMT$`,
);

/** `Sun Nov  6 08:49:37 1994`. */
const ASCTIME_DATE = new RegExp(
  `^${DAY_NAME} ${MONTH} (?<day>[0-9]{2}| [0-9]) ${TIME_OF_DAY} (?<year>[0-9]{4})$`,
);

/** A date without its year, with the day of the week that was given. */
interface DayAndTime {
  readonly dayName: number;
  readonly day: number;
  readonly month: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/**
 * An HTTP-date in any of its three forms (RFC 9110 §5.6.7), case-sensitive. The date must exist and
 * have the right day of the week; second 60 at the end of a day is the first second of the next.
 *
 * @param epochSeconds the present, which decides the century of a year with two digits
 * @returns seconds since 1970, or undefined if it is not an HTTP-date
 */
export function parseHttpDate(text: string, epochSeconds: number): number | undefined {
  const four = IMF_FIXDATE.exec(text)?.groups ?? ASCTIME_DATE.exec(text)?.groups;
  if (four !== undefined) return checkedSeconds(dayAndTime(four), Number(four.year));
  const two = RFC850_DATE.exec(text)?.groups;
  if (two === undefined) return undefined;
  const parts = dayAndTime(two);
  return checkedSeconds(parts, fullYear(parts, Number(two.year), epochSeconds));
}

function dayAndTime(groups: Record<string, string>): DayAndTime {
  return {
    dayName: DAY_NAMES.indexOf(groups.dayName!.slice(0, 3)),
    day: Number(groups.day),
    month: MONTHS.indexOf(groups.month!),
    hour: Number(groups.hour),
    minute: Number(groups.minute),
    second: Number(groups.second),
  };
}

/** RFC 9110 §5.6.7: the latest year with these two digits that is at most 50 years ahead. */
function fullYear(parts: DayAndTime, twoDigits: number, epochSeconds: number): number {
  const latest = new Date(epochSeconds * 1000);
  latest.setUTCFullYear(latest.getUTCFullYear() + 50);
  const century = Math.floor(latest.getUTCFullYear() / 100) * 100;
  const year = century + twoDigits;
  return seconds(parts, year) * 1000 > latest.getTime() ? year - 100 : year;
}

function checkedSeconds(parts: DayAndTime, year: number): number | undefined {
  const { dayName, day, hour, minute, second } = parts;
  const isLeapSecond = hour === 23 && minute === 59 && second === 60;
  if (hour > 23 || minute > 59 || (second > 59 && !isLeapSecond)) return undefined;
  const midnight = midnightOf(parts, year);
  if (midnight.getUTCDate() !== day || midnight.getUTCDay() !== dayName) return undefined;
  return seconds(parts, year);
}

function seconds(parts: DayAndTime, year: number): number {
  const { hour, minute, second } = parts;
  return midnightOf(parts, year).getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

/** `Date.UTC` would take the years 0 to 99 for 1900 to 1999. */
function midnightOf({ month, day }: DayAndTime, year: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date;
}
