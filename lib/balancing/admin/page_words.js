/**
 * Numbers and times as people read them.
 *
 * @module
 */

const whole = new Intl.NumberFormat("en");
const hundredths = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `12,345`. */
export function count(number) {
  return whole.format(number);
}

/** `1 server`, `2 servers`. */
export function several(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * What a server lacks and differs in: `lacks 12, differs in 3 of 400 files`; empty if that is nothing.
 *
 * @param files null if the server is not asked
 * @param known files that something is known of
 */
export function shortfallWords(files, known) {
  const { lacking = 0, differing = 0 } = files ?? {};
  const parts = [];
  if (lacking > 0) parts.push(`lacks ${count(lacking)}`);
  if (differing > 0) parts.push(`differs in ${count(differing)}`);
  return parts.length === 0 ? "" : `${parts.join(", ")} of ${several(known, "file")}`;
}

/**
 * What a server says of its load: `3 transfers open, 288 MiB to send, 11.9 MiB/s`, without bytes if
 * they are 0; empty if it says nothing.
 *
 * @param load null if it says nothing; so may each member be
 */
export function loadWords(load) {
  if (load === null) return "";
  const { openTransfers, pendingBytes, bytesPerSecond } = load;
  const parts = [];
  if (openTransfers !== null) parts.push(`${several(openTransfers, "transfer")} open`);
  if (pendingBytes > 0) parts.push(`${size(pendingBytes)} to send`);
  if (bytesPerSecond > 0) parts.push(speed(bytesPerSecond));
  return parts.join(", ") || "sending nothing";
}

/** `3`, `0.67`; what is less than a hundredth is no zero. */
export function fraction(number) {
  return number < 0.01 ? "< 0.01" : hundredths.format(number);
}

/** Three digits, such as `1.23` or `123`. */
function digits(number) {
  return number >= 99.95 ? count(Math.round(number)) : number.toFixed(number >= 9.995 ? 1 : 2);
}

/** `12.3 MiB`. */
export function size(bytes) {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : digits(value)} ${UNITS[unit]}`;
}

/** `12.3 MiB/s`. */
export function speed(bytesPerSecond) {
  return `${size(bytesPerSecond)}/s`;
}

/** What a test took: `12.3 ms`, `1.23 s`. */
export function took(ms) {
  return ms < 999.5 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

/** How long something has lasted: `12 s`, `3 min`, `2 h 5 min`, `3 d 2 h`. */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, "h", minutes % 60, "min");
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** An interval as it is written in options: `5m`, `1h 30m`, `1.5s`. */
export function interval(ms) {
  if (ms < 1000) return `${ms} ms`;
  if (ms % 60_000 !== 0) return `${ms / 1000} s`;
  return lasting(ms);
}

function two(first, unit, second, smallerUnit) {
  return second === 0 ? `${first} ${unit}` : `${first} ${unit} ${second} ${smallerUnit}`;
}

/** `33.3 %`. */
export function percent(fraction) {
  const value = fraction * 100;
  if (value === 0) return "0 %";
  return value < 0.05 ? "< 0.1 %" : `${value.toFixed(value < 99.95 ? 1 : 0)} %`;
}

/** The time of a moment in the reader's zone; with the date when that was another day. */
export function clock(epochMs, nowMs) {
  const date = new Date(epochMs);
  const time = date.toLocaleTimeString("en-GB");
  if (date.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** A moment of the status, in ms since 1970; undefined for one that is not known. */
export function moment(text) {
  return text === null ? undefined : Date.parse(text);
}

/**
 * How near clients' servers were: `near: 12 by zone, 3 by country; elsewhere: 5`.
 *
 * @param tiers clients by the name of a tier
 */
export function tiersWords({ zone = 0, country = 0, continent = 0, all = 0 }) {
  const near = [[zone, "zone"], [country, "country"], [continent, "continent"]]
    .filter(([clients]) => clients > 0).map(([clients, name]) => `${count(clients)} by ${name}`);
  return [`near: ${near.join(", ") || "none"}`, `elsewhere: ${count(all)}`].join("; ");
}

const ACTION_WORDS = { drain: "drained", out: "taken out" };

/** An action that is in force: `drained by an operator until 14:30:00 (in 28 min): new kernel`. */
export function actionWords({ action, weight, reason, until }, nowMs) {
  const what = action === "weight" ? `weight ${fraction(weight)}` : ACTION_WORDS[action];
  const end = moment(until);
  const left = end === undefined ? 0 : end - nowMs;
  const when = end === undefined ? "" : ` until ${clock(end, nowMs)} (in ${lasting(left)})`;
  return `${what} by an operator${when}${reason === null ? "" : `: ${reason}`}`;
}

/** Days before its end at which a certificate needs attention. */
const EXPIRY_DAYS = 14;

const DAY_MS = 86_400_000;

/**
 * When a certificate expires, `30 Dec 2026 (in 33 d)`, and whether that needs attention.
 *
 * @param expiresAt in ms since 1970
 */
export function expiryWords(expiresAt, nowMs) {
  const leftMs = expiresAt - nowMs;
  const date = new Date(expiresAt).toLocaleDateString("en-GB", {
    ...{ day: "numeric", month: "short", year: "numeric" },
  });
  const isSoon = leftMs < EXPIRY_DAYS * DAY_MS;
  const when = leftMs <= 0 ? "expired" : `in ${lasting(leftMs)}`;
  return { text: `${date} (${when})`, isSoon };
}
