/** When a file was modified, and whether that tells its version from the next one. */
export interface ModificationTime {
  readonly section: string;
  readonly story: string;
  /** ms since 1970, where that is how it is meant; else before now. */
  readonly at?: number;
  readonly agoMs?: number;
  readonly tells: boolean;
}

const DAY_MS = 86_400_000;

/** For how long a file may change without another time: two seconds on FAT. */
const TICK_MS = 2000;

function at(story: string, ms: number, tells = false): ModificationTime {
  return { section: "9110 §8.8.1", story, at: ms, tells };
}

function ago(story: string, agoMs: number, tells = false): ModificationTime {
  return { section: "9110 §8.8.2.2", story, agoMs, tells };
}

/** Modification times as file systems have them, by accident or because they were set. */
export const MODIFICATION_TIMES: readonly ModificationTime[] = [
  at("0, as images of systems have it", 0),
  at("1 s, as package stores have it", 1000),
  at("a little more than 1 s", 1999),
  at("2 s", 2000, true),
  at("a second before 1970", -1000),
  at("long before 1970", -1e12),
  at("before all calendars", -9e15),
  at("2001", 1e12, true),
  at("the end of 9999", 253_402_300_799_000, true),
  at("10000, which no HTTP-date can tell", 253_402_300_800_000),
  at("after all calendars", 9e15),
  ago("this moment", 0),
  ago("within a tick of Linux", 5),
  ago("more than a tick of Linux, less than one of FAT", 100),
  ago("half a tick", TICK_MS / 2),
  ago("more than a tick", TICK_MS + 1000, true),
  ago("a day", DAY_MS, true),
  ago("ahead, within a tick", -1000),
  ago("ahead by a day", -DAY_MS, true),
];

/** In ms since 1970, where now is that. */
export function modifiedMsOf({ at, agoMs = 0 }: ModificationTime, nowMs: number): number {
  return at ?? nowMs - agoMs;
}
