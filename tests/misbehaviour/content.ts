import { sha256 } from "./digest.ts";

/** What a server has under the name that is asked for. */
export interface Content {
  readonly octets: Uint8Array<ArrayBuffer>;
  /** Other octets have another, unless a server lies; undefined: none is sent. */
  readonly entityTag: string | undefined;
  /** The SHA-256 of the octets, as `sha256sum` writes it. */
  readonly sha256: string;
  /** The same as the value of a Repr-Digest field (RFC 9530 §3); undefined: none is sent. */
  readonly reprDigest: string | undefined;
}

/** Octets without a pattern; what they are follows from `random`. */
export async function drawContent(random: () => number, length: number): Promise<Content> {
  const octets = new Uint8Array(length);
  let state = Math.floor(random() * 2 ** 32) | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    octets[i] = state;
  }
  return await contentOf(octets);
}

/** The same octets under another validator, as on a server that makes it from the file's time. */
export function retagged(content: Content): Content {
  return { ...content, entityTag: `"other-${content.sha256.slice(0, 16)}"` };
}

/** Content of the same length in which every octet is another; its validator says so. */
export async function othersOf(content: Content): Promise<Content> {
  return await contentOf(content.octets.map((octet) => octet ^ 0x55));
}

async function contentOf(octets: Uint8Array<ArrayBuffer>): Promise<Content> {
  const digest = await sha256(octets);
  return {
    octets,
    entityTag: `"${digest.slice(0, 16)}"`,
    sha256: digest,
    reprDigest: reprDigest(digest),
  };
}

/** The value of a Repr-Digest field. */
export function reprDigest(sha256: string): string {
  return `sha-256=:${Uint8Array.fromHex(sha256).toBase64()}:`;
}
