import { format } from "@std/fmt/bytes";
import { escape } from "@std/html";
import { imfFixdate } from "../http/http_date.ts";
import {
  type Listing,
  type ListingEntry,
  type ListingForm,
  MOST_SORTED_ENTRIES,
  type SortKey,
  sortParameter,
} from "./listing.ts";
import { isInCalendar } from "./modification_time.ts";

/** A directory as a page for people, on any screen, without scripts. */
export const HTML_LISTING: ListingForm = {
  mediaType: "text/html",
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
 * `:` as well, so that `a:b` is not read as a scheme, and so is all that means something in HTML
 * within double quotes. A lone surrogate, which no URL can name, becomes U+FFFD.
 */
function hrefOf(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** Bytes below a kiB exactly, others to three digits. */
function sizeText(size: number): string {
  return size < 1024 ? `${size} B` : format(size, { binary: true });
}

/** `2027-02-28 23:59`; nothing for a time that is beyond the calendar. */
function timeText(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return "";
  return date.toISOString().replace("T", " ").replace(/:[0-9.]+Z$/, "");
}

/**
 * A directory as a JSON array, an entry a line, in the shape of nginx's `autoindex_format json`:
 * `name`, `type`, `mtime` unless it is beyond the calendar, and, of files, `size` in bytes.
 */
export const JSON_LISTING: ListingForm = {
  mediaType: "application/json",
  contentType: "application/json",
  start: () => "[",
  row: (entry, index) => `${index === 0 ? "" : ","}\n${JSON.stringify(jsonOf(entry))}`,
  end: () => "\n]\n",
};

function jsonOf(entry: ListingEntry): Readonly<Record<string, string | number>> {
  const { name, kind, modifiedMs } = entry;
  const mtime = isInCalendar(modifiedMs) ? { mtime: imfFixdate(modifiedMs) } : {};
  const common = { name, type: kind, ...mtime };
  return entry.kind === "file" ? { ...common, size: entry.size } : common;
}
