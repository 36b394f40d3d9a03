/**
 * One entry of a list: where a server is probed, where its clients are sent, and how much it gets.
 *
 * @module
 */

import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { isLocalHost } from "./local_host.ts";
import { looksLikeUrl, parsePublicUrl, type PublicUrl } from "./public_url.ts";
import { quote, refuse } from "./server_list_error.ts";

/** One file server of the farm; its `Endpoint` is where it is probed. */
export interface Server extends Endpoint {
  /** How it is probed. */
  readonly scheme: "http" | "https";
  /** What stands before the request-target when it is probed; empty, or a path without its end. */
  readonly probePrefix: string;
  /** What stands before the request-target in a Location: scheme, authority and maybe a path. */
  readonly publicUrl: string;
  /** Host and port of the public URL as URL parsers write them, the port always: see `avoid.ts`. */
  readonly publicName: string;
  /** Whether the public URL leads every client to its own machine. */
  readonly isPublicLocal: boolean;
  /** How much of a share it gets in comparison with others: 1 to 1000. */
  readonly weight: number;
  /** Whether it gets no new clients, though it is tested. */
  readonly isDrained: boolean;
  /** Whether it gets clients only when all those that are no backups are out. */
  readonly isBackup: boolean;
}

const HIGHEST_WEIGHT = 1000;

/** What is often written in place of `host:port`, and the reply; the first that matches counts. */
const COMMON_MISTAKES: readonly [RegExp, (found: string) => string][] = [
  [/^(?:[a-z][a-z\d+.-]*:)?\/\//i, (found) => `begins like a URL: leave ${quote(found)} off`],
  [/\/.*$/, (found) => `has a path: leave ${quote(found)} off`],
];

/**
 * Reads one entry: where it is probed, `host:port`, `[v6]:port` or `https://host:port/prefix`; then
 * maybe where clients are sent, as `=PUBLIC_URL` or as a second word; then maybe the marks
 * `weight=N`, `drain` and `backup`. Words are separated by white space or by one comma.
 *
 * @throws {ServerListError} when the text is anything else
 */
export function parseServer(text: string): Server {
  const [first = "", ...others] = text.split(/[ \t]*,[ \t]*|[ \t]+/);
  if (first === "") {
    refuse(text, "names no server: write host:port, or [address]:port for IPv6");
  }
  const equals = first.indexOf("=");
  const probed = parseProbed(equals < 0 ? first : first.slice(0, equals), text);
  const urls = equals < 0 ? [] : [first.slice(equals + 1)];
  if (looksLikeUrl(others[0] ?? "")) urls.push(others.shift()!);
  if (urls.length > 1) refuse(text, "has two URLs for clients: leave one off");
  const shown = urls[0] === undefined ? probed : parsePublicUrl(urls[0], text);
  return {
    hostname: probed.hostname,
    port: probed.port,
    authority: probed.authority,
    scheme: probed.scheme,
    probePrefix: probed.prefix,
    publicUrl: shown.href,
    publicName: publicNameOf(shown),
    isPublicLocal: isLocalHost(shown.hostname),
    ...parseMarks(others, text),
  };
}

function parseProbed(text: string, whole: string): PublicUrl {
  if (/^https:\/\//i.test(text)) return parsePublicUrl(text, whole);
  for (const [pattern, reply] of COMMON_MISTAKES) {
    const found = pattern.exec(text);
    if (found) refuse(whole, reply(found[0]));
  }
  const endpoint = parseEndpoint(text, whole);
  return { ...endpoint, scheme: "http", prefix: "", href: `http://${endpoint.authority}` };
}

/** As a client sees it after its URL parser: `HOST:80` and an IPv6 address have one spelling. */
function publicNameOf({ scheme, authority, port }: PublicUrl): string {
  return `${new URL(`${scheme}://${authority}`).hostname}:${port}`;
}

function parseMarks(
  words: readonly string[],
  whole: string,
): Pick<Server, "weight" | "isDrained" | "isBackup"> {
  const marks = { weight: 1, isDrained: false, isBackup: false };
  const seen = new Set<string>();
  for (const word of words) {
    const [name = "", ...values] = word.split("=");
    if (seen.has(name)) refuse(whole, `says ${quote(name)} twice`);
    seen.add(name);
    if (word === "drain") marks.isDrained = true;
    else if (word === "backup") marks.isBackup = true;
    else if (name === "weight") marks.weight = parseWeight(values.join("="), whole);
    else refuse(whole, `has ${quote(word)}, which is none of weight=N, drain and backup`);
  }
  return marks;
}

function parseWeight(digits: string, whole: string): number {
  const weight = /^\d+$/.test(digits) ? Number(digits) : NaN;
  if (weight === 0) refuse(whole, "has the weight 0: write drain for a server to get no clients");
  if (!(weight <= HIGHEST_WEIGHT)) {
    refuse(whole, `has the weight ${quote(digits)}: write a number from 1 to ${HIGHEST_WEIGHT}`);
  }
  return weight;
}
