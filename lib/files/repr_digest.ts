/**
 * Repr-Digest and Want-Repr-Digest (RFC 9530): the digest of a whole representation, also with a part
 * of it. Of the algorithms (§5) only SHA-256 is offered.
 *
 * @module
 */

/** The value of Repr-Digest (§3): a dictionary with a byte sequence (RFC 9651 §3.2, §3.3.5). */
export function reprDigest(sha256Hex: string): string {
  return `sha-256=:${Uint8Array.fromHex(sha256Hex).toBase64()}:`;
}

const KEY = "[a-z*][a-z0-9_.*-]*";

/** RFC 9651 §3.1.2: parameters mean nothing here, but may be there. */
const PARAMETER = `; *${KEY}(?:=(?:"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"|[^ \\t",;]+))?`;

/** RFC 9651 §3.2: a member of a dictionary whose value is an integer. */
const MEMBER = `(${KEY})=(-?[0-9]{1,15})(?:${PARAMETER})*`;
const MEMBERS = new RegExp(MEMBER, "g");
const DICTIONARY = new RegExp(`^ *${MEMBER}(?:[ \\t]*,[ \\t]*${MEMBER})* *$`);

/**
 * Whether a client takes a SHA-256: not if Want-Repr-Digest (§4) gives it the preference 0. A value
 * that is no dictionary of integers from 0 to 10 is ignored. A client that names only other algorithms
 * gets SHA-256 as well: the field is a hint.
 */
export function acceptsSha256(wantReprDigest: string | undefined): boolean {
  if (wantReprDigest === undefined || !DICTIONARY.test(wantReprDigest)) return true;
  const preferences = new Map<string, number>();
  for (const [, key, preference] of wantReprDigest.matchAll(MEMBERS)) {
    preferences.set(key!, Number(preference)); // The last of a key counts (RFC 9651 §3.2).
  }
  const areValid = [...preferences.values()].every((it) => it >= 0 && it <= 10);
  return !areValid || preferences.get("sha-256") !== 0;
}
