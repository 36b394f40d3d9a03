/**
 * What a server says of a file, and when two servers have the same version of it.
 *
 * @module
 */

import { hashText } from "../policies/hash.ts";

/** A version of a file, as the fields of a response describe it. */
export interface FileVersion {
  /** Size of the content in bytes; undefined if the server gave none, as for a listing. */
  readonly bytes?: number | undefined;
  /** Hash of the strong entity tag, by `hashOf`; undefined without one. */
  readonly tag?: number | undefined;
  /** Last-Modified in seconds since 1970. */
  readonly lastModified?: number | undefined;
  /** SHA-256 of the content in hexadecimal digits, from Repr-Digest (RFC 9530). */
  readonly sha256?: string | undefined;
  /** Hash of the product in the Server field; undefined without one. */
  readonly software?: number | undefined;
}

/** What a server answered about a target: it has it, lacks it, or did not say. */
export type FileAnswer =
  | { readonly kind: "has"; readonly version: FileVersion }
  | { readonly kind: "lacks" }
  | { readonly kind: "unclear" };

/** Hashes a text to an integer of 53 bits, which two texts of one file do not share by chance. */
export function hashOf(text: string): number {
  return hashText(text) * 2 ** 21 + (hashText(`${text}\0`) >>> 11);
}

/**
 * Whether two servers have the same version: the same size, and no different digest or strong
 * entity tag. Different software makes different tags of one file; between them, the same
 * Last-Modified counts instead.
 */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  if (differ(a.bytes, b.bytes)) return false;
  if (a.sha256 !== undefined && b.sha256 !== undefined) return a.sha256 === b.sha256;
  if (!differ(a.tag, b.tag)) return true;
  return a.software !== b.software && a.lastModified !== undefined &&
    a.lastModified === b.lastModified;
}

/** Whether both are known and differ. */
function differ(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}
