/**
 * Metalink documents (RFC 5854): where a file is to be had, its size and its digest, for clients
 * that download from several servers at once.
 *
 * @module
 */

import { escapeHtml, uriOf } from "../net/handler.ts";

/** The media type (RFC 5854 §7.1). */
export const METALINK_TYPE = "application/metalink4+xml";

/** What the path of a Metalink document ends with, behind that of its file. */
export const METALINK_SUFFIX = ".meta4";

/** What a document says of its file. */
export interface MetalinkFile {
  /** The name to save it by. */
  readonly name: string;
  /** Size in bytes. */
  readonly bytes?: number | undefined;
  /** SHA-256 of the content in hexadecimal digits. */
  readonly sha256?: string | undefined;
  /** Where it is to be had, the best first. */
  readonly urls: readonly string[];
}

/** The greatest priority (RFC 5854 §4.2.17.2): a smaller number is a better choice. */
const MOST_PRIORITY = 999_999;

/** Writes a document with one file, in ASCII. */
export function writeMetalink({ name, bytes, sha256, urls }: MetalinkFile): string {
  const elements = [
    ...(bytes === undefined ? [] : [`<size>${bytes}</size>`]),
    ...(sha256 === undefined ? [] : [`<hash type="sha-256">${sha256}</hash>`]),
    ...urls.map((url, i) =>
      `<url priority="${Math.min(i + 1, MOST_PRIORITY)}">${escapeHtml(uriOf(url))}</url>`
    ),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="${escapeHtml(name)}">
    ${elements.join("\n    ")}
  </file>
</metalink>
`;
}

/** Characters that XML has no way to write, and those that no name may hold (RFC 5854 §4.1.2.1). */
// deno-lint-ignore no-control-regex
const NOT_IN_NAME = /[\x00-\x1f\x7f\ufffe\uffff/\\]/;

/**
 * The name of a target's file: the last segment of its path, decoded where that gives a name.
 *
 * @returns undefined for a directory
 */
export function fileNameOf(target: string): string | undefined {
  const [path = ""] = target.split("?", 1);
  const segment = path.slice(path.lastIndexOf("/") + 1);
  const name = decoded(segment);
  if (name === "" || name === "." || name === "..") return undefined;
  return NOT_IN_NAME.test(name) ? segment : name;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
