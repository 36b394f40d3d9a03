import { type FieldSection, NO_FIELDS } from "../http/field_section.ts";
import { Redirect } from "../http/redirect.ts";
import { htmlReply } from "../http/reply.ts";
import type { Handler } from "../net/handler.ts";
import { alternativeLinks } from "./alternatives.ts";
import { AVOID_FIELD, avoids } from "./avoid.ts";
import { isLocalHost } from "./list/local_host.ts";
import type { PickRequest } from "./policy.ts";
import type { Pool } from "./pool.ts";
import type { Server } from "./list/server.ts";

/** How clients are redirected. */
export interface RedirectorOptions {
  /** 301, 302, 303, 307 or 308. */
  readonly statusCode: number;
  /** How many other servers a redirect names beside the chosen one; 0 for no names at all. */
  readonly alternatives: number;
  /** Told of what the user should know. */
  readonly tell: (message: string) => void;
}

const NO_STORE = ["Cache-Control", "no-store"] as const;

/** One redirect for each request, to a server that the pool picks. */
export class Redirector {
  readonly #pool: Pool;
  readonly #options: RedirectorOptions;
  readonly #redirect: Redirect;
  readonly #noServer = htmlReply(
    503,
    "No server is available now. Please try again later.",
    [["Retry-After", "60"], NO_STORE],
  );
  #hasWarned = false;
  /** The request under way: one object for all, since a pick is over before the next begins. */
  readonly #asked = {
    client: "",
    target: "",
    random: 0,
    /** The clock is read only for policies that look at it. */
    get now(): number {
      return performance.now();
    },
  };

  /** Prepares the redirects. */
  constructor(pool: Pool, options: RedirectorOptions) {
    this.#pool = pool;
    this.#options = options;
    // A 301 may be cached for ever (RFC 9110 §15.4.2), and would pin a client to one server, dead
    // or not.
    this.#redirect = new Redirect(options.statusCode, "The file is here:", [NO_STORE]);
  }

  /** The handler of all requests. */
  readonly handle: Handler = ({ head, target, client }) => {
    const asked = this.#asked;
    asked.client = client;
    asked.target = target;
    asked.random = Math.random();
    const avoided = head.fields.get(AVOID_FIELD);
    const isExcluded = avoided === undefined ? undefined : avoids(avoided);
    const request: PickRequest = isExcluded === undefined ? asked : { ...asked, isExcluded };
    const server = this.#pool.pick(request);
    if (server === undefined) return this.#noServer;
    if (server.isPublicLocal && !this.#hasWarned) this.#warn(server, client);
    // The target stands as it was received: validated, never decoded (§10.2.2).
    return this.#redirect.to(`${server.publicUrl}${target}`, this.#links(server, request));
  };

  #links(chosen: Server, { target, isExcluded }: PickRequest): FieldSection {
    const { alternatives } = this.#options;
    if (alternatives === 0) return NO_FIELDS;
    const all = this.#pool.byShare;
    const others = isExcluded === undefined ? all : all.filter((server) => !isExcluded(server));
    return alternativeLinks(target, chosen, others, alternatives);
  }

  /** Such a redirect leads every client to itself, which is what is wanted only on this machine. */
  #warn({ publicUrl }: Server, client: string): void {
    if (isLocalHost(client)) return;
    this.#hasWarned = true;
    this.#options.tell(
      `clients from elsewhere, such as ${client}, are sent to ${publicUrl}, which for them is ` +
        "their own machine: list the server as host:port=PUBLIC_URL",
    );
  }
}
