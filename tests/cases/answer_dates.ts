/** A time that an answer names, and what it means beside the answer's Date and our own clock. */
export interface AnswerDate {
  readonly story: string;
  /** What our clock says. */
  readonly own: string;
  /** The Date field. */
  readonly date: string | undefined;
  /** The time that the answer names. */
  readonly time: string;
  /** How long after the answer that is, in seconds; negative for before. */
  readonly seconds: number;
}

const at = (time: string, day = "Sun, 06") => `${day} Nov 1994 ${time} GMT`;

/** Clocks that agree, and clocks that do not. */
export const ANSWER_DATES: readonly AnswerDate[] = [
  row("clocks agree", at("08:49:37"), at("08:49:37"), at("08:49:40"), 3),
  row("no Date", at("08:49:37"), undefined, at("08:49:40"), 3),
  row("a Date that is none", at("08:49:37"), "today", at("08:49:40"), 3),
  row("a Date with the wrong day", at("08:49:37"), at("08:00:00", "Mon, 06"), at("08:49:40"), 3),
  row("ours is slow by an hour", at("07:49:37"), at("08:49:37"), at("08:49:40"), 3),
  row("ours is fast by an hour", at("09:49:37"), at("08:49:37"), at("08:49:40"), 3),
  row("ours is fast by a day", at("08:49:37", "Mon, 07"), at("08:49:37"), at("08:49:40"), 3),
  row("ours is slow, the time is past", at("07:49:37"), at("08:49:37"), at("08:49:30"), -7),
  row("ours is fast, the time is past", at("09:49:37"), at("08:49:37"), at("08:49:30"), -7),
  row("both at the same moment", at("07:00:00"), at("08:49:37"), at("08:49:37"), 0),
  row("a Date of another form", at("07:00:00"), "Sun Nov  6 08:49:37 1994", at("08:49:40"), 3),
];

function row(
  story: string,
  own: string,
  date: string | undefined,
  time: string,
  seconds: number,
): AnswerDate {
  return { story, own, date, time, seconds };
}
