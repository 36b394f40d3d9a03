/**
 * Metalink documents (RFC 5854): where a file is to be had, its size and its digest, for clients
 * that download from several servers at once.
 *
 * @module
 */

import { type FieldSection, fieldSection, NO_FIELDS } from "../http/fields.ts";
import { weightedMembers } from "../http/negotiation.ts";
import { escapeHtml, type Reply, type Request, uriOf } from "../net/handler.ts";
import type { FileRouter } from "./file_checks/file_router.ts";

/** The media type (RFC 5854 §7.1). */
export const METALINK_TYPE = "application/metalink4+xml";

/** What the path of a Metalink document ends with, behind that of its file. */
export const METALINK_SUFFIX = ".meta4";

/** What the header section of a document holds. */
const HEADER_SECTION = fieldSection([
  ["Content-Type", METALINK_TYPE],
  ["Cache-Control", "no-store"],
  ["Vary", "Accept"],
]);

/** A path whose document a Link field can name: a URI without a query, and not of a directory. */
const DESCRIBED_PATH = /^\/[\w.~:/@!$&'()*+,;=-]*(?:%[\dA-Fa-f]{2}[\w.~:/@!$&'()*+,;=-]*)*(?<!\/)$/;

/** What stands behind the path in such a field. */
const DESCRIBED_BY = `${METALINK_SUFFIX}>; rel=describedby; type="${METALINK_TYPE}"\r\n`;

/**
 * Answers requests for Metalink documents: for the path of a file with `.meta4` behind it, unless
 * the servers have a file of that name, and for a file itself if the client accepts the media type.
 */
export class MetalinkResponder {
  readonly #files: FileRouter;

  /** Describes the files that a router knows. */
  constructor(files: FileRouter) {
    this.#files = files;
  }

  /**
   * The document that a request asks for, with the servers that are known to have the file.
   *
   * @returns undefined if it asks for none; settles as undefined if there is none
   */
  reply({ head, target, client }: Request): Promise<Reply | undefined> | undefined {
    if (target.endsWith(METALINK_SUFFIX) && !target.includes("?")) {
      return this.#replyBySuffix(target, client);
    }
    const accept = head.fields.get("accept");
    if (accept === undefined || !isMetalinkAccepted(accept)) return undefined;
    return this.#describe(target, client);
  }

  /** A Link field that names the document of a file (RFC 6249 §6); empty if it can have none. */
  link(target: string): FieldSection {
    if (!DESCRIBED_PATH.test(target) || target.endsWith(METALINK_SUFFIX)) return NO_FIELDS;
    return `Link: <${target}${DESCRIBED_BY}` as FieldSection;
  }

  async #replyBySuffix(target: string, client: string): Promise<Reply | undefined> {
    await this.#files.askAll(target);
    if (this.#files.locate(target, client) !== undefined) return undefined;
    return await this.#describe(target.slice(0, -METALINK_SUFFIX.length), client);
  }

  async #describe(target: string, client: string): Promise<Reply | undefined> {
    const name = fileNameOf(target);
    if (name === undefined) return undefined;
    await this.#files.askAll(target);
    const located = this.#files.locate(target, client);
    if (located === undefined) return undefined;
    const { version: { bytes, sha256 }, servers } = located;
    const urls = servers.map(({ publicUrl }) => `${publicUrl}${target}`);
    const content = writeMetalink({ name, bytes, sha256, urls });
    return { statusCode: 200, headerSection: HEADER_SECTION, content };
  }
}

function isMetalinkAccepted(accept: string): boolean {
  // Most clients accept anything: only the type itself asks for a document.
  if (!accept.toLowerCase().includes(METALINK_TYPE)) return false;
  return weightedMembers(accept).some(({ value, qvalue }) => value === METALINK_TYPE && qvalue > 0);
}

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
