/**
 * Redirects requests to servers, and names other servers of the same file (RFC 6249).
 *
 * @module
 */

import { fieldLine, type FieldSection, NO_FIELDS } from "../http/fields.ts";
import { trimOws } from "../http/grammar.ts";
import { isLocalHost } from "../http/host.ts";
import { type Handler, htmlReply, Redirect, type Reply, type Request } from "../net/handler.ts";
import type { Chooser } from "./chooser.ts";
import { type FileRouter, MISSING } from "./file_checks/file_router.ts";
import { MetalinkResponder } from "./metalink.ts";
import type { Server } from "./list/server.ts";
import type { PickRequest } from "./policies/policy.ts";
import type { RequestCounters } from "./request_counters.ts";

/** How clients are redirected. */
export interface RedirectorOptions {
  /** 301, 302, 303, 307 or 308. */
  readonly statusCode: number;
  readonly alternatives: number;
  readonly retryAfterSeconds: number;
  /** Knows files and their sizes, if that is wanted. */
  readonly files?: FileRouter | undefined;
  /** Counts the clients. */
  readonly counters: RequestCounters;
  readonly info: (message: string) => void;
}

const NO_STORE = ["Cache-Control", "no-store"] as const;

/** Redirects each request to a server that the chooser picks. */
export class Redirector {
  readonly #chooser: Chooser;
  readonly #options: RedirectorOptions;
  readonly #redirect: Redirect;
  readonly #noServer: Reply;
  readonly #missing: Reply;
  readonly #metalinks: MetalinkResponder | undefined;
  /** The servers of which `#hasBothSchemes` tells. */
  #judged: readonly Server[] | undefined;
  #hasBothSchemes = false;
  #hasWarned = false;
  /** The latest client on this machine. */
  #localClient: string | undefined;
  /** The current request: one object for all, since a pick ends before the next begins. */
  readonly #asked = {
    client: "",
    target: "",
    random: 0,
    bytes: undefined as number | undefined,
    isSecondary: undefined as PickRequest["isSecondary"],
    /** Read only by policies that use the time. */
    get monotonicMs(): number {
      return performance.now();
    },
  };

  constructor(chooser: Chooser, options: RedirectorOptions) {
    this.#chooser = chooser;
    this.#options = options;
    this.#noServer = htmlReply(
      503,
      "No server is available now. Please try again later.",
      [["Retry-After", `${options.retryAfterSeconds}`], NO_STORE],
    );
    this.#missing = htmlReply(404, "None of the servers has this file.", [NO_STORE]);
    const { files } = options;
    if (files?.isChecking) this.#metalinks = new MetalinkResponder(files);
    // A cache may keep a 301 for ever (RFC 9110 §15.4.2), and so pin a client to a dead server.
    this.#redirect = new Redirect(options.statusCode, "The file is here", [NO_STORE]);
  }

  /** The handler of all requests. */
  readonly handle: Handler = (request) => {
    const metalink = this.#metalinks?.reply(request);
    if (metalink !== undefined) return metalink.then((reply) => reply ?? this.#answer(request));
    const ready = this.#options.files?.ready(request.target);
    return ready === undefined ? this.#answer(request) : ready.then(() => this.#answer(request));
  };

  #answer({ head, target, client, isSecure }: Request): Reply {
    const { files, counters } = this.#options;
    const asked = this.#asked;
    asked.client = client;
    asked.target = target;
    asked.random = Math.random();
    const row = files?.rowOf(target);
    asked.bytes = head.method === "HEAD" ? 0 : row === undefined ? undefined : files!.bytesOf(row);
    asked.isSecondary = isSecure === true && this.#mayChooseScheme() ? isPlain : undefined;
    const avoided = head.fields.get(AVOID_FIELD);
    const isExcluded = avoided === undefined ? undefined : avoids(avoided);
    const request: PickRequest = isExcluded === undefined ? asked : { ...asked, isExcluded };
    const server = files === undefined ? this.#chooser.pick(request) : files.pick(request, row);
    if (server === undefined) {
      counters.unavailable++;
      return this.#noServer;
    }
    if (server === MISSING) {
      counters.missing++;
      return this.#missing;
    }
    counters.redirected(server.authority);
    if (server.isPublicLocal && client !== this.#localClient) this.#warn(server, client);
    // The target as received: validated, never decoded (RFC 9110 §10.2.2).
    const redirect = this.#redirect.to(server.publicUrl, target, this.#links(server, request, row));
    return { ...redirect, annotation: server.authority };
  }

  #links(
    chosen: Server,
    { client, target, isExcluded, isSecondary }: PickRequest,
    row: number | undefined,
  ): FieldSection {
    const { alternatives, files } = this.#options;
    const isHeld = row !== undefined && files!.isHeld(row);
    const describedBy = isHeld && this.#metalinks?.link(target) || NO_FIELDS;
    if (alternatives === 0) return describedBy;
    const all = files === undefined
      ? this.#chooser.byNearness(client)
      : files.alternatives(client, row);
    const others = isExcluded === undefined
      ? all
      : Iterator.from(all).filter((server) => !isExcluded(server));
    const ordered = isSecondary === undefined ? others : plainLast([...others]);
    return alternativeLinks(target, chosen, ordered, alternatives) + describedBy as FieldSection;
  }

  /** Whether some servers have a URL of https for clients, and others do not. */
  #mayChooseScheme(): boolean {
    const { byShare } = this.#chooser;
    if (byShare !== this.#judged) {
      this.#judged = byShare;
      this.#hasBothSchemes = byShare.some(isPlain) && !byShare.every(isPlain);
    }
    return this.#hasBothSchemes;
  }

  /** Warns that a loopback URL leads clients on other machines to themselves. */
  #warn({ publicUrl }: Server, client: string): void {
    if (isLocalHost(client)) this.#localClient = client;
    if (this.#hasWarned || client === this.#localClient) return;
    this.#hasWarned = true;
    this.#options.info(
      `clients from elsewhere, such as ${client}, are sent to ${publicUrl}, which for them is ` +
        "their own machine: list the server as host:port=PUBLIC_URL",
    );
  }
}

/** Whether clients are sent to a URL of http, which is a step back for those that use https. */
function isPlain({ publicUrl }: Server): boolean {
  return publicUrl.startsWith("http:");
}

function plainLast(servers: readonly Server[]): readonly Server[] {
  return [...servers.filter((server) => !isPlain(server)), ...servers.filter(isPlain)];
}

/** RFC 3986: characters of a URI. Excludes `>`, which would end the link. */
const URI_REST = /^(?:[\w.~:/?@!$&'()*+,;=-]|%[\dA-Fa-f]{2})*$/;

/** The most bytes of Link fields in one head; further servers are left out. */
const MOST_LINK_BYTES = 8 * 1024;

/**
 * Link fields with the relation `duplicate` (RFC 6249), for clients that download from several
 * servers at once. Empty if the target is not a valid URI.
 *
 * @param target path and query as received
 * @param chosen the server of the redirect, which stands first
 * @param others those that may be picked, the best first; may include the chosen one
 * @param count the most of the others
 */
export function alternativeLinks(
  target: string,
  chosen: Server,
  others: Iterable<Server>,
  count: number,
): FieldSection {
  if (!URI_REST.test(target)) return NO_FIELDS;
  let section: string = link(chosen, target, 1);
  let priority = 1;
  for (const server of others) {
    if (priority > count) break;
    if (server.id === chosen.id) continue;
    const more = link(server, target, ++priority);
    if (section.length + more.length > MOST_LINK_BYTES) break;
    section += more;
  }
  return section as FieldSection;
}

/**
 * RFC 6249: a smaller number is a better choice. One field line per server, since aria2 reads no
 * list.
 */
function link({ publicUrl }: Server, target: string, priority: number): FieldSection {
  return fieldLine("Link", `<${publicUrl}${target}>; rel=duplicate; pri=${priority}`);
}

/**
 * The request field by which a client's retry names the servers that failed it, in lower case:
 *
 *     Avoid-Server: files1.example:8000, [2001:db8::1]:443
 *
 * Each is host and port of the URL it was redirected to, as URL parsers write them, always with the
 * port. Unknown names are ignored, and none is sent back or logged. A client can reach nothing by
 * it that it could not reach by itself.
 */
export const AVOID_FIELD = "avoid-server";

/** The most names that are read. */
const MOST_NAMES = 16;

/** Longer values are ignored, in bytes. */
const LONGEST_VALUE = 1024;

/** Parses an Avoid-Server value. @returns whether it names a server; undefined if it names none */
export function avoids(fieldValue: string): ((server: Server) => boolean) | undefined {
  if (fieldValue.length > LONGEST_VALUE) return undefined;
  const names = new Set(fieldValue.split(",", MOST_NAMES).map(trimOws));
  return ({ publicAuthority }) => names.has(publicAuthority);
}
