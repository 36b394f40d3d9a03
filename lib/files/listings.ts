import type { Reply } from "../net/handler.ts";
import { type Fields, type FieldSection, fieldSection } from "../http/fields.ts";
import { chooseMediaType } from "../http/negotiation.ts";
import { directoryEntries } from "./directory_entries.ts";
import { type ListingForm, listingOrder, parentReference } from "./listing.ts";
import { ListingContent } from "./listing_content.ts";
import { JSON_LISTING } from "./listing_json.ts";
import { HTML_LISTING } from "./listing_page.ts";
import { errorReply } from "./error_reply.ts";
import type { FoundDirectory, Root } from "./root.ts";

/** Listings at a time: each takes up to 5 MiB and a descriptor, for a client that may have left. */
const MOST_LISTINGS = 16;

/** In our order of preference. */
const FORMS = [HTML_LISTING, JSON_LISTING] as const;
const MEDIA_TYPES = ["text/html", "application/json"] as const;

const sections = new Map(FORMS.map((form) => [form, fieldsOf(form)]));

/** Replies with what stands in directories, as a page or as JSON. */
export class Listings {
  readonly #root: Root;
  #open = 0;

  /** Of directories below a root. */
  constructor(root: Root) {
    this.#root = root;
  }

  /**
   * The reply with a listing; 503 when there are too many at a time.
   *
   * @param names of the directory, from the root down
   * @param target its query says how to sort
   * @param fields those of the request: Accept decides the form
   * @throws what the system says when the directory cannot be read
   */
  async reply(
    directory: FoundDirectory,
    names: readonly string[],
    target: string,
    fields: Fields,
  ): Promise<Reply> {
    if (this.#open >= MOST_LISTINGS) return errorReply(503);
    this.#open++;
    const mediaType = chooseMediaType(fields.get("accept"), MEDIA_TYPES);
    const form = FORMS.find((form) => form.mediaType === mediaType)!;
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
    return { statusCode: 200, headerSection: sections.get(form)!, content };
  }
}

/** The page has a style in it, and nothing else that a browser should do anything about. */
function fieldsOf({ contentType }: ListingForm): FieldSection {
  return fieldSection([
    ["Content-Type", contentType],
    ["Vary", "Accept"],
    ["Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"],
    ["X-Content-Type-Options", "nosniff"],
  ]);
}
