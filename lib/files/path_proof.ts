import { dirname } from "@std/path";
import { TICK_MS } from "./modification_time.ts";

/** How many looks a path has to stand, each the toss of a coin. */
const LOOKS = 32;

/** A name that led to something else each time that it was looked at; 503 for a client. */
export class UnsteadyPathError extends Error {
  override readonly name = "UnsteadyPathError";
}

/**
 * Whether what was taken from a path stands below the root, or did so when it was looked at, with no
 * link on the way: another process may swap a file or a directory for a link to outside and back as
 * often as it likes.
 *
 * How it was taken proves nothing: Deno resolves a path anew before it opens it, unless all is
 * allowed. What proves it is that it is seen in its place afterwards. `isThere` looks at the last
 * name without following it, so what it sees stands in the directory to which the rest of the path
 * leads; what was taken is held, so that its inode number is no other's. Where no directory above
 * that one has changed since before the path was resolved, the rest of the path led to that
 * directory all the time, and one look is enough, whatever happens in the directory itself: what is
 * replaced after the look was there. In the root itself there is nothing above to have changed.
 *
 * Where a directory above has changed, which any new file in it does, a coin decides over and over
 * whether the way is looked at or its end: a process that shows a real directory to the one and a
 * link to the other has to guess all of them.
 *
 * What is replaced before the looks are over is not proven, and has to be taken anew.
 *
 * @param root a real path; what is above it is trusted
 * @param path a real path below it, resolved after `since`
 * @param since a moment before the path was first looked at, in ms since 1970
 * @param isThere whether the path leads to what was taken now, its last name not followed
 * @throws what the system says when there is nothing any more
 */
export function isProven(
  root: string,
  path: string,
  since: number,
  isThere: () => boolean,
): boolean {
  if (!isThere()) return false;
  if (path === root || isSettled(root, dirname(path), since)) return true;
  let [coins = 0] = crypto.getRandomValues(new Uint32Array(1));
  for (let look = 0; look < LOOKS; look++) {
    const isAsBefore = coins & 1 ? isThere() : Deno.realPathSync(path) === path;
    if (!isAsBefore) return false;
    coins >>>= 1;
  }
  return true;
}

/**
 * Whether no name from the root down to a directory can have changed its meaning since a moment: no
 * directory above it has changed, by the file system's clock, within a tick before that or later.
 * The deepest is looked at first, so that the look at each is vouched for by those that follow.
 */
export function isSettled(root: string, directory: string, since: number): boolean {
  for (let above = directory; above !== root;) {
    above = dirname(above);
    const changed = Deno.lstatSync(above).ctime?.getTime() ?? Infinity;
    if (changed + TICK_MS > since) return false;
  }
  return true;
}
