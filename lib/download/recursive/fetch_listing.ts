import type { ResponseHead } from "../../http/response.ts";
import type { AttemptLog } from "../attempts.ts";
import type { DownloadContext, DownloadSettings } from "../context.ts";
import { DecodedOutput } from "../output/decoded_output.ts";
import { download } from "../download.ts";
import { DownloadError } from "../download_error.ts";
import { type Leftover, NOTHING, type Placed, SequentialOutput } from "../output/output.ts";
import type { Representation } from "../output/resume.ts";
import { Sources } from "../sources.ts";
import { isSameOrigin, type TargetUri } from "../requests/target_uri.ts";
import {
  directoryOf,
  ForeignListingError,
  HtmlListingReader,
  JsonListingReader,
  type ListedEntry,
  ListingError,
  type ListingReader,
} from "./listing.ts";

/** What a directory holds, as its server says. */
export interface Listing {
  readonly entries: readonly ListedEntry[];
  /** The directory below which the entries are to be asked for. */
  readonly directory: TargetUri;
  /** Whether it is a page of the directory's own, an index.html, which may not name all of it. */
  readonly isPage: boolean;
  /** Whether its end cannot be told from a connection that was lost. */
  readonly mayBeCut: boolean;
}

/** The most bytes of one listing. */
export const MOST_LISTING_BYTES = 64 * 1024 * 1024;

/** JSON has sizes and times, exactly; a server without it sends a page. */
const ACCEPT = "application/json, text/html;q=0.9, application/xhtml+xml;q=0.9";

/** For a server whose JSON is of another format: it may have a page as well. */
const ACCEPT_PAGES = "text/html, application/xhtml+xml;q=0.9";

/**
 * Asks for the listing of a directory, with the retries of every download.
 *
 * @param typed may lack the slash at its end
 * @throws {DownloadError} when it cannot be had; `protocol` when the answer is no listing
 */
export async function fetchListing(
  typed: TargetUri,
  settings: DownloadSettings,
  attempts: AttemptLog,
): Promise<Listing> {
  try {
    return await fetchAs(ACCEPT, typed, settings, attempts);
  } catch (error) {
    const isForeign = error instanceof DownloadError && error.cause instanceof ForeignListingError;
    if (!isForeign) throw error;
    return await fetchAs(ACCEPT_PAGES, typed, settings, attempts);
  }
}

async function fetchAs(
  accept: string,
  typed: TargetUri,
  settings: DownloadSettings,
  attempts: AttemptLog,
): Promise<Listing> {
  const output = new ListingOutput(typed.href);
  const context: DownloadContext = {
    ...settings,
    ...{ sources: new Sources([typed]), attempts, expected: undefined },
    transport: { ...settings.transport, segments: 1, accept, codings: undefined },
  };
  const rules = {
    verification: undefined,
    finished: undefined,
    keepsTime: false,
    nameFor: undefined,
  };
  // Some servers encode what they have stored so, whatever was asked for.
  const { uri } = await download(context, new DecodedOutput(output, undefined), rules);
  const [path = ""] = uri.requestTarget.split("?", 1);
  if (!path.endsWith("/")) {
    const what = "no directory: its path does not end with a slash, nor does it lead to one";
    throw new DownloadError("protocol", `${typed.href} is ${what}`);
  }
  const asked = directoryUri(typed);
  const entries = output.entries(uri, asked);
  const { isPage, mayBeCut } = output;
  return { entries, directory: baseOf(asked, uri), isPage, mayBeCut };
}

/** The URI of a directory, of which the slash at its end and a query may have to be set right. */
function directoryUri(uri: TargetUri): TargetUri {
  const [path = ""] = uri.requestTarget.split("?", 1);
  return withTarget(uri, path.endsWith("/") ? path : `${path}/`);
}

/** The URI of an entry of a directory. */
export function entryUri(directory: TargetUri, { kind, segment }: ListedEntry): TargetUri {
  const slash = kind === "directory" ? "/" : "";
  return withTarget(directory, `${directory.requestTarget}${segment}${slash}`);
}

function withTarget(uri: TargetUri, requestTarget: string): TargetUri {
  const origin = uri.href.slice(0, uri.href.length - uri.requestTarget.length);
  return { ...uri, href: origin + requestTarget, requestTarget };
}

/**
 * Below which directory entries are asked for. A redirector that keeps the path, maybe below a base
 * path, may choose another server for each; one that leads elsewhere is left behind.
 */
function baseOf(asked: TargetUri, uri: TargetUri): TargetUri {
  const [path, final] = [asked.requestTarget, directoryOf(uri)];
  const isOneServer = isSameOrigin(asked, uri) ||
    (asked.hostname === uri.hostname && asked.isSecure !== uri.isSecure);
  const isKept = isOneServer ? final === path : final.endsWith(path);
  return isKept ? asked : withTarget(uri, final);
}

/** Reads a listing as it arrives; nothing is written. */
class ListingOutput extends SequentialOutput {
  readonly isOfAnyLength = true;
  override readonly canBegin = true;
  #newReader: (() => ListingReader) | undefined;
  #reader: ListingReader | undefined;
  #decoder = new TextDecoder();
  #charset = "utf-8";
  #isPage = false;
  #mayBeCut = false;

  get isPage(): boolean {
    return this.#isPage;
  }

  get mayBeCut(): boolean {
    return this.#mayBeCut;
  }

  /** @throws {DownloadError} if it is no listing */
  override async expect({ fields }: ResponseHead): Promise<void> {
    const [type = "", ...parameters] = (fields.get("content-type") ?? "").toLowerCase().split(";");
    const isJson = /^application\/(?:.+\+)?json$/.test(type.trim());
    const isHtml = /^(?:text\/html|application\/xhtml\+xml)$/.test(type.trim());
    if (!isJson && !isHtml) {
      const what = type === "" ? "content without a type" : type.trim();
      throw new DownloadError("protocol", `${this.name}: ${what} is no listing of a directory`);
    }
    const { Parser } = isHtml ? await import("htmlparser2") : {};
    this.#newReader = () => Parser ? new HtmlListingReader(Parser) : new JsonListingReader();
    this.#charset = isHtml ? charsetOf(parameters) : "utf-8";
    // A file has a version; what a server lists at this moment has none.
    this.#isPage = isHtml && (fields.has("etag") || fields.has("last-modified"));
    // JSON shows its own end; a page shows none.
    this.#mayBeCut = isHtml && !fields.has("content-length") && !fields.has("transfer-encoding");
  }

  override begin(representation: Representation): void {
    super.begin(representation);
    this.#reader = this.#newReader!();
    this.#decoder = new TextDecoder(this.#charset);
  }

  override write(bytes: Uint8Array): undefined {
    this.note(bytes);
    if (this.position > MOST_LISTING_BYTES) {
      const most = MOST_LISTING_BYTES / 1024 / 1024;
      throw new DownloadError("protocol", `${this.name}: the listing is larger than ${most} MiB`);
    }
    this.#read((reader) => reader.push(this.#decoder.decode(bytes, { stream: true })));
  }

  /** The entries, once the content is whole. */
  entries(uri: TargetUri, asked: TargetUri): ListedEntry[] {
    return this.#read((reader) => reader.end(uri, asked));
  }

  #read<T>(act: (reader: ListingReader) => T): T {
    try {
      return act(this.#reader!);
    } catch (error) {
      if (!(error instanceof ListingError)) throw error;
      throw new DownloadError("protocol", `${this.name}: ${error.message}`, { cause: error });
    }
  }

  override complete(): Promise<Placed> {
    this.#read((reader) => reader.push(this.#decoder.decode()));
    return Promise.resolve("own");
  }

  override abandon(): Leftover {
    return NOTHING;
  }
}

/** The charset that a type names, as TextDecoder knows it; else UTF-8. */
function charsetOf(parameters: readonly string[]): string {
  const [, label = "utf-8"] = /^\s*charset="?([^"\s]+)/.exec(parameters.join(";")) ?? [];
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return "utf-8";
  }
}
