import { assertEquals } from "@std/assert";
import {
  Disagreements,
  type VersionHolders,
} from "../../../lib/balancing/file_checks/disagreements.ts";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import type { FileAnswer, FileVersion } from "../../../lib/balancing/file_checks/file_version.ts";
import { seededRandom } from "../../support/random.ts";

const MINUTE = 60_000;
const EXPIRY = 10 * MINUTE;
const IDS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3 };
const SERVERS = Object.keys(IDS);

const LACKS: FileAnswer = { kind: "lacks" };
const UNCLEAR: FileAnswer = { kind: "unclear" };
const OLD = has({ bytes: 5, lastModified: 1_000_000_000 });
const NEW = has({ bytes: 6, lastModified: 1_100_000_000 });
const NEWER = has({ bytes: 7, lastModified: 1_200_000_000 });

function has(version: FileVersion): FileAnswer {
  return { kind: "has", version };
}

/** Three servers that are asked about one file, and what is logged: `6 at b; 5 at a`. */
class AskedFarm {
  readonly logged: string[] = [];
  readonly records: VersionHolders[][] = [];
  readonly #catalog: FileCatalog = new FileCatalog({ expiryMs: EXPIRY, random: seededRandom(1) });
  readonly #disagreements = new Disagreements(
    (id) => SERVERS.find((name) => IDS[name] === id),
    (target, versions) => {
      this.records.push([...versions]);
      const words = versions.map(({ bytes, servers }) => `${bytes} at ${servers.join(" ")}`);
      this.logged.push(`${target}: ${words.join("; ")}`);
    },
  );

  constructor() {
    this.setServers("abc");
  }

  setServers(names: string): void {
    this.#catalog.setServers([...names].map((name) => IDS[name]!));
  }

  answer(name: string, answer: FileAnswer, minutes = 0, target = "/f"): void {
    const epochMs = minutes * MINUTE;
    this.#catalog.learn(target, IDS[name]!, answer, epochMs);
    this.#disagreements.look(this.#catalog, this.#catalog.find(target, epochMs)!);
  }
}

/** Answers in turn: a letter and the minute for each server; and what is logged. */
const STORIES: readonly (readonly [
  story: string,
  answers: readonly (readonly [server: string, answer: FileAnswer, minutes: number])[],
  logged: readonly string[],
])[] = [
  ["servers that agree", [["a", OLD, 0], ["b", OLD, 0], ["c", LACKS, 0]], []],
  [
    "two versions, once, whoever else has them",
    [["a", OLD, 0], ["b", NEW, 0], ["c", NEW, 0], ["a", OLD, 1], ["c", OLD, 1], ["c", NEW, 2]],
    ["/f: 6 at b; 5 at a"],
  ],
  [
    "a third version, and one again",
    [
      ...[["a", OLD, 0], ["b", NEW, 0], ["c", NEWER, 0]] as const,
      ...[["a", NEWER, 1], ["b", NEWER, 1]] as const,
    ],
    [
      "/f: 6 at b; 5 at a",
      "/f: 7 at c; 5 at a; 6 at b",
      "/f: 7 at a c; 6 at b",
      "/f: 7 at a b c",
    ],
  ],
  [
    "a file that is gone where it differed",
    [["a", OLD, 0], ["b", NEW, 0], ["c", NEW, 0], ["a", LACKS, 1]],
    ["/f: 6 at b; 5 at a", "/f: 6 at b c"],
  ],
  [
    "nothing more of a server whose answer has expired, and that says the same again",
    [
      ...[["a", OLD, 4.9], ["b", NEW, 5.1], ["c", NEW, 5.1]] as const,
      ...[["b", NEW, 12], ["c", NEW, 12], ["a", OLD, 12]] as const,
    ],
    ["/f: 6 at b; 5 at a"],
  ],
  [
    "one version again after an answer has expired, once the server has it too",
    [
      ...[["a", OLD, 4.9], ["b", NEW, 5.1], ["c", NEW, 5.1]] as const,
      ...[["b", NEW, 12], ["c", NEW, 12], ["a", NEW, 12]] as const,
    ],
    ["/f: 6 at b; 5 at a", "/f: 6 at a b c"],
  ],
  [
    "nothing more of a server that gives no clear answer, until it does",
    [
      ...[["a", OLD, 4.9], ["b", NEW, 5.1], ["c", UNCLEAR, 5.1]] as const,
      ...[["b", NEW, 12], ["c", UNCLEAR, 12], ["a", OLD, 12]] as const,
    ],
    ["/f: 6 at b; 5 at a"],
  ],
  [
    "a version once, though another server says more of it",
    [
      ...[["a", OLD, 0], ["b", NEW, 0]] as const,
      ["c", has({ bytes: 5, tag: 77, sha256: "0f".repeat(32) }), 0],
    ],
    ["/f: 6 at b; 5 at a"],
  ],
];

for (const [story, answers, logged] of STORIES) {
  Deno.test(`Disagreements.look() reports ${story}`, () => {
    const farm = new AskedFarm();
    for (const [server, answer, minutes] of answers) farm.answer(server, answer, minutes);
    assertEquals(farm.logged, logged);
  });
}

Deno.test("Disagreements.look() reports what is known of each version, and nothing else", () => {
  const farm = new AskedFarm();
  const sha256 = "0f".repeat(32);
  farm.answer("a", has({ bytes: 5, tag: 7, software: 9, sha256, lastModified: 1_767_323_045 }));
  farm.answer("b", has({ bytes: 6 }));
  const lastModified = "2026-01-02T03:04:05.000Z";
  assertEquals(farm.records, [[
    { bytes: 5, sha256, lastModified, servers: ["a"] },
    { bytes: 6, sha256: undefined, servers: ["b"] },
  ]]);
});

Deno.test("Disagreements.look() reports a server that leaves, and comes back, only with an answer", () => {
  const farm = new AskedFarm();
  for (const [name, answer] of [["a", OLD], ["b", NEW], ["c", NEW]] as const) {
    farm.answer(name, answer);
  }
  farm.setServers("bc");
  assertEquals(farm.logged.length, 1);
  farm.answer("b", NEW, 1);
  assertEquals(farm.logged.slice(1), ["/f: 6 at b c"]);
  farm.setServers("abc");
  farm.answer("b", NEW, 2);
  assertEquals(farm.logged.length, 2);
  farm.answer("a", OLD, 2);
  assertEquals(farm.logged.slice(2), ["/f: 6 at b c; 5 at a"]);
});

Deno.test("Disagreements.look() reports each target for itself, and forgets the oldest of many", () => {
  const farm = new AskedFarm();
  const differ = (target: string) => {
    for (const [name, answer] of [["a", OLD], ["b", NEW]] as const) {
      farm.answer(name, answer, 0, target);
    }
  };
  for (let i = 0; i < 10_001; i++) differ(`/${i}`);
  assertEquals(farm.logged.length, 10_001);
  differ("/10000");
  differ("/5000");
  assertEquals(farm.logged.length, 10_001);
});
