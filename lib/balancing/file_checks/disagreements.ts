/**
 * Files of which servers hold different versions, for the log: once for each file and change.
 *
 * @module
 */

import type { FileCatalog } from "./file_catalog.ts";
import type { FileVersion } from "./file_version.ts";

/** Servers with one version of a file. */
export interface VersionHolders extends Pick<FileVersion, "bytes" | "sha256"> {
  /** Last-Modified in ISO 8601. */
  readonly lastModified?: string;
  /** Authorities. */
  readonly servers: readonly string[];
}

/** The versions of a target: that which clients get first; one if the servers agree again. */
export type DisagreementLog = (target: string, versions: readonly VersionHolders[]) => void;

/** Targets whose versions are remembered. */
const MOST_TARGETS = 10_000;

/** Reports the versions of files when they are not those reported before. */
export class Disagreements {
  readonly #authorityOf: (id: number) => string | undefined;
  readonly #log: DisagreementLog;
  /** The versions last reported of each target that has several, the oldest first. */
  readonly #reported = new Map<string, string>();

  /** Has reported nothing yet. */
  constructor(authorityOf: (id: number) => string | undefined, log: DisagreementLog) {
    this.#authorityOf = authorityOf;
    this.#log = log;
  }

  /** Looks at a target whose versions may have changed. */
  look(catalog: FileCatalog, row: number): void {
    const target = catalog.targetOf(row);
    const versions = catalog.versions(row);
    if (versions.length === 0) return;
    const key = versions.length > 1 ? keyOf(versions.map(({ version }) => version)) : undefined;
    const before = this.#reported.get(target);
    if (key === before) return;
    this.#reported.delete(target);
    if (key !== undefined) this.#reported.set(target, key);
    if (this.#reported.size > MOST_TARGETS) {
      const [oldest] = this.#reported.keys();
      this.#reported.delete(oldest!);
    }
    this.#log(
      target,
      versions.map(({ version: { bytes, lastModified, sha256 }, servers }) => ({
        bytes,
        sha256,
        ...(lastModified !== undefined && {
          lastModified: new Date(lastModified * 1000).toISOString(),
        }),
        servers: servers.flatMap((id) => this.#authorityOf(id) ?? []),
      })),
    );
  }
}

/** Identifies a set of versions. */
function keyOf(versions: readonly FileVersion[]): string {
  return JSON.stringify(
    versions.map(({ bytes, tag, sha256 }) => `${bytes} ${tag} ${sha256}`).sort(),
  );
}
