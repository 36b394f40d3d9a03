import { type Handler, htmlReply, Redirect, type Reply } from "../net/handler.ts";
import { type FieldSection, NO_FIELDS } from "../http/fields.ts";
import { alternativeLinks } from "./alternatives.ts";
import { AVOID_FIELD, avoids } from "./avoid.ts";
import type { KnownSizes } from "./known_sizes.ts";
import { isLocalHost } from "./list/local_host.ts";
import type { PickRequest } from "./policy.ts";
import type { Chooser } from "./chooser.ts";
import type { RequestCounters } from "./tally.ts";
import type { Server } from "./list/server.ts";

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
