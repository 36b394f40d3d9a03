import type { ContentSource } from "../net/handler.ts";
import {
  compareEntries,
  type ListingEntry,
  type ListingForm,
  type ListingOrder,
  MOST_SORTED_ENTRIES,
} from "./listing.ts";

/** The entries of a directory, read from its start each time that it is called. */
export type EntrySource = () => AsyncGenerator<ListingEntry[], void>;

/** How many entries are written together. */
const ROWS = 128;

/** What is to be listed, and how. */
export interface ListingRequest {
  /** Its form. */
  readonly form: ListingForm;
  /** The names from the root down to the directory. */
  readonly names: readonly string[];
  /** See `Listing.parent`. */
  readonly parent: string | undefined;
  /** How it is to be sorted, unless it has too many entries. */
  readonly order: ListingOrder;
}

/** A listing as it is sent. However long it is, it takes up little memory at a time. */
export class ListingContent implements ContentSource {
  /** Not known before the end. */
  readonly length: undefined = undefined;
  readonly #text: AsyncGenerator<string, void>;
  readonly #onClose: () => void;
  readonly #encoder = new TextEncoder();
  #octets = new Uint8Array(0);

  /**
   * A listing.
   *
   * @param read gives the entries; no longer than until the content is closed
   * @param onClose called when it is
   */
  constructor(request: ListingRequest, read: EntrySource, onClose: () => void) {
    this.#text = listingText(request, read);
    this.#onClose = onClose;
  }

  /** Reads up to the first rows, so that what keeps a directory from being read shows in time. */
  async begin(): Promise<void> {
    await this.#fill();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#octets.length === 0 && !await this.#fill()) return null;
    const piece = this.#octets.subarray(0, buffer.length);
    buffer.set(piece);
    this.#octets = this.#octets.subarray(piece.length);
    return piece.length;
  }

  close(): void {
    this.#onClose();
    this.#text.return().catch(() => {}); // A directory that was only read has nothing to lose.
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#text.next();
    if (!done) this.#octets = this.#encoder.encode(value);
    return !done;
  }
}

/** A listing in pieces, none of them empty. What is too much to be sorted is not held either. */
async function* listingText(
  { form, names, parent, order }: ListingRequest,
  read: EntrySource,
): AsyncGenerator<string, void> {
  const few = await fewEntries(read);
  few?.sort(compareEntries(order));
  yield form.start({ names, parent, order: few === undefined ? undefined : order });
  let count = 0;
  for await (const entries of few === undefined ? read() : pieces(few)) {
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

/** Entries in their order; they are let go of as they are taken. */
function* pieces(entries: ListingEntry[]): Generator<ListingEntry[], void> {
  while (entries.length > 0) yield entries.splice(0, ROWS);
}
