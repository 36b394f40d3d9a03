/**
 * The port of a role for the people and programs that run it: `--admin`.
 *
 * @module
 */

import type { ValueParser } from "../cli/option.ts";
import type { Fields } from "../http/fields.ts";
import { authorityOf } from "../http/grammar.ts";
import { hostnameOf, isLocalHost } from "../http/host.ts";
import type { Logger } from "../log/logger.ts";
import { type Handler, type Reply, replyToMethod, type Request } from "../net/handler.ts";
import { lineReply } from "./admin_replies.ts";
import { HttpServer } from "./http_server.ts";

/** The value of `--admin`. */
export interface AdminAddress {
  /** Without brackets, as `Deno.listen` takes it. */
  readonly hostname: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly isLoopback: boolean;
}

/** `HOST:PORT`, or only a port, which means this machine. */
export const ADMIN_ADDRESS: ValueParser<AdminAddress> = {
  placeholder: "HOST:PORT",
  expected: "an address such as 127.0.0.1:9000, [::1]:9000 or, for this machine only, :9000",
  parse: (text) => {
    const [, host, digits] = /^(?:(\[[^\]]*\]|[^:[\]]*):)?(\d{1,5})$/.exec(text) ?? [];
    if (digits === undefined || Number(digits) > 65535) return undefined;
    const hostname = hostnameOf(host || "127.0.0.1");
    if (hostname === undefined) return undefined;
    return { hostname, port: Number(digits), isLoopback: isLoopback(hostname) };
  },
};

/** The unspecified address, which is all zeros, means all addresses. */
function isLoopback(hostname: string): boolean {
  return isLocalHost(hostname) && /[1-9]|localhost/.test(hostname);
}

/** A host name that no web site can own: an address as URL parsers write it, or localhost. */
const OWN_NAME = /^(?:\[[\da-f:]+\]|\d+\.\d+\.\d+\.\d+|(?:.+\.)?localhost\.?)$/;

/**
 * Cross-origin check: why a request may come from another web site, through the browser of a user
 * who can connect here; undefined if it seems not to.
 *
 * A site may resolve its own name to 127.0.0.1 (DNS rebinding) and would then read all replies as
 * its own: if only this machine can connect, Host must be no such name. Sec-Fetch fields reveal
 * requests of sites that could not read the replies, but could occupy all event streams.
 *
 * @param isLoopback whether only this machine can connect
 */
export function crossOriginReason(fields: Fields, isLoopback: boolean): string | undefined {
  const host = fields.get("host");
  if (isLoopback && host !== undefined && !isOwnName(host)) {
    return "Only requests to an IP address or to localhost are answered here.";
  }
  const site = fields.get("sec-fetch-site");
  if (site !== "cross-site" && site !== "same-site") return undefined;
  if (fields.get("sec-fetch-dest") === "document") return undefined; // A link was followed.
  return "Requests from other sites are not answered here.";
}

function isOwnName(host: string): boolean {
  return OWN_NAME.test(URL.parse(`http://${host}/`)?.hostname ?? "");
}

/** What stands at a path: a reply, or what makes one of a request. */
export type AdminRoute = Reply | ((request: Request) => Reply | Promise<Reply>);

/** What stands at which path, and who may ask for it. */
export interface AdminPagesOptions {
  readonly routes: ReadonlyMap<string, AdminRoute>;
  /** The paths that a reply to any other path names, such as `/healthz and /metrics`. */
  readonly shown: string;
  /** Whether only this machine can connect: then Host must be an IP address or localhost. */
  readonly isLoopback: boolean;
}

/** Answers requests for the paths of a table, except from other web sites. */
export class AdminPages {
  readonly #options: AdminPagesOptions;
  readonly #nothing: Reply;

  constructor(options: AdminPagesOptions) {
    this.#options = options;
    this.#nothing = lineReply(404, `There is nothing here, but at ${options.shown}.`);
  }

  readonly handle: Handler = (request) => {
    const { routes, isLoopback } = this.#options;
    const reason = crossOriginReason(request.head.fields, isLoopback);
    if (reason !== undefined) return lineReply(403, reason);
    const route = routes.get(pathOf(request.target)) ?? this.#nothing;
    return typeof route === "function" ? route(request) : route;
  };

  /** As `ServerConfig`: OPTIONS of `/healthz`, by which HAProxy checks, is answered as GET. */
  readonly replyToMethod = (request: Request): Reply | undefined => {
    const isHealthCheck = request.head.method === "OPTIONS" &&
      pathOf(request.target) === "/healthz";
    return isHealthCheck ? undefined : replyToMethod(request);
  };
}

function pathOf(target: string): string {
  return target.split("?", 1)[0]!;
}

/** The most connections: far more than event streams, which so keep no request out. */
const MOST_CONNECTIONS = 1000;

/** Time for open requests at the end, in ms. */
const GRACE_MS = 1000;

/** Serves admin pages at an address of their own. */
export class AdminPort {
  readonly #server: HttpServer;
  readonly #closing = new AbortController();
  readonly #serving: Promise<void>;

  /**
   * Listens and serves until `close()`. Later errors are logged.
   *
   * @throws {CommandError} status 1, if it cannot listen there
   */
  constructor(
    { hostname: host, port }: AdminAddress,
    { handle: handler, replyToMethod }: Pick<AdminPages, "handle" | "replyToMethod">,
    { info, error: logError }: Pick<Logger, "info" | "error">,
  ) {
    const names = { host: "--admin", port: "--admin" };
    this.#server = new HttpServer(
      { host, port, "max-connections": MOST_CONNECTIONS, log: "none", grace: GRACE_MS },
      { handler, replyToMethod, names, info, logError },
    );
    this.#serving = this.#server.serveUntil(this.#closing.signal).catch(logError);
  }

  /** Where it listens, such as `http://127.0.0.1:9000/`. */
  get url(): string {
    const { hostname, port } = this.#server.address;
    return `http://${authorityOf(hostname, port)}/`;
  }

  /** Stops accepting, and finishes open requests. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#serving;
    await this.#server.close(this.#closing.signal);
  }
}
