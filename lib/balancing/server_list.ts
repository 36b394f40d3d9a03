/**
 * Keeps a pool in step with the list of servers, which may be read again, and with DNS.
 *
 * @module
 */

import { CommandError } from "../cli/command.ts";
import { SingleRun } from "../process/single_run.ts";
import type { FarmLog } from "./farm_log.ts";
import type { Server } from "./list/server.ts";
import type { ServerSource } from "./list/server_source.ts";
import type { Locator } from "./location/location.ts";
import type { Pool, Replacement } from "./pool.ts";
import type { RequestCounters } from "./request_counters.ts";

/** Where the list comes from. */
export type ListSource = Pick<ServerSource, "servers" | "remembered" | "reload" | "isDynamic">;

/** What a list keeps in step, and where it reports. */
export interface ServerListOptions {
  readonly pool: Pool;
  /** Forgets the servers that are no longer listed. */
  readonly counters: RequestCounters;
  /** Is read again with the list, if there is one. */
  readonly locator: Locator | undefined;
  readonly log: FarmLog;
  readonly clock: () => number;
}

/** The servers that are listed, as of the last reading and the last answer of DNS. */
export class ServerList {
  readonly #source: ListSource;
  readonly #options: ServerListOptions;
  readonly #lookup = new SingleRun(() => this.#lookUp());
  readonly #reading = new SingleRun(async () => {
    await this.#read();
    await this.#readPlaces();
    this.#checkZones();
  });

  constructor(source: ListSource, options: ServerListOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Puts the servers of the list into the pool, untested. */
  async load(): Promise<void> {
    const { log, locator } = this.#options;
    if (locator !== undefined) log.places(locator.description);
    const { servers, duplicates, problems } = await this.#source.servers();
    this.#replace(servers);
    log.problems(problems);
    log.duplicates(duplicates);
    this.#checkZones();
    log.testing(servers.length);
  }

  /** Looks up the servers that are found by DNS, if there are any. */
  async update(): Promise<void> {
    if (this.#source.isDynamic) await this.#lookup.join();
  }

  /**
   * Reads the files again: servers that are no longer listed get no more clients at once; new ones
   * are untested. With a mistake in a list all of it stays as it was, and so do all places with a
   * mistake in a file of those. A call during another one makes that read the files once more.
   */
  async reload(): Promise<void> {
    await this.#reading.again();
    await this.update();
  }

  /** Whether a round of tests can change anything. */
  get isTestable(): boolean {
    return this.#source.isDynamic || this.#options.pool.isTestable;
  }

  /** Whether a server may become available after the last one is out. */
  get mayRecover(): boolean {
    const { pool } = this.#options;
    return this.#source.isDynamic || pool.thresholds.rise > 0 ||
      pool.records.some(({ actions }) => actions.length > 0);
  }

  async #readPlaces(): Promise<void> {
    const { log, locator } = this.#options;
    if (locator === undefined) return;
    try {
      await locator.reload();
      log.places(locator.description);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      log.unchangedPlaces(error.message);
    }
  }

  async #read(): Promise<void> {
    const { log, pool } = this.#options;
    let isRead: boolean;
    try {
      const { read, unread } = await this.#source.reload();
      isRead = read.length > 0;
      log.unread(unread, read);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return log.unchanged(error.message);
    }
    // Without waiting for DNS, which may take long to answer.
    const { servers, duplicates } = this.#source.remembered();
    const replacement = this.#replace(servers);
    log.changed(replacement, pool);
    log.duplicates(duplicates);
    if (isRead) log.reread(replacement.added, replacement.removed, servers.length);
  }

  async #lookUp(): Promise<void> {
    const { log, pool } = this.#options;
    const { servers, problems } = await this.#source.servers();
    log.problems(problems);
    log.changed(this.#replace(servers), pool);
    this.#checkZones();
  }

  /** Compares the zones of servers with those of rules. */
  #checkZones(): void {
    const { pool, log, locator } = this.#options;
    const { servers } = pool;
    const listed = new Set(servers.flatMap(({ zones }) => zones ?? []));
    const ruled = locator?.zones ?? new Set<string>();
    const served = new Set(servers.flatMap((it) => locator?.placeOfServer(it).zones ?? []));
    log.zones(listed.difference(ruled), ruled.difference(served));
  }

  #replace(servers: readonly Server[]): Replacement {
    const { pool, clock, counters } = this.#options;
    counters.retain(new Set(servers.map(({ authority }) => authority)));
    return pool.replace(servers, clock());
  }
}
