/**
 * Listings of directories: entries, their order, and their forms, HTML and JSON.
 *
 * @module
 */

import { format } from "@std/fmt/bytes";
import { escape } from "@std/html";
import { imfFixdate } from "../http/http_date.ts";
import { LAST_DATE_MS } from "./open_file.ts";

/** An entry of a directory that is served. */
export type ListingEntry =
  & { readonly name: string; readonly modifiedMs: number }
  & ({ readonly kind: "directory" } | { readonly kind: "file"; readonly size: number });

/** What entries can be sorted by; directories have no size: by size they are sorted by name. */
export type SortKey = "name" | "size" | "time";

/** An order of entries. Directories come before files in all of them. */
export interface ListingOrder {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** A directory to be listed. */
export interface Listing {
  /** From the root down, decoded; none for the root. */
  readonly names: readonly string[];
  /** A relative reference to the directory above it; undefined for the root. */
  readonly parent: string | undefined;
  /** Undefined for entries in the order of the directory. */
  readonly order: ListingOrder | undefined;
}

/**
 * Writes a listing in pieces, in UTF-8. No piece depends on more than its entry, so a listing of any
 * length can be sent with one row in memory.
 */
export interface ListingForm {
  readonly contentType: string;
  /** The text before the entries. */
  start(listing: Listing): string;
  /** One entry; `index` counts them from 0. */
  row(entry: ListingEntry, index: number): string;
  /** The text after `count` entries. */
  end(count: number): string;
}

/**
 * The most entries that are sorted: some MiB, and 10 ms in which no other client is served. A larger
 * directory is listed as it is read, with `order` undefined.
 */
export const MOST_SORTED_ENTRIES = 10_000;

/**
 * The order that a request-target asks for by `?sort=`: `name`, `size` or `time`, with a `-` before
 * it for the highest first. Anything else means by name.
 */
export function listingOrder(target: string): ListingOrder {
  const query = target.indexOf("?");
  const sort = query === -1 ? null : new URLSearchParams(target.slice(query + 1)).get("sort");
  const [, sign, key] = /^(-?)(name|size|time)$/.exec(sort ?? "") ?? ["", "", "name"];
  return { key: key as SortKey, isDescending: sign === "-" };
}

/**
 * A relative reference to the directory above that of a request-target: one level up for each slash
 * at its end, since empty segments count in references (RFC 3986 §5.2.4).
 */
export function parentReference(target: string): string {
  const [path = ""] = target.split("?", 1);
  return "../".repeat(Math.max(1, path.length - path.replace(/\/+$/, "").length));
}

/** The value of `?sort=` for an order. */
export function sortParameter({ key, isDescending }: ListingOrder): string {
  return isDescending ? `-${key}` : key;
}

/**
 * For `Array.sort`. Names are compared by their code units, on every machine alike: capitals first.
 * Entries that are equal otherwise are sorted by name, ascending.
 */
export function compareEntries(
  { key, isDescending }: ListingOrder,
): (one: ListingEntry, other: ListingEntry) => number {
  const sign = isDescending ? -1 : 1;
  return (one, other) => {
    if (one.kind !== other.kind) return one.kind === "directory" ? -1 : 1;
    if (key === "name") return sign * compareNames(one, other);
    return sign * (valueOf(one, key) - valueOf(other, key)) || compareNames(one, other);
  };
}

function valueOf(entry: ListingEntry, key: "size" | "time"): number {
  if (key === "time") return entry.modifiedMs;
  return entry.kind === "file" ? entry.size : 0;
}

function compareNames(one: ListingEntry, other: ListingEntry): number {
  if (one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}

/** A page for people, on any screen, without scripts. */
export const HTML_LISTING: ListingForm = {
  contentType: "text/html; charset=utf-8",
  start: pageStart,
  row: pageRow,
  end: (count) => `</table>\n${count === 0 ? "<p>There is nothing in here.</p>\n" : ""}</html>\n`,
};

/** On a narrow screen a row becomes two lines: the name, and below it size and time. */
const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.25rem; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse }
th, td { padding: .25rem .5rem; text-align: start; vertical-align: baseline }
td { border-top: 1px solid #8883 }
th + th, td + td { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums }
td a { overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: isolate }
a { text-decoration: none }
a:hover, a:focus { text-decoration: underline }
[aria-sort=ascending] a::after { content: " \\2191" }
[aria-sort=descending] a::after { content: " \\2193" }
@media (max-width: 36rem) {
  tr { display: grid; grid-template-columns: 1fr auto }
  th:first-child, td:first-child { grid-column: 1 / -1 }
  td + td { border: 0; padding-top: 0; opacity: .75 }
}
`;

const COLUMNS: readonly (readonly [key: SortKey, title: string])[] = [
  ["name", "Name"],
  ["size", "Size"],
  ["time", "Modified (UTC)"],
];

const UNSORTED_NOTE =
  `<p>Here are more than ${MOST_SORTED_ENTRIES} entries. They stand as the directory has them.</p>\n`;

function pageStart({ names, parent, order }: Listing): string {
  const title = `Index of /${names.map((name) => `${escape(name)}/`).join("")}`;
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
${order === undefined ? UNSORTED_NOTE : ""}<table>
<tr>${COLUMNS.map(([key, text]) => columnHead(key, text, order)).join("")}
${parent === undefined ? "" : `<tr><td><a href="${parent}">../</a><td><td>\n`}`;
}

/** A link to the order by this column, or to its reverse where that is the order already. */
function columnHead(key: SortKey, text: string, order: Listing["order"]): string {
  if (order === undefined) return `<th scope="col">${text}`;
  const isSorted = order.key === key;
  const direction = order.isDescending ? "descending" : "ascending";
  const sort = sortParameter({ key, isDescending: isSorted && !order.isDescending });
  const attribute = isSorted ? ` aria-sort="${direction}"` : "";
  return `<th scope="col"${attribute}><a href="?sort=${sort}">${text}</a>`;
}

function pageRow(entry: ListingEntry): string {
  const slash = entry.kind === "directory" ? "/" : "";
  const size = entry.kind === "directory" ? "" : sizeText(entry.size);
  const link = `<a href="${hrefOf(entry.name)}${slash}">${escape(entry.name)}${slash}</a>`;
  return `<tr><td>${link}<td>${size}<td>${timeText(entry.modifiedMs)}\n`;
}

/**
 * A relative reference to the name (RFC 3986 §4.2). All that means something in a URL is encoded,
 * `:` as well, so that `a:b` is not read as a scheme, and all that means something in HTML within
 * double quotes. A lone surrogate, which no URL can name, becomes U+FFFD.
 */
function hrefOf(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** Bytes below a kiB exactly, others to three digits. */
function sizeText(size: number): string {
  return size < 1024 ? `${size} B` : format(size, { binary: true });
}

/** Such as `2027-02-28 23:59`; empty for a time beyond the calendar. */
function timeText(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return "";
  return date.toISOString().replace("T", " ").replace(/:[0-9.]+Z$/, "");
}

/** The beginning of the year 1, the first that an HTTP-date can name. */
const FIRST_DATE_MS = -62_135_596_800_000;

/**
 * A directory as a JSON array, an entry a line, in the shape of nginx's `autoindex_format json`:
 * `name`, `type`, `mtime` unless it is beyond the calendar, and, of files, `size` in bytes.
 */
export const JSON_LISTING: ListingForm = {
  contentType: "application/json",
  start: () => "[",
  row: (entry, index) => `${index === 0 ? "" : ","}\n${JSON.stringify(jsonOf(entry))}`,
  end: () => "\n]\n",
};

function jsonOf(entry: ListingEntry): Readonly<Record<string, string | number>> {
  const { name, kind, modifiedMs } = entry;
  const mtime = modifiedMs >= FIRST_DATE_MS && modifiedMs <= LAST_DATE_MS
    ? { mtime: imfFixdate(modifiedMs) }
    : {};
  const common = { name, type: kind, ...mtime };
  return entry.kind === "file" ? { ...common, size: entry.size } : common;
}
