/**
 * Picks servers by what is known of the files that clients ask for.
 *
 * @module
 */

import type { Chooser, Explanation, Picker } from "../chooser.ts";
import type { Server } from "../list/server.ts";
import type { PickRequest } from "../policies/policy.ts";
import type { FileCatalog } from "./file_catalog.ts";
import type { FileDemand } from "./file_checker.ts";
import type { FileVersion } from "./file_version.ts";

/**
 * When servers are asked about a file: `off` only for its size, where the policy uses that; `after`
 * the redirect; `before` it, if nothing is known of the file.
 */
export const CHECK_MODES = ["off", "after", "before"] as const;

/** One of `CHECK_MODES`. */
export type CheckMode = (typeof CHECK_MODES)[number];

/** What a router needs. */
export interface FileRouterOptions {
  /** Picks among all servers. */
  readonly chooser: Chooser;
  /** What is known. */
  readonly catalog: FileCatalog;
  /** Takes note of what is wanted. */
  readonly demand: FileDemand;
  /** When servers are asked. */
  readonly mode: CheckMode;
  /** The longest time that a client waits for an answer, in ms. */
  readonly timeoutMs: number;
  /** The clock of the catalogue. */
  readonly epochMs: () => number;
}

/** A file as several servers have it. */
export interface LocatedFile {
  /** The version that clients get. */
  readonly version: FileVersion;
  /** The servers that have it, the best first. */
  readonly servers: readonly Server[];
}

/** All servers lack the file. */
export const MISSING = Symbol("missing");

/** Picks servers that have the file, or may have it. */
export class FileRouter {
  readonly #options: FileRouterOptions;

  /** Routes by a catalogue. */
  constructor(options: FileRouterOptions) {
    this.#options = options;
  }

  /** Whether servers that lack a file are known, and not only sizes. */
  get isChecking(): boolean {
    return this.#options.mode !== "off";
  }

  /** Waits until a target can be picked for; undefined if it can be at once. */
  ready(target: string): Promise<void> | undefined {
    const { mode, catalog, demand, timeoutMs } = this.#options;
    if (mode !== "before") return undefined;
    const row = this.rowOf(target);
    const isKnown = row !== undefined && (catalog.isFound(row) || !this.#isDue(row));
    // While the first answers are compared, later clients wait with those that wait already.
    if (isKnown && !demand.isAwaited(target)) return undefined;
    return demand.find(target, timeoutMs);
  }

  /** The row of a target in the catalogue; undefined if nothing is known of it. */
  rowOf(target: string): number | undefined {
    const { catalog, epochMs } = this.#options;
    return catalog.find(target, epochMs());
  }

  /** The size of a file in bytes, if it is known. */
  bytesOf(row: number): number | undefined {
    return this.#options.catalog.bytes(row);
  }

  /** Whether a server is known to have the file. */
  isHeld(row: number): boolean {
    return this.#options.catalog.holders(row) > 0;
  }

  /**
   * Picks a server that has the file; if none is known to have it, one that may have it. Notes that
   * the file is wanted.
   *
   * @param row that of the request's target
   * @returns `MISSING` if all servers are known to lack it; undefined if none is available
   */
  pick(request: PickRequest, row: number | undefined): Server | typeof MISSING | undefined {
    const { chooser, catalog, demand } = this.#options;
    const { target, isExcluded } = request;
    const isFiltered = row !== undefined && this.isChecking;
    const server = isFiltered ? this.#pickBy(chooser, request, row) : chooser.pick(request);
    if (server === undefined) return undefined;
    if (row !== undefined && !this.#isDue(row)) catalog.want(row, 1);
    else demand.want(target, server === MISSING ? undefined : server.id);
    if (isFiltered && isExcluded !== undefined) this.#doubt(target, row, isExcluded);
    return server;
  }

  /** As `pick`, but finds out how a server would be picked. */
  explain(
    request: PickRequest,
    row: number | undefined,
  ): Explanation | typeof MISSING | undefined {
    const { explaining } = this.#options.chooser;
    if (row === undefined || !this.isChecking) return explaining.pick(request);
    return this.#pickBy(explaining, request, row);
  }

  /** Why a server comes after others for a file; undefined if it does not. */
  faultOf(row: number, id: number): "lacks-file" | "other-version" | "file-unknown" | undefined {
    const { catalog } = this.#options;
    if (!this.isChecking) return undefined;
    if (catalog.isLacking(row, id)) return "lacks-file";
    if (catalog.isExcluded(row, id)) return "other-version";
    return catalog.holders(row) > 0 && !catalog.isHolder(row, id) ? "file-unknown" : undefined;
  }

  /** Other servers of a file, the best first: those that have it, else those that may have it. */
  alternatives(client: string, row: number | undefined): Iterable<Server> {
    const { catalog, chooser } = this.#options;
    const servers = chooser.byNearness(client);
    if (row === undefined || !this.isChecking) return servers;
    const isHeld = catalog.holders(row) > 0;
    // One by one, since a redirect names few of them.
    return servers.values().filter(({ id }) =>
      isHeld ? catalog.isHolder(row, id) : !catalog.isExcluded(row, id)
    );
  }

  /** The servers that have the version which clients get, if one is known to: near ones first. */
  locate(target: string, client: string): LocatedFile | undefined {
    const { catalog, chooser } = this.#options;
    const row = this.rowOf(target);
    const version = row === undefined ? undefined : catalog.version(row);
    if (version === undefined) return undefined;
    const servers = [...chooser.byNearness(client), ...chooser.reserves];
    return { version, servers: servers.filter(({ id }) => catalog.isHolder(row!, id)) };
  }

  /** Waits until all servers have been asked about a target, or time is over. */
  async askAll(target: string): Promise<void> {
    const { demand, timeoutMs } = this.#options;
    await demand.find(target, timeoutMs, true);
  }

  #pickBy<T>(
    picker: Picker<T>,
    request: PickRequest,
    row: number,
  ): T | typeof MISSING | undefined {
    const { chooser, catalog } = this.#options;
    const holders = catalog.holders(row);
    const isKnownNowhere = holders === 0 && catalog.excluded(row) === 0;
    if (isKnownNowhere || holders === catalog.servers) return picker.pick(request);
    const missing = chooser.byShare.length > 0 ? MISSING : undefined;
    if (catalog.lacking(row) === catalog.servers) return missing;
    const { isExcluded: isAvoided } = request;
    const any = isAvoided === undefined ? request : withoutExclusion(request);
    const isLacking = ({ id }: Server) => catalog.isLacking(row, id);
    return (isAvoided && this.#pickFit(picker, any, row, isAvoided)) ??
      this.#pickFit(picker, any, row) ??
      // Another version is better than none, while no server with the chosen one is available.
      picker.pick(any, isLacking) ?? picker.pickReserve(any, isLacking) ?? missing;
  }

  /** Picks a server that has the file, or else may have it; backups come last. */
  #pickFit<T>(
    picker: Picker<T>,
    request: PickRequest,
    row: number,
    isAvoided: (server: Server) => boolean = () => false,
  ): T | undefined {
    const { catalog } = this.#options;
    const isNoHolder = (server: Server) => !catalog.isHolder(row, server.id) || isAvoided(server);
    const isUnfit = (server: Server) => catalog.isExcluded(row, server.id) || isAvoided(server);
    const holder = catalog.holders(row) > 0 ? picker.pick(request, isNoHolder) : undefined;
    return holder ?? picker.pick(request, isUnfit) ??
      picker.pickReserve(request, isNoHolder) ?? picker.pickReserve(request, isUnfit);
  }

  #isDue(row: number): boolean {
    const { catalog } = this.#options;
    return this.isChecking ? catalog.isDue(row) : catalog.holders(row) === 0;
  }

  /** Servers that a client's retry avoids may have failed it. */
  #doubt(target: string, row: number, isAvoided: (server: Server) => boolean): void {
    const { catalog, chooser, demand } = this.#options;
    const doubted = chooser.byShare.find((it) => isAvoided(it) && catalog.isHolder(row, it.id));
    if (doubted !== undefined) demand.want(target, doubted.id, true);
  }
}

function withoutExclusion({ isExcluded: _, ...request }: PickRequest): PickRequest {
  return request;
}
