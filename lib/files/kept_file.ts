import type { Reply } from "../net/handler.ts";
import type { Fields } from "../http/fields.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import { type AskedHead, replyWith } from "./conditional_reply.ts";
import type { Cached } from "./file_cache.ts";
import type { Representation } from "./representation.ts";

/** A small file in memory, in all of its codings. */
export class KeptFile implements Cached {
  readonly octets: number;
  readonly #plain: Representation;
  readonly #coded: ReadonlyMap<ContentCoding, Representation>;
  readonly #codings: readonly ContentCoding[];

  /**
   * Keeps it.
   *
   * @param coded by their codings, in our order of preference; none for most files
   */
  constructor(plain: Representation, coded: ReadonlyMap<ContentCoding, Representation>) {
    this.#plain = plain;
    this.#coded = coded;
    this.#codings = [...coded.keys()];
    this.octets = [plain, ...coded.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The reply to a request for it. */
  reply(head: AskedHead, epochMs: () => number): Reply {
    return replyWith(this.#chosen(head.fields), head, epochMs);
  }

  #chosen(fields: Fields): Representation {
    if (this.#codings.length === 0) return this.#plain;
    const coding = chooseContentCoding(fields.get("accept-encoding"), this.#codings);
    return this.#coded.get(coding) ?? this.#plain;
  }
}
