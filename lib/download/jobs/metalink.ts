import { createHash } from "node:crypto";
import { SaxesParser, type SaxesTagNS } from "saxes";
import { decodeLatin1 } from "../../http/grammar.ts";
import { DownloadError } from "../download_error.ts";
import {
  type ContentDigest,
  type ExpectedContent,
  isDigest,
  type PieceDigests,
  strongest,
} from "../expected_content.ts";
import { safeName } from "../output/file_name.ts";
import { markedEncoding } from "../../cli/option_file.ts";
import { parseTypedUri, type TargetUri } from "../requests/target_uri.ts";

/** A longer document is not read, in bytes. */
export const MOST_BYTES = 8 * 1024 * 1024;

/** Elements within elements. */
const MOST_LEVELS = 32;

const MOST_FILES = 10_000;

/** More URLs of a file are passed over. */
const MOST_URLS = 1000;

/** In bytes. */
const LONGEST_DECLARATION = 200;

/** The XML declaration, and the encoding in it. */
const DECLARATION = /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/;

const NAMESPACE = "urn:ietf:params:xml:ns:metalink";
const NAMESPACE_3 = "http://www.metalinker.org/";

/** RFC 5854 §4.2.17.2: a URL without a priority is the last choice. */
const LAST_PRIORITY = 999_999;

/** Where a file is to be had. */
export interface FileUrl {
  readonly uri: TargetUri;
  /** From 1, the best. */
  readonly priority: number;
  /** Its country, in two lower-case letters; undefined if it is not said. */
  readonly location: string | undefined;
}

/** A file that a document describes. */
export interface DescribedFile {
  /** A relative path that leads down, of names that are safe. */
  readonly path: string;
  readonly expected: ExpectedContent;
  /** Those of http and https, in the document's order. */
  readonly urls: readonly FileUrl[];
  /** Whether it has digests of pieces that do not suit its size. */
  readonly hasUnfitPieces: boolean;
}

/** What a document says. */
export interface MetalinkDocument {
  readonly files: readonly DescribedFile[];
  /** Where newer versions of it are to be had; undefined if it does not say. */
  readonly origin: TargetUri | undefined;
}

/** What a document says of a file, as it is read. */
interface Draft {
  readonly path: string;
  size?: number;
  readonly hashes: { readonly algorithm: string; readonly hex: string }[];
  readonly pieces: { readonly algorithm: string; pieceBytes: number; hexes: string[] }[];
  readonly urls: FileUrl[];
}

/**
 * Reads a Metalink document (RFC 5854). Entities other than those of XML itself
 * are refused, since no document type can be declared; so are names that lead out of a directory.
 *
 * @throws {DownloadError} `protocol`, if it is none, or breaks a limit
 */
export function parseMetalink(document: Uint8Array): MetalinkDocument {
  if (document.length > MOST_BYTES) throw fault(`is longer than ${MOST_BYTES} bytes`);
  const reader = new MetalinkReader();
  try {
    reader.read(textOf(document));
  } catch (error) {
    if (error instanceof DownloadError) throw error;
    throw fault("is no well-formed XML");
  }
  return { files: reader.files.map(described), origin: reader.origin };
}

/** The characters of a document. */
function textOf(document: Uint8Array): string {
  const encoding = encodingOf(document);
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch {
    throw fault(`is in an encoding that is not known: ${encoding}`);
  }
  try {
    return decoder.decode(document);
  } catch {
    throw fault(`is not in ${encoding}`);
  }
}

/**
 * The encoding of a document (XML 1.0 §4.3.3): by its byte order mark, or as it declares. What
 * declares UTF-16 in ASCII, without that mark, is in UTF-8.
 */
function encodingOf(document: Uint8Array): string {
  const marked = markedEncoding(document);
  if (marked !== undefined) return marked;
  const start = decodeLatin1(document, 0, Math.min(LONGEST_DECLARATION, document.length));
  const [, declared = "utf-8"] = DECLARATION.exec(start) ?? [];
  const encoding = declared.toLowerCase();
  return encoding.startsWith("utf-16") ? "utf-8" : encoding;
}

function fault(reason: string): DownloadError {
  return new DownloadError("protocol", `the Metalink document ${reason}`);
}

/** Collects the elements of one document. */
class MetalinkReader {
  readonly files: Draft[] = [];
  origin: TargetUri | undefined;
  readonly #paths = new Set<string>();
  /** The names of the elements that are open; "" for one of another namespace. */
  readonly #open: string[] = [];
  #tag: SaxesTagNS | undefined;
  #text = "";

  /** Reads all of it. */
  read(text: string): void {
    const parser = new SaxesParser({ xmlns: true, position: false });
    parser.on("doctype", () => {
      throw fault("declares a document type, which is refused");
    });
    parser.on("opentag", (tag) => this.#begin(tag));
    parser.on("closetag", () => this.#end());
    parser.on("text", (part) => this.#text += part);
    parser.on("cdata", (part) => this.#text += part);
    parser.write(text).close();
    if (this.files.length === 0) throw fault("describes no file");
  }

  #begin(tag: SaxesTagNS): void {
    if (this.#open.length === 0) checkRoot(tag);
    if (this.#open.length === MOST_LEVELS) throw fault("is nested too deeply");
    this.#open.push(tag.uri === NAMESPACE ? tag.local : "");
    this.#text = "";
    this.#tag = tag;
    const path = this.#open.join("/");
    if (path === "metalink/file") this.#beginFile(attribute(tag, "name") ?? "");
    if (path === "metalink/file/pieces") this.#beginPieces(tag);
  }

  #beginFile(name: string): void {
    const path = safePath(name);
    if (this.#paths.has(path)) throw fault(`describes ${path} twice`);
    if (this.files.length === MOST_FILES) throw fault(`describes more than ${MOST_FILES} files`);
    this.#paths.add(path);
    this.files.push({ path, hashes: [], pieces: [], urls: [] });
  }

  #beginPieces(tag: SaxesTagNS): void {
    const pieceBytes = sizeOf(attribute(tag, "length") ?? "");
    if (pieceBytes === 0) throw fault("has pieces of 0 bytes");
    const algorithm = algorithmOf(attribute(tag, "type"));
    this.files.at(-1)!.pieces.push({ algorithm, pieceBytes, hexes: [] });
  }

  #end(): void {
    const path = this.#open.join("/");
    this.#open.pop();
    const file = this.files.at(-1);
    const tag = this.#tag;
    // Only an element without others in it is read as text.
    this.#tag = undefined;
    if (tag === undefined) return;
    const text = this.#text.trim();
    // RFC 5854 §4.2.10: only one that is dynamic has newer versions.
    if (path === "metalink/origin" && attribute(tag, "dynamic") === "true") {
      this.origin = uriOf(text);
    }
    if (file === undefined) return;
    if (path === "metalink/file/size") file.size = sizeOf(text);
    if (path === "metalink/file/hash") {
      file.hashes.push({ algorithm: algorithmOf(attribute(tag, "type")), hex: text.toLowerCase() });
    }
    if (path === "metalink/file/pieces/hash") file.pieces.at(-1)!.hexes.push(text.toLowerCase());
    if (path === "metalink/file/url" && file.urls.length < MOST_URLS) {
      const url = urlOf(text, tag);
      if (url !== undefined) file.urls.push(url);
    }
  }
}

function checkRoot({ uri, local }: SaxesTagNS): void {
  if (uri === NAMESPACE_3) throw fault("is of Metalink 3, which is not read, only 4 (RFC 5854)");
  if (uri !== NAMESPACE || local !== "metalink") throw fault("has another root than metalink");
}

function attribute({ attributes }: SaxesTagNS, name: string): string | undefined {
  return attributes[name]?.value;
}

function sizeOf(text: string): number {
  const size = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(size)) throw fault(`has a size that is no number of bytes`);
  return size;
}

/** Some write `sha256` for `sha-256`. */
function algorithmOf(type = ""): string {
  return type.toLowerCase().replace(/^sha(?=[0-9])/, "sha-");
}

/** A URL; undefined for one that is not asked for. */
function urlOf(text: string, tag: SaxesTagNS): FileUrl | undefined {
  const uri = uriOf(text);
  const priority = attribute(tag, "priority") ?? "";
  return uri && {
    uri,
    priority: /^[1-9][0-9]{0,5}$/.test(priority) ? Number(priority) : LAST_PRIORITY,
    location: attribute(tag, "location")?.toLowerCase(),
  };
}

/** A URI; undefined for one that this client does not ask for, or that holds credentials. */
function uriOf(text: string): TargetUri | undefined {
  try {
    const uri = parseTypedUri(text);
    return uri.userinfo === undefined ? uri : undefined;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return undefined;
  }
}

/** The longest path of a file, in characters. */
const LONGEST_PATH = 1024;

/**
 * The path that a name means (RFC 5854 §4.1.2.1), each part of it safe.
 *
 * @throws {DownloadError} if it leads anywhere but down, or to a hidden file
 */
function safePath(name: string): string {
  const parts = name.split("/");
  const isHarmless = name.length <= LONGEST_PATH && !name.includes("\\") &&
    parts.every((part) => part !== "" && !part.startsWith("."));
  if (isHarmless) return parts.map(safeName).join("/");
  throw fault(`names a file that may not be written: ${JSON.stringify(name.slice(0, 100))}`);
}

function described({ path, size, hashes, pieces, urls }: Draft): DescribedFile {
  const digest = digestOf(path, hashes);
  const best = strongest(pieces);
  const isFit = best !== undefined && size !== undefined &&
    best.hexes.length === Math.ceil(size / best.pieceBytes) &&
    best.hexes.every((hex) => isDigest(best.algorithm, hex));
  const usable = isFit && size > 0 ? best : undefined;
  const identity = identityOf(digest, usable);
  return {
    path,
    expected: { bytes: size, digest, pieces: usable, identity },
    urls,
    hasUnfitPieces: best !== undefined && !isFit,
  };
}

/** The best of the hashes that we know; a broken one promises what no server can hold. */
function digestOf(path: string, hashes: Draft["hashes"]): ContentDigest | undefined {
  const digest = strongest(hashes);
  if (digest === undefined || isDigest(digest.algorithm, digest.hex)) return digest;
  throw fault(`has a ${digest.algorithm} of ${path} that is none`);
}

/** That of pieces alone is a digest of their digests. */
function identityOf(
  digest: ContentDigest | undefined,
  pieces: PieceDigests | undefined,
): string | undefined {
  if (digest !== undefined) return `${digest.algorithm}=${digest.hex}`;
  if (pieces === undefined) return undefined;
  const { algorithm, pieceBytes, hexes } = pieces;
  const sum = createHash("sha256").update(`${algorithm} ${pieceBytes} ${hexes}`).digest("hex");
  return `pieces=${sum}`;
}
