/**
 * Where else a file is to be had: Link fields with the relation `duplicate` (RFC 6249), for clients
 * that download from several servers at once.
 *
 * @module
 */

import { fieldLine, type FieldSection, NO_FIELDS } from "../http/fields.ts";
import { trimOws } from "../http/grammar.ts";
import { type Handler, htmlReply, Redirect, type Reply } from "../net/handler.ts";
import type { Chooser } from "./chooser.ts";
import type { KnownSizes } from "./known_sizes.ts";
import { isLocalHost } from "./list/endpoint.ts";
import type { Server } from "./list/server.ts";
import type { PickRequest } from "./policy.ts";
import type { RequestCounters } from "./request_counters.ts";

/** How clients are redirected. */
export interface RedirectorOptions {
  /** 301, 302, 303, 307 or 308. */
  readonly statusCode: number;
  /** How many other servers a redirect names beside the chosen one; 0 for no names at all. */
  readonly alternatives: number;
  /** When clients may ask again that were told that no server is available. */
  readonly retryAfterSeconds: number;
  /** How large files are, where the policy wants to know that. */
  readonly sizes?: KnownSizes | undefined;
  /** Counts the clients. */
  readonly counters: RequestCounters;
  /** Told of what the user should know. */
  readonly tell: (message: string) => void;
}

const NO_STORE = ["Cache-Control", "no-store"] as const;

/** One redirect for each request, to a server that the chooser picks. */
export class Redirector {
  readonly #chooser: Chooser;
  readonly #options: RedirectorOptions;
  readonly #redirect: Redirect;
  readonly #noServer: Reply;
  #hasWarned = false;
  /** The latest client that is this machine. */
  #localClient: string | undefined;
  /** The request under way: one object for all, since a pick is over before the next begins. */
  readonly #asked = {
    client: "",
    target: "",
    random: 0,
    bytes: undefined as number | undefined,
    /** The clock is read only for policies that look at it. */
    get monotonicMs(): number {
      return performance.now();
    },
  };

  /** Prepares the redirects. */
  constructor(chooser: Chooser, options: RedirectorOptions) {
    this.#chooser = chooser;
    this.#options = options;
    this.#noServer = htmlReply(
      503,
      "No server is available now. Please try again later.",
      [["Retry-After", `${options.retryAfterSeconds}`], NO_STORE],
    );
    // A 301 may be cached for ever (RFC 9110 §15.4.2), and would pin a client to one server, dead
    // or not.
    this.#redirect = new Redirect(options.statusCode, "The file is here", [NO_STORE]);
  }

  /** The handler of all requests. */
  readonly handle: Handler = ({ head, target, client }) => {
    const asked = this.#asked;
    asked.client = client;
    asked.target = target;
    asked.random = Math.random();
    const { sizes } = this.#options;
    if (sizes !== undefined) asked.bytes = head.method === "HEAD" ? 0 : sizes.of(target);
    const avoided = head.fields.get(AVOID_FIELD);
    const isExcluded = avoided === undefined ? undefined : avoids(avoided);
    const request: PickRequest = isExcluded === undefined ? asked : { ...asked, isExcluded };
    const server = this.#chooser.pick(request);
    if (server === undefined) return this.#turnAway();
    this.#options.counters.redirected(server.authority);
    if (head.method === "GET") sizes?.want(target, server);
    if (server.isPublicLocal && client !== this.#localClient) this.#warn(server, client);
    // The target stands as it was received: validated, never decoded (RFC 9110 §10.2.2).
    const redirect = this.#redirect.to(server.publicUrl, target, this.#links(server, request));
    return { ...redirect, annotation: server.authority };
  };

  #turnAway(): Reply {
    this.#options.counters.unavailable++;
    return this.#noServer;
  }

  #links(chosen: Server, { target, isExcluded }: PickRequest): FieldSection {
    const { alternatives } = this.#options;
    if (alternatives === 0) return NO_FIELDS;
    const all = this.#chooser.byShare;
    const others = isExcluded === undefined ? all : all.filter((server) => !isExcluded(server));
    return alternativeLinks(target, chosen, others, alternatives);
  }

  /** Such a redirect leads every client to itself, which is what is wanted only on this machine. */
  #warn({ publicUrl }: Server, client: string): void {
    if (isLocalHost(client)) this.#localClient = client;
    if (this.#hasWarned || client === this.#localClient) return;
    this.#hasWarned = true;
    this.#options.tell(
      `clients from elsewhere, such as ${client}, are sent to ${publicUrl}, which for them is ` +
        "their own machine: list the server as host:port=PUBLIC_URL",
    );
  }
}

/** RFC 3986: what a URI may consist of. Above all no `>`, which would end it and let others begin. */
const URI_REST = /^(?:[\w.~:/?@!$&'()*+,;=-]|%[\dA-Fa-f]{2})*$/;

/** What clients may be given in one head, in octets. What is beyond is left out. */
const MOST_OCTETS = 8 * 1024;

/**
 * The fields for one request; none when its target could be taken for more than a target.
 *
 * @param target path and query as received; what is no URI can be redirected, but not linked
 * @param chosen stands first
 * @param others those that may be picked, the best first; the chosen may be among them
 * @param count how many of the others there may be
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
    if (server === chosen) continue;
    const more = link(server, target, ++priority);
    if (section.length + more.length > MOST_OCTETS) break;
    section += more;
  }
  return section as FieldSection;
}

/** RFC 6249: a smaller number is a better choice. One field line each: aria2 reads no list. */
function link({ publicUrl }: Server, target: string, priority: number): FieldSection {
  return fieldLine("Link", `<${publicUrl}${target}>; rel=duplicate; pri=${priority}`);
}

/** Its name, in lower case as fields are looked up. */
export const AVOID_FIELD = "avoid-server";

/** Names that count. A client that has tried so many in vain may as well begin anew. */
const MOST_NAMES = 16;

/** A value that is longer is passed over as a whole, in octets. */
const LONGEST_VALUE = 1024;

/** Whom such a value names; undefined when it can name nobody. */
export function avoids(fieldValue: string): ((server: Server) => boolean) | undefined {
  if (fieldValue.length > LONGEST_VALUE) return undefined;
  const names = new Set(fieldValue.split(",", MOST_NAMES).map(trimOws));
  return ({ publicAuthority }) => names.has(publicAuthority);
}
