/**
 * In what order servers are shown, and how the page's address keeps that and the filter.
 *
 * @module
 */

/** Those that need attention come first. */
const STATES = ["out", "untested", "available"];

const names = new Intl.Collator("en", { numeric: true });

/** How long the last test took; a failed one is longer than any, and none is shorter. */
function lastTest({ transfers }) {
  const last = transfers.at(-1);
  return last === undefined ? -1 : last.elapsedMs ?? Infinity;
}

function byNumber(valueOf) {
  return (a, b) => Math.sign((valueOf(a) - valueOf(b)) || 0);
}

/** How servers compare in each column. */
const COMPARISONS = {
  server: (a, b) => names.compare(a.name, b.name),
  state: byNumber(({ state }) => STATES.indexOf(state)),
  tests: byNumber(lastTest),
  speed: byNumber(({ throughputBytesPerSecond }) => throughputBytesPerSecond ?? -1),
  share: byNumber(({ share }) => share),
  redirects: byNumber(({ redirects }) => redirects),
};

/** The names of the columns. */
export const COLUMNS = Object.keys(COMPARISONS);

/** Whether the greatest value is of most interest. */
export function isDescendingFirst(column) {
  return column !== "server" && column !== "state";
}

/** Sorts what has a `server`; equal ones stay in the order of the list. */
export function inOrder(items, { column, isDescending }) {
  const compare = COMPARISONS[column];
  const sign = isDescending ? -1 : 1;
  return items.toSorted((a, b) => sign * compare(a.server, b.server));
}

/** What an address says is to be shown; anything else in it is passed over. */
export function readView(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const sort = parameters.get("sort") ?? "";
  const column = COLUMNS.includes(sort) ? sort : "state";
  const order = parameters.get("order");
  const isDescending = order === "up" || order === "down"
    ? order === "down"
    : isDescendingFirst(column);
  return { filter: parameters.get("filter") ?? "", column, isDescending };
}

/** The same as an address; empty for what is shown at first. */
export function writeView({ filter, column, isDescending }) {
  const parameters = new URLSearchParams();
  if (filter !== "") parameters.set("filter", filter);
  const isUsual = isDescending === isDescendingFirst(column);
  if (column !== "state" || !isUsual) parameters.set("sort", column);
  if (!isUsual) parameters.set("order", isDescending ? "down" : "up");
  const text = parameters.toString();
  return text === "" ? "" : `#${text}`;
}
