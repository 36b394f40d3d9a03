/**
 * What is known of a content before any server is asked for it: its size and its digests. A content
 * that is known by a digest is the same wherever it comes from, whatever ETags servers give it.
 *
 * @module
 */

/** Hash functions by their names in IANA's registry, as Metalink documents use them; the best first. */
const HASH_NAMES = ["sha-512", "sha-384", "sha-256", "sha-224", "sha-1", "md5"] as const;

/** One of `HASH_NAMES`. */
export type HashName = typeof HASH_NAMES[number];

/** How many bytes their digests have. */
const DIGEST_BYTES: Readonly<Record<HashName, number>> = {
  "sha-512": 64,
  "sha-384": 48,
  "sha-256": 32,
  "sha-224": 28,
  "sha-1": 20,
  "md5": 16,
};

/** A digest, in lower-case hexadecimal digits. */
export interface ContentDigest {
  readonly algorithm: HashName;
  readonly hex: string;
}

/** The digests of all pieces of a content, in their order; only the last piece may be shorter. */
export interface PieceDigests {
  readonly algorithm: HashName;
  readonly pieceBytes: number;
  readonly hexes: readonly string[];
}

/** What is known of a content before it comes. */
export interface ExpectedContent {
  /** Its size; undefined if it is not known. */
  readonly bytes: number | undefined;
  readonly digest: ContentDigest | undefined;
  /** Given only with `bytes`, all of which they cover. */
  readonly pieces: PieceDigests | undefined;
  /** What tells the content from any other, for the record of a part; undefined without digests. */
  readonly identity: string | undefined;
}

/** The name by which Node knows a hash function: `sha256` for `sha-256`. */
export function nodeHash(algorithm: HashName): string {
  return algorithm.replace("-", "");
}

/** Whether a text is a digest of that kind. */
export function isDigest(algorithm: HashName, hex: string): boolean {
  return /^[0-9a-f]+$/.test(hex) && hex.length === 2 * DIGEST_BYTES[algorithm];
}

/** The best of those that are marked with a hash function that we know. */
export function strongest<Marked extends { readonly algorithm: string }>(
  list: readonly Marked[],
): (Marked & { readonly algorithm: HashName }) | undefined {
  const rank = ({ algorithm }: Marked) => HASH_NAMES.findIndex((name) => name === algorithm);
  const known = list.filter((it) => rank(it) >= 0).toSorted((a, b) => rank(a) - rank(b));
  return known[0] as (Marked & { readonly algorithm: HashName }) | undefined;
}

/** Hash functions for which other content with the same digest can be made. */
const BROKEN: ReadonlySet<HashName> = new Set(["sha-1", "md5"]);

/** Whether no other content with the same digest can be made, as far as is known. */
export function isStrong({ digest, pieces }: ExpectedContent): boolean {
  return [digest, pieces].some((it) => it !== undefined && !BROKEN.has(it.algorithm));
}
