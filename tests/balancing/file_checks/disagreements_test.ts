import { assertEquals } from "@std/assert";
import {
  Disagreements,
  type VersionHolders,
} from "../../../lib/balancing/file_checks/disagreements.ts";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import type { FileVersion } from "../../../lib/balancing/file_checks/file_version.ts";
import { seededRandom } from "../../support/random.ts";

const [A, B, C] = [1, 2, 3] as const;
const SERVERS: readonly number[] = [A, B, C];
const MINUTE = 60_000;
const OLD: FileVersion = { bytes: 5, lastModified: 1000 };
const NEW: FileVersion = { bytes: 6, lastModified: 2000 };
const SHA256 = "ab".repeat(32);

/** A catalogue that is looked at whenever versions may have changed, and what is told. */
class Trial {
  readonly told: [target: string, versions: readonly VersionHolders[]][] = [];
  readonly catalog: FileCatalog;

  constructor() {
    const disagreements = new Disagreements(
      (id) => SERVERS.includes(id) ? `s${id}:80` : undefined,
      (target, versions) => this.told.push([target, versions]),
    );
    this.catalog = new FileCatalog({
      expiryMs: 10 * MINUTE,
      random: seededRandom(1),
      onVersions: (row) => disagreements.look(this.catalog, row),
    });
    this.catalog.setServers(SERVERS);
  }

  has(id: number, version: FileVersion, at = 0, target = "/f"): void {
    this.catalog.learn(target, id, { kind: "has", version }, at);
  }

  /** The servers of each version, for each time that it was told. */
  get groups(): (readonly string[])[][] {
    return this.told.map(([, versions]) => versions.map(({ servers }) => servers));
  }
}

Deno.test("Disagreements tells versions once, that which clients get first", () => {
  const trial = new Trial();
  trial.has(A, { ...OLD, sha256: SHA256 });
  assertEquals(trial.told, []);
  trial.has(B, NEW);
  for (let i = 0; i < 3; i++) {
    trial.has(A, { ...OLD, sha256: SHA256 });
    trial.has(B, NEW);
  }
  assertEquals(trial.told, [["/f", [
    { bytes: 6, sha256: undefined, lastModified: "1970-01-01T00:33:20.000Z", servers: ["s2:80"] },
    { bytes: 5, sha256: SHA256, lastModified: "1970-01-01T00:16:40.000Z", servers: ["s1:80"] },
  ]]]);
  trial.has(C, { bytes: 9 });
  assertEquals(trial.groups[1], [["s2:80"], ["s1:80"], ["s3:80"]]);
});

Deno.test("Disagreements tells when servers agree again, and when they differ once more", () => {
  const trial = new Trial();
  trial.has(A, OLD);
  trial.has(B, OLD);
  trial.has(C, OLD);
  trial.has(A, NEW); // A new version is spread over the farm, one server after another.
  trial.has(B, NEW);
  trial.has(C, NEW);
  assertEquals(trial.groups, [[["s2:80", "s3:80"], ["s1:80"]], [["s1:80", "s2:80", "s3:80"]]]);
  trial.catalog.learn("/f", C, { kind: "lacks" }, 0);
  trial.has(C, OLD);
  assertEquals(trial.groups.length, 3);
  trial.catalog.learn("/f", C, { kind: "lacks" }, 0);
  assertEquals(trial.groups[3], [["s1:80", "s2:80"]]);
});

Deno.test("Disagreements tells nothing of versions that are only unknown for a while", () => {
  const trial = new Trial();
  trial.has(A, OLD);
  trial.has(B, NEW);
  for (let at = 5 * MINUTE; at < 60 * MINUTE; at += 5 * MINUTE) {
    trial.has(A, OLD, at); // B is asked every ten minutes only, and forgotten between.
    if (at % (10 * MINUTE) === 0) trial.has(B, NEW, at);
    trial.catalog.find("/f", at);
  }
  assertEquals(trial.groups.length, 1);
  trial.has(B, OLD, 60 * MINUTE);
  assertEquals(trial.groups[1], [["s1:80", "s2:80"]]);
});

Deno.test("Disagreements tells nothing new where a version is known more closely", () => {
  const trial = new Trial();
  trial.has(A, OLD);
  trial.has(B, NEW);
  trial.has(C, { ...NEW, tag: 7, sha256: SHA256 });
  trial.has(B, { ...NEW, tag: 8, software: 1, sha256: SHA256 });
  assertEquals(trial.groups.length, 1);
});

Deno.test("Disagreements goes by the servers that are left", () => {
  const trial = new Trial();
  trial.has(A, OLD);
  trial.has(B, NEW);
  trial.catalog.setServers([A, C]);
  assertEquals(trial.groups[1], [["s1:80"]]);
  trial.catalog.setServers(SERVERS);
  trial.has(B, NEW);
  assertEquals(trial.groups.length, 3);
});

Deno.test("Disagreements remembers so many targets and no more", () => {
  const trial = new Trial();
  for (let i = 0; i < 10_001; i++) {
    trial.has(A, OLD, 0, `/${i}`);
    trial.has(B, NEW, 0, `/${i}`);
  }
  assertEquals(trial.told.length, 10_001);
  trial.has(B, NEW, 0, "/10000");
  assertEquals(trial.told.length, 10_001);
});
