/**
 * Where clients connect: to this process, or to worker processes of it.
 *
 * @module
 */

import type { Logger } from "../log/logger.ts";
import type { Certificate } from "../process/certificate.ts";
import type { HttpServer } from "../process/http_server.ts";
import { fired } from "../process/signals.ts";
import { isSupervisor, Supervisor, type SupervisorOptions } from "../process/supervisor.ts";
import { credentialFiles, type TlsValues } from "../process/tls.ts";
import type { BalancerOptions } from "./balancer_options.ts";
import type { PoolObserver } from "./chooser.ts";
import type { FileChecks } from "./file_checks/file_checks.ts";
import { locationFiles, type LocationOptions } from "./location/location.ts";
import type { Redirection } from "./redirection.ts";
import type { RequestCounters } from "./request_counters.ts";
import { PoolPublisher, readCounts } from "./worker_link.ts";

/** Accepts clients and redirects them. */
export interface Frontend {
  /** Receive the pool's changes, beside the chooser of this process. */
  readonly observers: readonly PoolObserver[];
  readonly isListening: boolean;
  /**
   * Begins to accept clients, and announces the address.
   *
   * @returns the exit status if that is not possible
   * @throws {CommandError} the same, with a reason
   */
  open(): Promise<number | undefined>;
  /** Accepts clients until the signal fires; open connections are served beyond it. */
  serveUntil(due: AbortSignal): Promise<void>;
  /**
   * Reads the certificate again, or logs why that is not possible; with workers, the files of places
   * as well.
   */
  renew(): void;
  /** Stops accepting, and finishes open requests. @param stop the signal that has fired */
  close(stop: AbortSignal): Promise<void>;
  /** Ends at once what would outlive this process. */
  kill(): void;
}

/**
 * Creates the frontend that `--workers` asks for; it does not listen yet.
 *
 * @throws as `WorkerFrontend.of`
 */
export async function createFrontend(
  options: BalancerOptions,
  redirection: Redirection,
  files: FileChecks | undefined,
  logger: Pick<Logger, "info" | "relay">,
): Promise<Frontend> {
  const { certificate, counters } = redirection;
  if (!isSupervisor(options)) return new OwnFrontend(redirection.serverWith(files), certificate);
  return await WorkerFrontend.of(options, certificate, counters, files, logger);
}

/** Accepts clients in this process. */
export class OwnFrontend implements Frontend {
  readonly observers: readonly PoolObserver[] = [];
  readonly #openServer: () => HttpServer;
  readonly #certificate: Certificate | undefined;
  #server: HttpServer | undefined;
  #isClosing = false;

  /** @param openServer begins to listen */
  constructor(openServer: () => HttpServer, certificate: Certificate | undefined) {
    this.#openServer = openServer;
    this.#certificate = certificate;
  }

  get isListening(): boolean {
    return this.#server !== undefined && !this.#isClosing;
  }

  open(): Promise<undefined> {
    this.#server = this.#openServer();
    this.#server.announce();
    return Promise.resolve(undefined);
  }

  async serveUntil(due: AbortSignal): Promise<void> {
    await this.#server?.serveUntil(due);
  }

  renew(): void {
    void this.#certificate?.renew();
  }

  async close(stop: AbortSignal): Promise<void> {
    this.#isClosing = true;
    await this.#server?.close(stop);
  }

  kill(): void {}
}

/** Lets worker processes accept clients. */
export class WorkerFrontend implements Frontend {
  readonly observers: readonly PoolObserver[];
  readonly #supervisor: Supervisor;
  readonly #certificate: Certificate | undefined;
  readonly #isRenewable: boolean;

  private constructor(
    supervisor: Supervisor,
    publisher: PoolPublisher,
    certificate: Certificate | undefined,
    isRenewable: boolean,
  ) {
    this.observers = [publisher];
    this.#supervisor = supervisor;
    this.#certificate = certificate;
    this.#isRenewable = isRenewable;
  }

  /**
   * Prepares workers, and starts none.
   *
   * @param certificate what the workers speak TLS with
   * @param counters receives what the workers count
   * @param files answers what the workers want to know
   * @param logger receives what happens to the workers, and what they log
   * @throws as `Supervisor.of`
   */
  static async of(
    options: SupervisorOptions & TlsValues & LocationOptions,
    certificate: Certificate | undefined,
    counters: RequestCounters,
    files: FileChecks | undefined,
    { info, relay }: Pick<Logger, "info" | "relay">,
  ): Promise<WorkerFrontend> {
    const paths = [...credentialFiles(options), ...locationFiles(options)];
    const publisher = new PoolPublisher();
    const onReport = (content: unknown) => {
      if (files?.readReport(content)) return;
      const counts = readCounts(content);
      if (counts !== undefined) counters.add(counts);
    };
    const subscribe = (send: (content: unknown) => Promise<void>) => {
      const unsubscribe = [publisher.subscribe(send), files?.publisher.subscribe(send)];
      return () => unsubscribe.forEach((end) => end?.());
    };
    const supervisor = await Supervisor.of(options, paths, {
      info,
      relay,
      subscribe,
      onReport,
    });
    return new WorkerFrontend(supervisor, publisher, certificate, paths.length > 0);
  }

  /** A worker that has ended does not count until its successor listens. */
  get isListening(): boolean {
    return this.#supervisor.isListening;
  }

  async open(): Promise<number | undefined> {
    this.#certificate?.watch();
    return (await this.#supervisor.start())?.code;
  }

  /** The workers accept all the time. */
  async serveUntil(due: AbortSignal): Promise<void> {
    await fired(due);
  }

  renew(): void {
    void this.#certificate?.renew();
    if (this.#isRenewable) void this.#supervisor.rollingRestart();
  }

  async close(): Promise<void> {
    this.#certificate?.close();
    await this.#supervisor.drain();
  }

  kill(): void {
    this.#supervisor.kill();
  }
}
