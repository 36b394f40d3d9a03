/**
 * Reads the texts of lists, and parses their entries: servers, and names that are looked up in DNS,
 * `srv:_name._tcp.domain` or `dns:name:port`.
 *
 * @module
 */

import { resolve } from "@std/path";
import { UsageError } from "../../cli/command.ts";
import { markedEncoding, readStandardInput } from "../../cli/option_file.ts";
import { isHostName } from "../../http/host.ts";
import { isAddress, looksLikeUrl, parseEndpoint, quote, refuse } from "./endpoint.ts";
import {
  parseServer,
  parseServerOptions,
  type Server,
  type ServerOptions,
  wordsOf,
} from "./server.ts";

/** One entry of a list. */
export type Entry = { readonly kind: "server"; readonly server: Server } | DnsEntry;

/**
 * Parses one entry, as `parseServer()` or `parseDnsEntry()` has it.
 *
 * @throws {ServerListError} if the text is malformed
 */
export function parseEntry(text: string): Entry {
  if (looksLikeDnsEntry(text)) return parseDnsEntry(text);
  return { kind: "server", server: parseServer(text) };
}

/** What both kinds of DNS entries have. */
export interface LookedUp {
  /** The entry without its options, in lower case. */
  readonly text: string;
  /** The name to look up. A dot at its end is kept, to exclude search domains. */
  readonly name: string;
  /** The options of each server that is found. */
  readonly options: ServerOptions;
}

/** Each SRV record of the name is a server (RFC 2782). */
export interface SrvEntry extends LookedUp {
  readonly kind: "srv";
}

/** Each A and AAAA record of the name is a server. */
export interface AddressEntry extends LookedUp {
  readonly kind: "dns";
  readonly port: number;
}

/** An entry by which servers are found in DNS. */
export type DnsEntry = SrvEntry | AddressEntry;

/** Not followed by a port alone, which belongs to a server named `srv` or `dns`. */
const PREFIX = /^(srv|dns):(?!\d+(?:[=, \t]|$))/i;

/** The service, the protocol and the domain. */
const SRV_NAME = /^_[a-z\d][^.]*\._[a-z\d][^.]*\.[^.]/;

/** Whether an entry is meant to be looked up in DNS. */
export function looksLikeDnsEntry(text: string): boolean {
  return PREFIX.test(text);
}

/**
 * Parses a DNS entry: what is looked up, then maybe options, as those of a server.
 *
 * @param text one that `looksLikeDnsEntry()` accepts
 * @throws {ServerListError} if the text is malformed
 */
export function parseDnsEntry(text: string): DnsEntry {
  const [first = "", ...others] = wordsOf(text);
  if (first.includes("=") || looksLikeUrl(others[0] ?? "")) {
    refuse(text, "has a URL for clients, which all servers found by it would share: leave it off");
  }
  const colon = first.indexOf(":");
  const asked = first.slice(colon + 1).toLowerCase();
  if (asked.startsWith("//")) refuse(text, 'is written like a URL: leave "//" off');
  const options = parseServerOptions(others, text);
  if (first.slice(0, colon).toLowerCase() === "srv") {
    return { kind: "srv", text: `srv:${asked}`, name: parseSrvName(asked, text), options };
  }
  const { hostname, port } = parseNameAndPort(asked, text);
  return { kind: "dns", text: `dns:${hostname}:${port}`, name: hostname, options, port };
}

function parseSrvName(name: string, whole: string): string {
  if (name === "") refuse(whole, "names nothing: write it as in srv:_http._tcp.example.org");
  if (name.includes(":")) refuse(whole, "has a port, which SRV records tell: leave it off");
  if (!SRV_NAME.test(name)) {
    refuse(whole, "has no service and protocol: write it as in srv:_http._tcp.example.org");
  }
  if (!isHostName(name)) refuse(whole, `has ${quote(name)}, which is no valid name in DNS`);
  return name;
}

function parseNameAndPort(text: string, whole: string): { hostname: string; port: number } {
  if (text === "") refuse(whole, "names nothing: write it as in dns:files.example.org:8000");
  if (!text.includes(":")) {
    refuse(whole, `has no port: write it as in ${quote(`dns:${text}:8000`)}`);
  }
  const endpoint = parseEndpoint(text, whole);
  if (isAddress(endpoint.hostname)) {
    refuse(whole, 'has an address, which is not looked up: leave "dns:" off');
  }
  return endpoint;
}

/**
 * A list that is part of the program: imported, so that it needs no permission when run from
 * source.
 */
export interface BuiltInList {
  /** Its path, which the user may name. */
  readonly path: string;
  readonly load: () => Promise<{ readonly default: string }>;
}

/** The most bytes of a list, ten times those of 100,000 servers; /dev/zero has no end. */
const MOST_BYTES = 32 * 1024 * 1024;

const PIECE_BYTES = 64 * 1024;

/** Where a list came from; only a file can be read again. */
export type ListOrigin = "file" | "pipe" | "standard input" | "program";

/** The text of a list. */
export interface ListText {
  readonly text: string;
  readonly origin: ListOrigin;
}

/**
 * Reads the text of a list.
 *
 * @param name a path, or `-` for standard input
 * @param mayBePipe whether it may be readable only once, such as `<(command)`
 * @throws {UsageError} if it cannot be read
 */
export async function readListText(
  name: string,
  builtIn: BuiltInList,
  mayBePipe = true,
): Promise<ListText> {
  try {
    if (name === "-") return { text: await readStandardInput(), origin: "standard input" };
    const { state } = await Deno.permissions.query({ name: "read", path: name });
    if (state === "granted") return await readFile(name, mayBePipe);
    if (resolve(name) === resolve(builtIn.path)) {
      return { text: (await builtIn.load()).default, origin: "program" };
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: ${reasonUnread(error)}`, { cause: error });
  }
  throw new UsageError(`there is no permission to read ${name}: add --allow-read=${name}`);
}

/** Does not open a pipe that took a file's place, which would wait for its writer. */
async function readFile(name: string, mayBePipe: boolean): Promise<ListText> {
  const { isFile, isDirectory } = await Deno.stat(name);
  if (!isFile && !isDirectory && !mayBePipe) {
    throw new UsageError(`${name}: it is no file any more`);
  }
  using file = await Deno.open(name);
  let text = "";
  let length = 0;
  const piece = new Uint8Array(PIECE_BYTES);
  let decoder: TextDecoder | undefined;
  for (let count = await file.read(piece); count !== null; count = await file.read(piece)) {
    length += count;
    if (length > MOST_BYTES) throw new UsageError(`${name}: it is too long for a list of servers`);
    decoder ??= new TextDecoder(markedEncoding(piece));
    text += decoder.decode(piece.subarray(0, count), { stream: true });
  }
  return { text: text + (decoder?.decode() ?? ""), origin: isFile ? "file" : "pipe" };
}

/** A failed import has the same code for every reason; its message differs. */
function reasonUnread(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === "EISDIR" || message.includes("ERR_UNSUPPORTED_DIR_IMPORT")) {
    return "it is a directory, not a list of servers";
  }
  if (code === "EACCES" || message.includes("Permission denied")) {
    return "permission to read it is denied";
  }
  if (code === "ENOENT" || code === "ERR_MODULE_NOT_FOUND") {
    return "there is no such file, and a server is written host:port";
  }
  return "it cannot be read";
}
