import type { Difference } from "./difference.ts";
import type { FileServerName } from "./file_server.ts";
import { FILE_DECISIONS } from "./file_decisions.ts";
import { MESSAGE_DECISIONS } from "./message_decisions.ts";
import { PATH_DECISIONS } from "./path_decisions.ts";

/** Why we answer otherwise than others do, and mean to. */
export interface Decision {
  /** Whom this is about. */
  readonly from: readonly FileServerName[];
  /** The groups of requests. */
  readonly groups: readonly string[];
  /** Which requests of those; by default all. */
  readonly stories?: RegExp;
  /** The differences, as `Difference.what`. */
  readonly what: RegExp;
  /** The RFC and its section. */
  readonly section: string;
  readonly reason: string;
}

/** All of them; the first that fits a difference counts. */
export const DECISIONS: readonly Decision[] = [
  ...MESSAGE_DECISIONS,
  ...PATH_DECISIONS,
  ...FILE_DECISIONS,
];

/** The decision behind a difference; without one it is an accident. */
export function decisionOn(difference: Difference): Decision | undefined {
  return DECISIONS.find(({ from, groups, stories, what }) =>
    from.includes(difference.peer) && groups.includes(difference.group) &&
    (stories?.test(difference.story) ?? true) && what.test(difference.what)
  );
}
