import { dirname } from "@std/path";

/** How many looks a path has to stand, each the toss of a coin. */
const LOOKS = 32;

/**
 * For how long, in ms, names must have stood still before. The system notes in whole seconds when a
 * directory changed, and by a clock that may lag a little.
 */
const STILL_MS = 2000;

/**
 * Whether a path has led to something all the time, with no link on the way, and not only at the
 * moments when one looked: another process may swap a directory for a link as often as it likes.
 *
 * When no directory above has changed, nothing can have been swapped. Where one has, which any new
 * file in it does, a coin decides over and over whether the way is looked at or its end. Who wants
 * to show a real directory to the one and a link to the other has to guess all of them.
 *
 * @param root a real path; what is above it is trusted
 * @param path a real path below it
 * @param since a moment before the path was first looked at, in ms since 1970
 * @param isThere whether the path, as it leads now, leads to what was found
 * @throws what the system says when there is nothing any more
 */
export function isProven(
  root: string,
  path: string,
  since: number,
  isThere: () => boolean,
): boolean {
  if (Deno.realPathSync(path) !== path || !isThere()) return false;
  if (isSettled(root, path, since)) return true;
  let [coins = 0] = crypto.getRandomValues(new Uint32Array(1));
  for (let look = 0; look < LOOKS; look++) {
    const isAsBefore = coins & 1 ? isThere() : Deno.realPathSync(path) === path;
    if (!isAsBefore) return false;
    coins >>>= 1;
  }
  return true;
}

/** Whether no name from the root down to the path can have changed its meaning since a moment. */
export function isSettled(root: string, path: string, since: number): boolean {
  for (let above = path; above !== root;) {
    above = dirname(above);
    const changed = Deno.lstatSync(above).ctime?.getTime() ?? Infinity;
    if (changed + STILL_MS > since) return false;
  }
  return true;
}
