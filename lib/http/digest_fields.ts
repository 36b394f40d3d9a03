import type { Fields } from "./fields.ts";

/** The digests that we compute, by the names that RFC 9530 §5 gives them, the strongest first. */
export const ALGORITHMS = ["sha-512", "sha-256"] as const;

/** One of `ALGORITHMS`. */
export type Algorithm = typeof ALGORITHMS[number];

/** What octets are promised to hash to: the digest in hexadecimal digits. */
export interface Digest {
  /** How it is computed. */
  readonly algorithm: Algorithm;
  /** In lower case. */
  readonly hex: string;
}

/** RFC 9651 §3.2: one member of a dictionary whose value is a byte sequence, `name=:base64:`. */
const MEMBER = /^[ \t]*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):[ \t]*(?:;[^,]*)?$/;

/** How many octets each digest has. */
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
  const value = fields.get(lowerCaseName);
  if (value === undefined) return undefined;
  const members = new Map<string, string>();
  for (const member of value.split(",")) {
    const [, name, base64] = MEMBER.exec(member) ?? [];
    if (name !== undefined) members.set(name, base64!);
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
