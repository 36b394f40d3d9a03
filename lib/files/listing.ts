/** An entry of a directory that is served. */
export type ListingEntry = DirectoryEntry | FileEntry;

/** A directory in a directory. */
export interface DirectoryEntry {
  /** Tells it from a file. */
  readonly kind: "directory";
  /** As the file system gives it; never empty, without `/`. */
  readonly name: string;
  /** ms since 1970. */
  readonly modifiedMs: number;
}

/** A regular file in a directory. */
export interface FileEntry {
  /** Tells it from a directory. */
  readonly kind: "file";
  /** As the file system gives it; never empty, without `/`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** ms since 1970. */
  readonly modifiedMs: number;
}

/** What entries can be sorted by; directories have no size: by size they are sorted by name. */
export type SortKey = "name" | "size" | "time";

/** An order of entries. Directories come before files in all of them. */
export interface ListingOrder {
  /** What they are sorted by. */
  readonly key: SortKey;
  /** Whether the highest comes first. */
  readonly isDescending: boolean;
}

/** A directory to be listed. */
export interface Listing {
  /** The names from the root down to it, decoded; none for the root. */
  readonly names: readonly string[];
  /** A relative reference to the directory above it; undefined for the root. */
  readonly parent: string | undefined;
  /** How its entries are sorted; undefined when they come as the directory has them. */
  readonly order: ListingOrder | undefined;
}

/**
 * A form in which a directory is shown, in pieces: `start`, a `row` for each entry, `end`. No piece
 * depends on more than its entry, so a listing of any length can be sent with one row in memory. All
 * text is to be sent as UTF-8.
 */
export interface ListingForm {
  /** The media type, as for Accept. */
  readonly mediaType: "text/html" | "application/json";
  /** The value of Content-Type. */
  readonly contentType: string;
  /** The text before the entries. */
  start(listing: Listing): string;
  /** One entry; `index` counts them from 0. */
  row(entry: ListingEntry, index: number): string;
  /** The text behind them; `count` is how many there were. */
  end(count: number): string;
}

/**
 * The most entries that are sorted: some MiB, and 10 ms in which no other client is served. Sorting
 * holds all of them before the first row leaves; a directory that has more is listed as it is read,
 * with `order` undefined.
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
 * A relative reference to the directory above the one that a request-target means: one level up for
 * each slash at its end, since empty segments count in references (RFC 3986 §5.2.4).
 */
export function parentReference(target: string): string {
  const [path = ""] = target.split("?", 1);
  return "../".repeat(Math.max(1, path.length - path.replace(/\/+$/, "").length));
}

/** An order as `?sort=` has it. */
export function sortParameter({ key, isDescending }: ListingOrder): string {
  return isDescending ? `-${key}` : key;
}

/**
 * For `Array.sort`. Names are compared by their code units, the same on every machine: capitals
 * first. Entries that are equal otherwise are sorted by name, ascending.
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
