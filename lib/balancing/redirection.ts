import type { LineWriter } from "../log/line_writer.ts";
import type { Logger } from "../log/logger.ts";
import { Certificate } from "../process/certificate.ts";
import { HttpServer, type HttpServerConfig } from "../process/http_server.ts";
import { readProxies } from "../process/proxies.ts";
import type { BalancerOptions } from "./balancer_options.ts";
import { Chooser } from "./chooser.ts";
import type { FileKnowledge } from "./file_checks/file_checks.ts";
import { FileRouter } from "./file_checks/file_router.ts";
import { Locator } from "./location/location.ts";
import { POLICIES } from "./policies.ts";
import type { Pool } from "./pool.ts";
import { Redirector } from "./redirector.ts";
import { PickedShares, RequestCounters } from "./request_counters.ts";
import { type Explain, explain } from "./why.ts";

/** Opens a server that redirects; its access log goes to `output`, by default standard output. */
export type OpenServer = (output?: LineWriter) => HttpServer;

/** The longest time after which clients may ask again if no server is available. */
const MAX_RETRY_AFTER_MS = 60_000;

/** How the options want clients redirected, in this process or by the servers it opens. */
export class Redirection {
  readonly #options: BalancerOptions;
  readonly #port: Pick<HttpServerConfig, "certificate" | "proxies">;
  readonly #logger: Pick<Logger, "info" | "error">;
  /** Finds the places of clients, if they matter. */
  readonly locator: Locator | undefined;
  /** Clients of this process, and of workers once they are added. */
  readonly counters: RequestCounters;
  readonly chooser: Chooser;

  private constructor(
    options: BalancerOptions,
    port: Pick<HttpServerConfig, "certificate" | "proxies">,
    locator: Locator | undefined,
    logger: Pick<Logger, "info" | "error">,
  ) {
    this.#options = options;
    this.#port = port;
    this.#logger = logger;
    this.locator = locator;
    this.counters = new RequestCounters();
    const tiers = locator && {
      places: locator,
      least: options["tier-min"],
      onPick: this.counters.redirectedIn,
    };
    const policy = POLICIES[options.policy](options.workers);
    this.chooser = new Chooser(policy, new PickedShares(this.counters), tiers);
  }

  /**
   * Reads the files that options name: certificate, proxies, places.
   *
   * @throws {UsageError} if a file cannot be read or has a mistake
   */
  static async open(
    options: BalancerOptions,
    logger: Pick<Logger, "info" | "error">,
  ): Promise<Redirection> {
    const certificate = await Certificate.open(options, logger.info);
    const proxies = await readProxies(options);
    const locator = await Locator.open(options, logger.info);
    return new Redirection(options, { certificate, proxies }, locator, logger);
  }

  /** What the port speaks TLS with, if it does. */
  get certificate(): Certificate | undefined {
    return this.#port.certificate;
  }

  /** @param files what is known of files, if that is wanted */
  serverWith(files: FileKnowledge | undefined): OpenServer {
    const { info, error: logError } = this.#logger;
    const { handle: handler } = new Redirector(this.chooser, {
      statusCode: this.#options.status,
      alternatives: this.#options.alternatives,
      retryAfterSeconds: Math.ceil(Math.min(this.#options.interval, MAX_RETRY_AFTER_MS) / 1000),
      files: files && this.#routerWith(files),
      counters: this.counters,
      info,
    });
    const config = { ...this.#port, handler, isAnnotated: true, info, logError };
    return (output) => new HttpServer(this.#options, { ...config, output });
  }

  /** Explains what clients would be answered; `files` as of `serverWith`. */
  explainWith(pool: Pool, files: FileKnowledge | undefined): Explain {
    const sources = { pool, chooser: this.chooser, files: files && this.#routerWith(files) };
    return (client, target) => explain(client, target, sources);
  }

  #routerWith({ catalog, demand }: FileKnowledge): FileRouter {
    return new FileRouter({
      chooser: this.chooser,
      catalog,
      demand,
      mode: this.#options["check-files"],
      timeoutMs: this.#options["check-timeout"],
      epochMs: Date.now,
    });
  }
}
