import type { Fields } from "../http/fields.ts";
import type { Reply } from "../net/reply.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import { type AskedHead, replyWith } from "./conditional_reply.ts";
import type { Cached } from "./file_cache.ts";
import type { Representation } from "./representation.ts";

/** A small file in memory, in all of its codings. */
export class KeptFile implements Cached {
  readonly octets: number;
  /** When it was last known to be what stands on the disk, in ms by the clock of its owner. */
  checkedAt: number;
  /** The look at the disk that is under way: one is enough for all who ask. */
  check: Promise<boolean> | undefined;
  /** Where it stands, from the root down. */
  readonly names: readonly string[];
  /** Tells it from itself with other contents. */
  readonly signature: string;
  readonly #plain: Representation;
  readonly #coded: ReadonlyMap<ContentCoding, Representation>;
  readonly #codings: readonly ContentCoding[];

  /**
   * Keeps it.
   *
   * @param coded by their codings, in our order of preference; none for most files
   */
  constructor(
    names: readonly string[],
    signature: string,
    plain: Representation,
    coded: ReadonlyMap<ContentCoding, Representation>,
    now: number,
  ) {
    this.names = names;
    this.signature = signature;
    this.checkedAt = now;
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
