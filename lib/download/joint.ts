import { TryError } from "./download_error.ts";

/**
 * So many octets before a joint are fetched again, and compared with those that are here. Two servers
 * may give files of one size and time the same ETag, whatever is in them; and behind one name there
 * may be several servers. So every joint is looked at, whoever the content comes from.
 */
export const OVERLAP_BYTES = 4096;

/** Where content of one answer meets content of another. */
export interface Joint {
  /** The first octet behind it. */
  readonly position: number;
  /** What stands before it where that which follows comes from. */
  readonly before: Uint8Array;
  /** Who has sent that; undefined for somebody earlier. */
  readonly server: string | undefined;
}

/** From where on to ask for what follows a position. */
export function askedFrom(position: number): number {
  return Math.max(0, position - OVERLAP_BYTES);
}

/** The last octets of what has passed by, as many as a joint is compared over. */
export class Tail {
  #octets: Uint8Array = new Uint8Array(0);

  /** These have passed by. */
  add(octets: Uint8Array): void {
    this.#octets = this.with(octets);
  }

  /** What it would be with these. */
  with(octets: Uint8Array): Uint8Array {
    if (octets.length >= OVERLAP_BYTES) return octets.slice(-OVERLAP_BYTES);
    const earlier = this.#octets.subarray(-(OVERLAP_BYTES - octets.length));
    const all = new Uint8Array(earlier.length + octets.length);
    all.set(earlier);
    all.set(octets, earlier.length);
    return all;
  }

  /** All of it. */
  get octets(): Uint8Array {
    return this.#octets;
  }
}

/** Whether two tails are the same, as far as both go: the shorter one is of the same end. */
export function isSameTail(one: Uint8Array, other: Uint8Array): boolean {
  const length = Math.min(one.length, other.length);
  const [a, b] = [one.subarray(one.length - length), other.subarray(other.length - length)];
  return a.every((octet, i) => octet === b[i]);
}

/** What a server has does not go with what is here. */
export function otherContentError(server: string): TryError {
  const reason = "it has other content than is here, under the same ETag";
  return new TryError("network", server, reason, { isOfRange: true });
}
