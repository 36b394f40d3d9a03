import type { ContentSource, Reply } from "../net/handler.ts";
import { type Fields, fieldSection } from "../http/fields.ts";
import { chooseMediaType } from "../http/negotiation.ts";
import { errorReply, isServable } from "./file_path.ts";
import {
  compareEntries,
  HTML_LISTING,
  JSON_LISTING,
  type Listing,
  type ListingEntry,
  type ListingForm,
  listingOrder,
  MOST_SORTED_ENTRIES,
  parentReference,
} from "./listing.ts";
import type { FoundDirectory, Root } from "./root.ts";

/** Listings at a time: each takes up to 5 MiB and a descriptor until it is sent. */
const MOST_LISTINGS = 16;

const FORMS = { "text/html": HTML_LISTING, "application/json": JSON_LISTING };

/** In our order of preference. */
const MEDIA_TYPES = ["text/html", "application/json"] as const;

/** Replies with listings of directories, as a page or as JSON. */
export class ListingResponder {
  readonly #root: Root;
  #open = 0;

  constructor(root: Root) {
    this.#root = root;
  }

  /**
   * The reply with a listing; 503 if too many are being sent.
   *
   * @param names of the directory, from the root down
   * @param target its query says how to sort
   * @param fields of the request: Accept decides the form
   * @throws the system's error if the directory cannot be read
   */
  async reply(
    directory: FoundDirectory,
    names: readonly string[],
    target: string,
    fields: Fields,
  ): Promise<Reply> {
    if (this.#open >= MOST_LISTINGS) return errorReply(503);
    this.#open++;
    const form: ListingForm = FORMS[chooseMediaType(fields.get("accept"), MEDIA_TYPES)];
    const parent = names.length === 0 ? undefined : parentReference(target);
    const content = new ListingContent(
      { form, names, parent, order: listingOrder(target) },
      () => directoryEntries(this.#root, directory, names),
      () => this.#open--,
    );
    try {
      await content.begin();
    } catch (error) {
      content.close();
      throw error;
    }
    const headerSection = fieldSection([
      ["Content-Type", form.contentType],
      ["Vary", "Accept"],
      // A page has a style in it, and nothing else that a browser should act on.
      ["Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"],
      ["X-Content-Type-Options", "nosniff"],
    ]);
    return { statusCode: 200, headerSection, content };
  }

  /**
   * Whether a listing of the root would have no entries.
   *
   * @throws the system's error if it cannot be read
   */
  async isEmpty(root: FoundDirectory): Promise<boolean> {
    for await (const entries of directoryEntries(this.#root, root, [])) {
      if (entries.length > 0) return false;
    }
    return true;
  }
}

/** Reads the entries of a directory from its start. */
export type EntrySource = () => AsyncGenerator<ListingEntry[], void>;

/** A listing in a form. Its order is only kept if it has not too many entries. */
export type ListingRequest =
  & Listing
  & { readonly form: ListingForm; readonly order: NonNullable<Listing["order"]> };

/** The content of a listing, in little memory however long it is. */
export class ListingContent implements ContentSource {
  readonly length: undefined = undefined;
  readonly #text: AsyncGenerator<string, void>;
  readonly #onClose: () => void;
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(0);

  /**
   * Reads nothing yet.
   *
   * @param read not used after the content is closed
   */
  constructor(request: ListingRequest, read: EntrySource, onClose: () => void) {
    this.#text = listingText(request, read);
    this.#onClose = onClose;
  }

  /** Reads up to the first rows, so that a directory that cannot be read throws before the reply. */
  async begin(): Promise<void> {
    await this.#fill();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#bytes.length === 0 && !await this.#fill()) return null;
    const piece = this.#bytes.subarray(0, buffer.length);
    buffer.set(piece);
    this.#bytes = this.#bytes.subarray(piece.length);
    return piece.length;
  }

  close(): void {
    this.#onClose();
    this.#text.return().catch(() => {}); // Nothing is lost of what was only read.
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#text.next();
    if (!done) this.#bytes = this.#encoder.encode(value);
    return !done;
  }
}

/** A listing in pieces, none of them empty. One that is too long to be sorted is not kept in memory. */
async function* listingText(
  { form, names, parent, order }: ListingRequest,
  read: EntrySource,
): AsyncGenerator<string, void> {
  const few = await fewEntries(read);
  few?.sort(compareEntries(order));
  yield form.start({ names, parent, order: few === undefined ? undefined : order });
  let count = 0;
  for await (const entries of few === undefined ? read() : batches(few)) {
    const rows = entries.map((entry) => form.row(entry, count++)).join("");
    if (rows !== "") yield rows;
  }
  yield form.end(count);
}

/** All entries, if they are not too many to be sorted. */
async function fewEntries(read: EntrySource): Promise<ListingEntry[] | undefined> {
  const all: ListingEntry[] = [];
  for await (const entries of read()) {
    if (all.length + entries.length > MOST_SORTED_ENTRIES) return undefined;
    all.push(...entries);
  }
  return all;
}

/** Entries in batches; those that were taken are freed. */
function* batches(entries: ListingEntry[]): Generator<ListingEntry[], void> {
  while (entries.length > 0) yield entries.splice(0, BATCH_SIZE);
}

/** How many entries are looked at together, in other threads, and written together. */
const BATCH_SIZE = 128;

/**
 * The entries of a directory that would be served: no hidden names, nothing but files and
 * directories, no links that lead out of the root. They are read in batches, as they are taken, so
 * that memory does not depend on the size of the directory.
 *
 * @param names of the directory, from the root down
 * @throws the system's error if the directory cannot be read
 */
export async function* directoryEntries(
  root: Root,
  directory: FoundDirectory,
  names: readonly string[],
): AsyncGenerator<ListingEntry[], void> {
  let batch: Deno.DirEntry[] = [];
  for await (const entry of Deno.readDir(directory.path)) {
    if (!isServable(entry.name, names.length)) continue;
    batch.push(entry);
    if (batch.length < BATCH_SIZE) continue;
    yield await described(root, directory, names, batch);
    batch = [];
  }
  yield await described(root, directory, names, batch);
}

async function described(
  root: Root,
  directory: FoundDirectory,
  names: readonly string[],
  batch: readonly Deno.DirEntry[],
): Promise<ListingEntry[]> {
  const look = async ({ name, isSymlink }: Deno.DirEntry) => {
    const info = isSymlink ? undefined : await Deno.lstat(`${directory.path}/${name}`);
    return info === undefined || info.isSymlink ? await root.describe([...names, name]) : info;
  };
  let infos = await Promise.all(batch.map((entry) => look(entry).catch(() => undefined)));
  if (!root.isSettled(directory)) {
    // Another directory may have been read: check that each name is in this one.
    infos = [];
    for (const { name } of batch) {
      infos.push(await root.describe([...names, name]).catch(() => undefined));
    }
  }
  return batch.flatMap(({ name }, index) => entryOf(name, infos[index]));
}

function entryOf(name: string, info: Deno.FileInfo | undefined): ListingEntry[] {
  const modifiedMs = info?.mtime?.getTime() ?? 0;
  if (info?.isDirectory) return [{ kind: "directory", name, modifiedMs }];
  if (info?.isFile) return [{ kind: "file", name, size: info.size, modifiedMs }];
  return [];
}
