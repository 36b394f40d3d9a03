/**
 * Files of which servers hold different versions, for the log: once for each file and change.
 *
 * @module
 */

import type { FileCatalog, Holders } from "./file_catalog.ts";
import { type FileVersion, isSameVersion } from "./file_version.ts";

/** Servers with one version of a file. */
export interface VersionHolders extends Pick<FileVersion, "bytes" | "sha256"> {
  /** Last-Modified in ISO 8601. */
  readonly lastModified?: string;
  /** Authorities. */
  readonly servers: readonly string[];
}

/** The versions of a target: that which clients get first; one if the servers agree again. */
export type DisagreementLog = (target: string, versions: readonly VersionHolders[]) => void;

/** Targets whose versions are remembered, and versions of each. */
const MOST_TARGETS = 10_000;
const MOST_VERSIONS = 16;

/** Reports the versions of files when they are not those reported before. */
export class Disagreements {
  readonly #authorityOf: (id: number) => string | undefined;
  readonly #log: DisagreementLog;
  /** The versions last reported of each target that has several, the oldest first. */
  readonly #reported = new Map<string, readonly FileVersion[]>();

  /** Has reported nothing yet. */
  constructor(authorityOf: (id: number) => string | undefined, log: DisagreementLog) {
    this.#authorityOf = authorityOf;
    this.#log = log;
  }

  /**
   * Looks at a target of which a server has answered. A version counts as gone once all servers
   * have answered lately: an answer that has only expired is no change.
   */
  look(catalog: FileCatalog, row: number): void {
    const target = catalog.targetOf(row);
    const before = this.#reported.get(target) ?? [];
    const holders = catalog.versions(row);
    const isComplete = catalog.nextDue(row) === undefined;
    if (holders.length < 2 && (before.length === 0 || !isComplete)) return;
    const versions = holders.map(({ version }) => version);
    const missing = without(before, versions);
    const isSame = without(versions, before).length === 0;
    if (isSame && (missing.length === 0 || !isComplete)) return;
    this.#remember(target, isComplete ? versions : [...versions, ...missing]);
    if (holders.length > 0) this.#log(target, holders.map((it) => this.#described(it)));
  }

  #remember(target: string, versions: readonly FileVersion[]): void {
    this.#reported.delete(target);
    if (versions.length > 1) this.#reported.set(target, versions.slice(0, MOST_VERSIONS));
    if (this.#reported.size > MOST_TARGETS) {
      const [oldest] = this.#reported.keys();
      this.#reported.delete(oldest!);
    }
  }

  #described({ version: { bytes, lastModified, sha256 }, servers }: Holders): VersionHolders {
    return {
      bytes,
      sha256,
      ...(lastModified !== undefined && {
        lastModified: new Date(lastModified * 1000).toISOString(),
      }),
      servers: servers.flatMap((id) => this.#authorityOf(id) ?? []),
    };
  }
}

/** Those versions that are none of the others. */
function without(versions: readonly FileVersion[], others: readonly FileVersion[]): FileVersion[] {
  return versions.filter((version) => !others.some((other) => isSameVersion(version, other)));
}
