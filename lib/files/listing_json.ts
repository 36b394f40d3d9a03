import { imfFixdate } from "../http/http_date.ts";
import { isInCalendar } from "./modification_time.ts";
import type { ListingEntry, ListingForm } from "./listing.ts";

/**
 * A directory as a JSON array, an entry a line, in the shape of nginx's `autoindex_format json`, so
 * that what reads that reads this: `name`, `type`, `mtime` unless it is beyond the calendar, and, of
 * files, `size` in octets.
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
