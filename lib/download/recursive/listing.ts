/**
 * Listings of directories as servers send them: JSON in the formats of nginx, `server.ts` and Caddy,
 * or the links of a page. Pure. The text is read as it arrives, so memory depends on the names alone.
 *
 * @module
 */

import type { Parser } from "htmlparser2";
import { parseHttpDate } from "../../http/http_date.ts";
import { DownloadError } from "../download_error.ts";
import { isSameOrigin, parseLocation, type TargetUri } from "../requests/target_uri.ts";

/** An entry of a directory. */
export interface ListedEntry {
  readonly kind: "file" | "directory";
  /** The path segment by which it is asked for (RFC 3986 §3.3), without a slash, as it was written. */
  readonly segment: string;
  /** In bytes; undefined where the listing does not say it exactly. */
  readonly size: number | undefined;
  /** In seconds since 1970; undefined where the listing does not say it to the second. */
  readonly modifiedAt: number | undefined;
}

/** A listing that cannot be read; the message is the end of a line, with the listing as its subject. */
export class ListingError extends Error {
  override readonly name: string = "ListingError";
}

/** JSON of a format that is not known here. */
export class ForeignListingError extends ListingError {
  override readonly name = "ForeignListingError";
}

/** Reads one listing. */
export interface ListingReader {
  /**
   * Takes the next piece of its text.
   *
   * @throws {ListingError} if it is not what its type says, or too large
   */
  push(text: string): void;
  /**
   * The entries, each once, in their order.
   *
   * @param uri where the listing came from
   * @param asked the directory that was asked for, whose redirect may have led there
   * @throws {ListingError} if the text ends too early
   */
  end(uri: TargetUri, asked: TargetUri): ListedEntry[];
}

/** The most names of one listing. */
export const MOST_NAMES = 250_000;

/** The longest entry of a JSON listing, and the longest link of a page, in UTF-16 code units. */
const LONGEST_ELEMENT = 64 * 1024;

/** What a listing refers to, with what it says about it. */
interface Link extends Pick<ListedEntry, "size" | "modifiedAt"> {
  readonly href: string;
}

class Links {
  readonly #list: Link[] = [];

  add(link: Link): void {
    if (this.#list.length >= MOST_NAMES) {
      throw new ListingError(`the listing has more than ${MOST_NAMES} names`);
    }
    this.#list.push(link);
  }

  /** Those that lead right below one of two directories. */
  entries(base: TargetUri, uri: TargetUri, asked: TargetUri): ListedEntry[] {
    const entries = new Map<string, ListedEntry>();
    for (const { href, size, modifiedAt } of this.#list) {
      const target = resolve(href, base);
      const found = target && (segmentBelow(uri, target) ?? segmentBelow(asked, target));
      if (!found || entries.has(spelling(found))) continue;
      const isDirectory = found.endsWith("/");
      const segment = isDirectory ? found.slice(0, -1) : found;
      const kind = isDirectory ? "directory" : "file";
      entries.set(spelling(found), { kind, segment, size, modifiedAt });
    }
    return [...entries.values()];
  }
}

/** The URI that a reference means; undefined where it means none that can be asked for. */
function resolve(href: string, base: TargetUri): TargetUri | undefined {
  // As browsers read references (WHATWG URL, §4.4).
  const reference = href.replace(/[\t\r\n]/g, "").replaceAll("\\", "/").toWellFormed()
    .replace(/[^\0-\x7f]/gu, encodeURIComponent);
  try {
    return parseLocation(reference, base);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return undefined; // Such as mailto: and javascript:.
  }
}

/**
 * The segment by which a URI stands right below a directory, with its slash if it has one; undefined
 * if it is elsewhere, deeper, or has a query: those sort listings.
 */
function segmentBelow(directory: TargetUri, target: TargetUri): string | undefined {
  const { requestTarget } = target;
  if (!isSameOrigin(directory, target) || requestTarget.includes("?")) return undefined;
  const start = requestTarget.lastIndexOf("/", requestTarget.length - 2) + 1;
  const isBelow = spelling(requestTarget.slice(0, start)) === spelling(directoryOf(directory));
  const segment = requestTarget.slice(start);
  return isBelow && segment !== "" && segment !== "/" ? segment : undefined;
}

/** The path of a URI up to its last slash. */
export function directoryOf({ requestTarget }: TargetUri): string {
  const [path = ""] = requestTarget.split("?", 1);
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** A path with its characters escaped in one way (RFC 3986 §6.2.2). */
function spelling(path: string): string {
  try {
    return encodeURI(decodeURI(path));
  } catch {
    return path;
  }
}

/** Reads JSON: an array of entries. Each is parsed for itself, and only links stay in memory. */
export class JsonListingReader implements ListingReader {
  readonly #links = new Links();
  /** What has come of the element that is under way. */
  #element = "";
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #state: "before" | "first" | "further" | "behind" = "before";

  push(text: string): void {
    if (text === "") return;
    const structural = /[[\]{}",\\]/g;
    structural.lastIndex = this.#isEscaped ? 1 : 0;
    this.#isEscaped = false;
    let from = 0;
    for (let found; (found = structural.exec(text)) !== null;) {
      const { 0: character, index } = found;
      if (character === "\\") {
        this.#isEscaped = index + 1 === text.length;
        structural.lastIndex++;
      } else if (character === '"') {
        this.#isInString = !this.#isInString;
      } else if (!this.#isInString && this.#isBoundary(character)) {
        this.#element += text.slice(from, index);
        from = index + 1;
        this.#meet(character);
      }
    }
    this.#element += text.slice(from);
    if (this.#element.length <= LONGEST_ELEMENT) return;
    throw new ForeignListingError("the listing has an entry without end");
  }

  end(uri: TargetUri, asked: TargetUri): ListedEntry[] {
    const isWhole = this.#state === "behind" && this.#element.trim() === "";
    if (!isWhole) throw new ForeignListingError("the listing is no JSON array");
    return this.#links.entries(uri, uri, asked);
  }

  /** Counts brackets; whether this one begins or ends the array, or an element of it ends here. */
  #isBoundary(character: string): boolean {
    if (character === ",") return this.#depth === 1;
    const opens = character === "[" || character === "{";
    this.#depth += opens ? 1 : -1;
    return this.#depth <= (opens ? 1 : 0);
  }

  #meet(character: string): void {
    const text = this.#element.replace(/^\ufeff/, "").trim();
    this.#element = "";
    if (this.#state === "before" && character === "[" && text === "") {
      this.#state = "first";
      return;
    }
    const isEnd = character === "]";
    const isInside = (this.#state === "first" || this.#state === "further") &&
      (isEnd || character === ",");
    if (!isInside) throw new ForeignListingError("the listing is no JSON array");
    const isEmpty = isEnd && this.#state === "first" && text === "";
    if (!isEmpty) this.#take(text);
    this.#state = isEnd ? "behind" : "further";
  }

  #take(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new ForeignListingError("the listing is no JSON array");
    }
    const link = linkOf(value);
    if (link !== undefined) this.#links.add(link);
  }
}

/** What an element refers to; undefined for what is neither a file nor a directory. */
function linkOf(value: unknown): Link | undefined {
  const entry = (typeof value === "object" ? value : null) ?? {};
  const { name, url, type, is_dir, is_symlink, size, mtime, mod_time } = entry as Record<
    string,
    unknown
  >;
  if (typeof name !== "string") {
    throw new ForeignListingError("the listing has an entry without a name");
  }
  const isDirectory = type === "directory" || is_dir === true;
  if (!isDirectory && type !== "file" && is_dir !== false) return undefined;
  const own = `./${encodeURIComponent(name.toWellFormed())}${isDirectory ? "/" : ""}`;
  const href = typeof url === "string" ? url : own;
  // Caddy says of a symbolic link when that was made, not its target.
  if (isDirectory || is_symlink === true) return { href, size: undefined, modifiedAt: undefined };
  const isSize = Number.isSafeInteger(size) && Number(size) >= 0;
  const modifiedAt = secondsOf(mtime ?? mod_time);
  return { href, size: isSize ? Number(size) : undefined, modifiedAt };
}

/** A date of HTTP, as of nginx, or of RFC 3339, as of Caddy, in whole seconds since 1970. */
function secondsOf(text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text)) return parseHttpDate(text, 0);
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** Reads the links of a page, of which no size or time is known. */
export class HtmlListingReader implements ListingReader {
  readonly #links = new Links();
  readonly #parser: Parser;
  #base: string | undefined;
  /** Of the tag that is read. */
  #name = "";
  #href: string | undefined;

  /** `HtmlParser` is that of htmlparser2, which is loaded only for pages. */
  constructor(HtmlParser: typeof Parser) {
    // Each tag stands for itself: to know which are open takes time by the square of their number.
    const FlatParser = class extends HtmlParser {
      override isVoidElement(): boolean {
        return true;
      }
    };
    this.#parser = new FlatParser({
      onopentagname: (name) => {
        this.#name = name;
        this.#href = undefined;
      },
      onattribute: (name, value) => {
        if (name === "href") this.#meet(value);
      },
    });
  }

  /** The first `href` of a tag counts. */
  #meet(href: string): void {
    if (this.#href !== undefined) return;
    this.#href = href;
    if (href.length > LONGEST_ELEMENT) return; // Such as a picture in a data: URL.
    if (this.#name === "base") this.#base ??= href;
    if (this.#name === "a") this.#links.add({ href, size: undefined, modifiedAt: undefined });
  }

  push(text: string): void {
    this.#parser.write(text);
  }

  end(uri: TargetUri, asked: TargetUri): ListedEntry[] {
    this.#parser.end();
    const base = this.#base === undefined ? uri : resolve(this.#base, uri);
    return base === undefined ? [] : this.#links.entries(base, uri, asked);
  }
}
