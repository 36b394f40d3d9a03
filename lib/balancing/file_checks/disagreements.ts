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

/** Targets whose versions are remembered. */
const MOST_TARGETS = 10_000;

/** Versions as they were reported. */
interface Reported {
  readonly versions: readonly FileVersion[];
  /** Ids of the servers that had them. */
  readonly servers: readonly number[];
}

/** Reports the versions of files when they are not those reported before. */
export class Disagreements {
  readonly #authorityOf: (id: number) => string | undefined;
  readonly #log: DisagreementLog;
  /** What was last reported of each target that has several versions, the oldest first. */
  readonly #reported = new Map<string, Reported>();

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
    const before = this.#reported.get(target);
    const isNews = before === undefined
      ? versions.length > 1
      : hasChanged(versions, before, catalog, row);
    if (!isNews) return;
    this.#reported.delete(target);
    if (versions.length > 1) {
      this.#reported.set(target, {
        versions: versions.map(({ version }) => version),
        servers: versions.flatMap(({ servers }) => servers),
      });
    }
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

/** Whether there is a new version, or one is gone, and not only unknown by now at its servers. */
function hasChanged(
  versions: readonly Holders[],
  before: Reported,
  catalog: FileCatalog,
  row: number,
): boolean {
  const isReported = ({ version }: Holders) =>
    before.versions.some((it) => isSameVersion(it, version));
  if (!versions.every(isReported)) return true;
  if (versions.length === before.versions.length) return false;
  return before.servers.every((id) =>
    catalog.columnOf(id) === undefined || catalog.isHolder(row, id) || catalog.isExcluded(row, id)
  );
}
