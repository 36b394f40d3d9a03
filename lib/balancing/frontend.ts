import type { Logger } from "../log/logger.ts";
import type { HttpServer } from "../process/http_server.ts";
import { fired } from "../process/signals.ts";
import { Supervisor, type SupervisorOptions } from "../process/supervisor.ts";
import { credentialFiles, type TlsValues } from "../process/tls.ts";
import type { PoolObserver } from "./chooser.ts";
import type { RequestCounters } from "./request_counters.ts";
import { PoolPublisher, readCounts } from "./worker_link.ts";

/** Where clients come to: this process, or workers of it. */
export interface Frontend {
  /** Who has to be told, beside the chooser of this process, who may be picked. */
  readonly observers: readonly PoolObserver[];
  /** Whether clients can connect at the moment. */
  readonly isListening: boolean;
  /**
   * Begins to take clients, and says where.
   *
   * @returns the exit status when that is not possible
   * @throws {CommandError} the same, with a reason
   */
  open(): Promise<number | undefined>;
  /** Takes clients until the signal fires, and serves on beside those who are there. */
  serveUntil(due: AbortSignal): Promise<void>;
  /** Takes up a certificate that was exchanged, or says why that is not possible. */
  renew(): void;
  /** Takes nobody any more, and lets answers be finished; the signal is the one that has fired. */
  close(stop: AbortSignal): Promise<void>;
  /** Ends at once what would outlive this process. */
  kill(): void;
}

/** This process takes clients itself. */
export class OwnFrontend implements Frontend {
  readonly observers: readonly PoolObserver[] = [];
  readonly #openServer: () => HttpServer;
  readonly #options: TlsValues;
  #server: HttpServer | undefined;
  #isClosing = false;

  /**
   * Listens nowhere yet.
   *
   * @param openServer begins to listen
   */
  constructor(openServer: () => HttpServer, options: TlsValues) {
    this.#openServer = openServer;
    this.#options = options;
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
    if (credentialFiles(this.#options).length > 0) this.#server?.renewCertificate(this.#options);
  }

  async close(stop: AbortSignal): Promise<void> {
    this.#isClosing = true;
    await this.#server?.close(stop);
  }

  /** There is nothing else. */
  kill(): void {}
}

/** WorkerPool take clients. */
export class WorkerFrontend implements Frontend {
  readonly observers: readonly PoolObserver[];
  readonly #supervisor: Supervisor;
  readonly #isRenewable: boolean;

  private constructor(supervisor: Supervisor, publisher: PoolPublisher, isRenewable: boolean) {
    this.observers = [publisher];
    this.#supervisor = supervisor;
    this.#isRenewable = isRenewable;
  }

  /**
   * Prepares workers, and starts none.
   *
   * @param counters is given what they report
   * @param logger told what happens to them, and what they say
   * @throws as `Supervisor.of`
   */
  static async of(
    options: SupervisorOptions & TlsValues,
    counters: RequestCounters,
    { tell, relay }: Pick<Logger, "tell" | "relay">,
  ): Promise<WorkerFrontend> {
    const files = credentialFiles(options);
    const publisher = new PoolPublisher();
    // What is no report is passed over.
    const onReport = (report: string) => {
      const counts = readCounts(report);
      if (counts !== undefined) counters.add(counts);
    };
    const { subscribe } = publisher;
    const supervisor = await Supervisor.of(options, files, { tell, relay, subscribe, onReport });
    return new WorkerFrontend(supervisor, publisher, files.length > 0);
  }

  /** As `Frontend` has it: one that has ended does not count before its successor listens. */
  get isListening(): boolean {
    return this.#supervisor.isListening;
  }

  async open(): Promise<number | undefined> {
    return (await this.#supervisor.start())?.code;
  }

  /** They do so all the time. */
  async serveUntil(due: AbortSignal): Promise<void> {
    await fired(due);
  }

  renew(): void {
    if (this.#isRenewable) void this.#supervisor.renew();
  }

  async close(): Promise<void> {
    await this.#supervisor.stop();
  }

  kill(): void {
    this.#supervisor.kill();
  }
}
