import type { Experience } from "./client.ts";
import type { Redirected } from "./redirected.ts";

/** What all clients lived to see. */
export class Tally {
  /** Downloads that came to their end with the right content. */
  done = 0;
  /** Tries that failed. */
  failedTries = 0;
  /** Downloads that ended with other content. */
  wrong = 0;
  /** Why downloads were given up. */
  readonly reasons: string[] = [];
  /** All redirects, in their order. */
  readonly redirects: Redirected[] = [];

  /** Takes in a download. */
  add({ failedTries, reason, isWrong }: Experience): void {
    this.failedTries += failedTries;
    if (isWrong) this.wrong++;
    else if (reason !== undefined) this.reasons.push(reason);
    else this.done++;
  }
}
