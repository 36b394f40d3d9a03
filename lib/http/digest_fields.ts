/**
 * Repr-Digest, Content-Digest and Want-Repr-Digest (RFC 9530): reading the digests that a server
 * promises, and writing that of a whole representation. Of the algorithms (§5) only SHA-256 is
 * offered.
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { QUOTED_STRING_SOURCE, TOKEN_SOURCE } from "./grammar.ts";

/** The digests that we compute, by the names that RFC 9530 §5 gives them, the strongest first. */
const ALGORITHMS = ["sha-512", "sha-256"] as const;

/** One of `ALGORITHMS`. */
export type Algorithm = typeof ALGORITHMS[number];

/** What bytes are promised to hash to: the digest in hexadecimal digits. */
export interface Digest {
  readonly algorithm: Algorithm;
  readonly hex: string;
}

/** RFC 9651 §3.2: one member of a dictionary whose value is a byte sequence, `name=:base64:`. */
const BYTE_SEQUENCE_MEMBER = new RegExp(
  `(?:^|,)[ \\t]*(${TOKEN_SOURCE})=:([A-Za-z0-9+/]*={0,2}):` +
    `[ \\t]*(?:;(?:[^,"]|${QUOTED_STRING_SOURCE})*)?(?=,|$)`,
  "g",
);

/** How many bytes each digest has. */
const LENGTHS: Readonly<Record<Algorithm, number>> = { "sha-256": 32, "sha-512": 64 };

/**
 * The strongest digest that we can check of Repr-Digest or Content-Digest (RFC 9530 §2, §3). Members
 * that are malformed, or of other algorithms, are passed over: they promise nothing we could check.
 */
export function digestOf(
  fields: Fields,
  lowerCaseName: string,
  algorithms: readonly Algorithm[] = ALGORITHMS,
): Digest | undefined {
  const members = new Map<string, string>();
  for (const [, name, base64] of (fields.get(lowerCaseName) ?? "").matchAll(BYTE_SEQUENCE_MEMBER)) {
    members.set(name!, base64!);
  }
  for (const algorithm of algorithms) {
    const hex = hexOf(members.get(algorithm) ?? "");
    if (hex?.length === LENGTHS[algorithm] * 2) return { algorithm, hex };
  }
  return undefined;
}

function hexOf(base64: string): string | undefined {
  try {
    return Array.from(atob(base64), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}

/** The value of Repr-Digest (§3): a dictionary with a byte sequence (RFC 9651 §3.2, §3.3.5). */
export function reprDigest(sha256Hex: string): string {
  return `sha-256=:${Uint8Array.fromHex(sha256Hex).toBase64()}:`;
}

const KEY = "[a-z*][a-z0-9_.*-]*";

/** RFC 9651 §3.1.2: parameters mean nothing here, but may be there. */
const PARAMETER = `; *${KEY}(?:=(?:"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"|[^ \\t",;]+))?`;

/** RFC 9651 §3.2: a member of a dictionary whose value is an integer. */
const INTEGER_MEMBER = `(${KEY})=(-?[0-9]{1,15})(?:${PARAMETER})*`;
const INTEGER_MEMBERS = new RegExp(INTEGER_MEMBER, "g");
const DICTIONARY = new RegExp(`^ *${INTEGER_MEMBER}(?:[ \\t]*,[ \\t]*${INTEGER_MEMBER})* *$`);

/**
 * Whether a client takes a SHA-256: not if Want-Repr-Digest (§4) gives it the preference 0. A value
 * that is no dictionary of integers from 0 to 10 is ignored. A client that names only other algorithms
 * gets SHA-256 as well: the field is a hint.
 */
export function acceptsSha256(wantReprDigest: string | undefined): boolean {
  if (wantReprDigest === undefined || !DICTIONARY.test(wantReprDigest)) return true;
  const preferences = new Map<string, number>();
  for (const [, key, preference] of wantReprDigest.matchAll(INTEGER_MEMBERS)) {
    preferences.set(key!, Number(preference)); // The last of a key counts (RFC 9651 §3.2).
  }
  const areValid = [...preferences.values()].every((it) => it >= 0 && it <= 10);
  return !areValid || preferences.get("sha-256") !== 0;
}
