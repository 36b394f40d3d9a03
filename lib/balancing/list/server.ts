/**
 * One server of the list: where it is probed, where its clients are sent, and how many it gets.
 *
 * @module
 */

import { isLocalHost } from "../../http/host.ts";
import {
  type Endpoint,
  looksLikeUrl,
  parseEndpoint,
  parsePublicUrl,
  type PublicUrl,
  quote,
  refuse,
} from "./endpoint.ts";
import { isPlaceOption, isSamePlace, parsePlaceOption, type PlaceOptions } from "./place.ts";

/** A file server as it is listed; its `Endpoint` is where it is probed. */
export interface Server extends Endpoint, ServerOptions {
  /**
   * Tells listings apart: a server keeps it for as long as it is listed, and has another one when it
   * is listed again.
   */
  readonly id: number;
  /** The scheme of its probes. */
  readonly scheme: "http" | "https";
  /** The Host field of its probes: that of its clients (RFC 9110 §7.2). */
  readonly host: string;
  /** The TLS server name of its probes, which is verified: that of its clients. */
  readonly tlsName: string;
  /** Precedes the request-target of its probes; empty, or a path without a slash at its end. */
  readonly probePrefix: string;
  /** Precedes the request-target in a Location: scheme, authority and maybe a path. */
  readonly publicUrl: string;
  /**
   * Host and port of the public URL as URL parsers write them, always with the port; for
   * Avoid-Server.
   */
  readonly publicAuthority: string;
  /** Whether the public URL leads every client to its own machine. */
  readonly isPublicLocal: boolean;
  /** The entry by which it was found in DNS; undefined if it is listed itself. */
  readonly foundBy: string | undefined;
}

/** Frequent mistakes in place of `host:port`, with the advice; the first match counts. */
const COMMON_MISTAKES: readonly [RegExp, (found: string) => string][] = [
  [/^(?:[a-z][a-z\d+.-]*:)?\/\//i, (found) => `begins like a URL: leave ${quote(found)} off`],
  [/\/.*$/, (found) => `has a path: leave ${quote(found)} off`],
];

/**
 * Parses one entry: where it is probed, `host:port`, `[v6]:port` or `https://host:port/prefix`;
 * then maybe where clients are sent, as `=PUBLIC_URL` or as a second word; then maybe options, as
 * `parseServerOptions()` has them. Words are separated by white space or one comma.
 *
 * @throws {ServerListError} if the text is malformed
 */
export function parseServer(text: string): Server {
  const [first = "", ...others] = wordsOf(text);
  if (first === "") {
    refuse(text, "names no server: write host:port, or [address]:port for IPv6");
  }
  const equals = first.indexOf("=");
  const probed = parseProbed(equals < 0 ? first : first.slice(0, equals), text);
  const urls = equals < 0 ? [] : [first.slice(equals + 1)];
  if (looksLikeUrl(others[0] ?? "")) urls.push(others.shift()!);
  if (urls.length > 1) refuse(text, "has two URLs for clients: leave one off");
  const shown = urls[0] === undefined ? probed : parsePublicUrl(urls[0], text);
  return describe(probed, shown, parseServerOptions(others, text), undefined);
}

/** Identifies a server by how it is probed. */
export function probeKey({ scheme, hostname, port, probePrefix }: Server): string {
  return `${scheme} ${hostname} ${port} ${probePrefix}`;
}

/** What a later list says differently of a server; what stays is absent. */
export interface ListingChanges {
  readonly weight?: number;
  readonly isDrained?: boolean;
  /** Both priorities: a greater number is a lower rank. */
  readonly priority?: { readonly before: number; readonly after: number };
  readonly publicUrl?: string;
  /** All that it says of the place; empty if that is nothing any more. */
  readonly place?: PlaceOptions;
}

/**
 * Compares a server with what a later list says of it.
 *
 * @param listed has the same `probeKey`
 * @returns what it is from now on, with the id that it had, and changes that matter to clients
 */
export function applyListing(
  server: Server,
  listed: Server,
): { readonly server: Server; readonly changes: ListingChanges | undefined } {
  const { weight, isDrained, priority, publicUrl } = server;
  const changes: ListingChanges = {
    ...(listed.weight !== weight && { weight: listed.weight }),
    ...(listed.isDrained !== isDrained && { isDrained: listed.isDrained }),
    ...(listed.priority !== priority && {
      priority: { before: priority, after: listed.priority },
    }),
    ...(listed.publicUrl !== publicUrl && { publicUrl: listed.publicUrl }),
    ...(!isSamePlace(listed, server) && { place: placeOf(listed) }),
  };
  const hasChanged = Object.keys(changes).length > 0;
  return { server: { ...listed, id: server.id }, changes: hasChanged ? changes : undefined };
}

/** The latest id in this process. */
let lastId = 0;

/** The same server, listed anew: with an id of its own. */
export function listedAnew(server: Server): Server {
  return { ...server, id: ++lastId };
}

/** The words of an entry, separated by white space or one comma. */
export function wordsOf(text: string): string[] {
  return text.split(/[ \t]*,[ \t]*|[ \t]+/);
}

/** A server found in DNS: clients go where it is probed, over http. */
export function foundServer(endpoint: Endpoint, options: ServerOptions, foundBy: string): Server {
  const shown = plainUrl(endpoint);
  return describe(shown, shown, options, foundBy);
}

function describe(
  probed: PublicUrl,
  shown: PublicUrl,
  options: ServerOptions,
  foundBy: string | undefined,
): Server {
  return {
    ...options,
    id: ++lastId,
    hostname: probed.hostname,
    port: probed.port,
    authority: probed.authority,
    scheme: probed.scheme,
    host: shown === probed ? probed.authority : new URL(shown.href).host,
    tlsName: shown.scheme === "https" ? shown.hostname : probed.hostname,
    probePrefix: probed.prefix,
    publicUrl: shown.href,
    publicAuthority: publicNameOf(shown),
    isPublicLocal: isLocalHost(shown.hostname),
    foundBy,
  };
}

function parseProbed(text: string, whole: string): PublicUrl {
  if (/^https:\/\//i.test(text)) return parsePublicUrl(text, whole);
  for (const [pattern, reply] of COMMON_MISTAKES) {
    const found = pattern.exec(text);
    if (found) refuse(whole, reply(found[0]));
  }
  return plainUrl(parseEndpoint(text, whole));
}

function plainUrl(endpoint: Endpoint): PublicUrl {
  return { ...endpoint, scheme: "http", prefix: "", href: `http://${endpoint.authority}` };
}

/**
 * As a client's URL parser writes it, which has one spelling for `HOST:80` and for an IPv6 address.
 */
function publicNameOf({ scheme, authority, port }: PublicUrl): string {
  return `${new URL(`${scheme}://${authority}`).hostname}:${port}`;
}

function placeOf({ zones, country, continent }: Server): PlaceOptions {
  return {
    ...(zones && { zones }),
    ...(country && { country }),
    ...(continent && { continent }),
  };
}

/** The options of a server in the list: how many clients it gets, when, and where it is. */
export interface ServerOptions extends PlaceOptions {
  /** Factor of its share: positive, maybe a fraction. */
  readonly weight: number;
  /** Whether it is tested, but gets no new clients. */
  readonly isDrained: boolean;
  /** Only available servers of the lowest number get clients; 0 for most. */
  readonly priority: number;
}

/** Added to a priority by `backup`: more than any priority in DNS, which has 16 bits. */
export const BACKUP_PRIORITY = 65536;

/** The greatest weight that a list or an action may give. */
export const HIGHEST_WEIGHT = 1000;

const SERVER_OPTIONS = "weight=N, drain, backup, zone=NAME, country=CODE and continent=CODE";

/**
 * Parses options in any order: `weight=N`, `drain`, `backup`, and those of places. Defaults: weight
 * 1, priority 0, not drained, of unknown place.
 *
 * @param whole the entry, which errors quote
 * @throws {ServerListError} if a word is no option, or an option is repeated
 */
export function parseServerOptions(words: readonly string[], whole: string): ServerOptions {
  const options = { weight: 1, isDrained: false, priority: 0 };
  const seen = new Set<string>();
  for (const word of words) {
    const [name = "", ...values] = word.split("=");
    const value = values.join("=");
    if (seen.has(name)) refuse(whole, `says ${quote(name)} twice`);
    seen.add(name);
    if (word === "drain") options.isDrained = true;
    else if (word === "backup") options.priority = BACKUP_PRIORITY;
    else if (name === "weight") options.weight = parseWeight(value, whole);
    else if (isPlaceOption(name)) Object.assign(options, parsePlaceOption(name, value, whole));
    else refuse(whole, `has ${quote(word)}, which is none of ${SERVER_OPTIONS}`);
  }
  return options;
}

function parseWeight(digits: string, whole: string): number {
  const weight = /^\d+$/.test(digits) ? Number(digits) : NaN;
  if (weight === 0) refuse(whole, "has the weight 0: write drain for a server to get no clients");
  if (!(weight <= HIGHEST_WEIGHT)) {
    refuse(whole, `has the weight ${quote(digits)}: write a number from 1 to ${HIGHEST_WEIGHT}`);
  }
  return weight;
}
