import { assertEquals } from "@std/assert";
import type { VersionHolders } from "../../lib/balancing/file_checks/disagreements.ts";
import {
  FarmLog,
  type RoundEvent,
  roundRecordOf,
  wordsForRound,
  wordsForVersions,
} from "../../lib/balancing/farm_log.ts";
import { recordOf, type ServerEvent, wordsFor } from "../../lib/balancing/server_events.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import type { RankedServer } from "../../lib/balancing/pool.ts";
import { LineWriter } from "../../lib/log/line_writer.ts";
import { Logger } from "../../lib/log/logger.ts";
import { MemorySink } from "../support/memory_sink.ts";

const server = parseServer("web1:8000=https://files.example");
const sample = { bytes: 1024 * 1024, elapsedMs: 12.34, at: 5 };
const TRANSFER = "1 MiB in 12.3 ms, 81 MiB/s";
const MEASURED = { bytes: 1048576, elapsedMs: 12.34 };

/** Each event, in words behind the server's name, and what a program is told beside that name. */
const EVENTS: readonly (readonly [ServerEvent, words: string, numbers: object])[] = [
  [{ kind: "listed", foundBy: undefined }, "is new in the list", { foundBy: undefined }],
  [{ kind: "unlisted" }, "is in the list no more, and gets no more clients", {}],
  [{ kind: "available", sample }, `is available: ${TRANSFER}`, MEASURED],
  [
    { kind: "failing", reason: "refused", streak: 2, fall: 3 },
    "has failed 2 of 3 tests that take it out: refused",
    { reason: "refused", streak: 2, fall: 3 },
  ],
  [
    { kind: "out", reason: "it answered 404", streak: 1, fall: 1 },
    "is out: it answered 404",
    { reason: "it answered 404", streak: 1, fall: 1 },
  ],
  [
    { kind: "out", reason: "refused", streak: 3, fall: 3 },
    "is out, after 3 failed tests in a row: refused",
    { reason: "refused", streak: 3, fall: 3 },
  ],
  [
    { kind: "recovering", streak: 1, rise: 2 },
    "has passed 1 of 2 tests that bring it back",
    { streak: 1, rise: 2 },
  ],
  [
    { kind: "returned", sample, streak: 2, outMs: 200_400 },
    `is back after 3m 20s, with the lowest share at first: ${TRANSFER}`,
    { ...MEASURED, streak: 2, outMs: 200_400 },
  ],
  [
    { kind: "available", sample: { ...sample, isPartial: true } },
    `is available: ${TRANSFER}; partial, since its time was over`,
    { ...MEASURED, partial: true },
  ],
  [
    { kind: "retested", reason: "the connection was reset" },
    "has passed a second look, after a test that failed: the connection was reset",
    { reason: "the connection was reset" },
  ],
  [
    { kind: "different", reason: "its test file has 5 bytes, not 4" },
    "differs from the farm: its test file has 5 bytes, not 4",
    { reason: "its test file has 5 bytes, not 4" },
  ],
  [
    { kind: "action", action: { kind: "drain", reason: null, since: 5, until: null } },
    "is drained by an operator",
    { action: "drain" },
  ],
  [
    { kind: "action", action: { kind: "out", reason: "new disk", since: 5, until: 1_000_000_000 } },
    "is taken out by an operator until 1970-01-12T13:46:40.000Z: new disk",
    { action: "out", reason: "new disk", until: "1970-01-12T13:46:40.000Z" },
  ],
  [
    { kind: "action", action: { kind: "weight", weight: 3, reason: null, since: 5, until: null } },
    "has the weight 3 by an operator",
    { action: "weight", weight: 3 },
  ],
  [
    { kind: "enabled", actions: [{ kind: "drain", reason: null, since: 5, until: null }] },
    "is enabled by an operator, who takes back: drain",
    { event: "action", action: "enable", ended: ["drain"] },
  ],
  [
    { kind: "requested" },
    "is tested now, since an operator asks for it",
    { event: "action", action: "test" },
  ],
  [
    { kind: "actionEnded", action: { kind: "out", reason: null, since: 5, until: 6 } },
    "is held out no more: the time of that action is over",
    { action: "out" },
  ],
];

for (const [event, words, numbers] of EVENTS) {
  Deno.test(`wordsFor() and recordOf() tell that a server ${words}`, () => {
    assertEquals(wordsFor(event), words);
    assertEquals(recordOf(server, event), {
      event: event.kind,
      server: "web1:8000",
      ...numbers,
    });
  });
}

Deno.test("wordsFor() says how long a server was out, at least a second", () => {
  const cases: [outMs: number, span: string][] = [
    [-5000, "1s"],
    [0, "1s"],
    [1499, "1s"],
    [1500, "2s"],
    [59_700, "1m"],
    [3_600_000, "1h"],
    [90_061_000, "1d 1h 1m 1s"],
  ];
  for (const [outMs, span] of cases) {
    const words = wordsFor({ kind: "returned", sample, streak: 1, outMs });
    assertEquals(words.split(",")[0], `is back after ${span}`);
  }
});

Deno.test("wordsFor() says how fast a transfer was, also when it took no time", () => {
  const cases: [bytes: number, elapsedMs: number, words: string][] = [
    [1, 1, "1 B in 1.0 ms, 1000 B/s"],
    [1536, 1000, "1.5 kiB in 1000.0 ms, 1.5 kiB/s"],
    [1000, 0, "1000 B in 0.0 ms, 954 MiB/s"],
    [0, 0, "0 B in 0.0 ms, 977 kiB/s"],
  ];
  for (const [bytes, elapsedMs, words] of cases) {
    const event: ServerEvent = { kind: "available", sample: { bytes, elapsedMs, at: 0 } };
    assertEquals(wordsFor(event), `is available: ${words}`);
  }
});

/** So many servers, slowest first, with a share each. */
function rankingOf(count: number, share: number): RankedServer[] {
  return Array.from({ length: count }, (_, i) => {
    const elapsedMs = count - i;
    return { server: parseServer(`s${i}:1`), sample: { bytes: 1, elapsedMs, at: 0 }, share };
  });
}

/** Two servers whose transfers were of other sizes, slowest first. */
function ofSizes(...sizes: readonly (readonly [bytes: number, isPartial: boolean])[]) {
  return sizes.map(([bytes, isPartial], i): RankedServer => {
    const sample = { bytes, elapsedMs: 9, at: 0, isPartial };
    return { server: parseServer(`s${i}:1`), sample, share: 1 / sizes.length };
  });
}

/** What rounds find, and how it is told. */
const ROUNDS: readonly (readonly [RoundEvent, words: string])[] = [
  [{ ranking: [], servers: 0, elapsedMs: 0 }, "no server is available"],
  [{ ranking: [], servers: 3, elapsedMs: 9 }, "no server is available"],
  [
    { ranking: rankingOf(1, 1), servers: 1, elapsedMs: 9 },
    "tested, fastest first: s0:1 1.0 ms (100.0 %)",
  ],
  [
    { ranking: rankingOf(2, 0.5), servers: 3, elapsedMs: 9 },
    "tested, fastest first: s1:1 1.0 ms (50.0 %), s0:1 2.0 ms (50.0 %); 2 of 3 are available",
  ],
  [
    { ranking: ofSizes([320 * 1024, true], [2 ** 23, false]), servers: 2, elapsedMs: 9 },
    "tested, fastest first: s1:1 9.0 ms (50.0 %) for 8 MiB, " +
    "s0:1 9.0 ms (50.0 %) for 320 kiB (partial)",
  ],
  [
    { ranking: rankingOf(1, 0), servers: 2, elapsedMs: 9 },
    "tested, fastest first: s0:1 1.0 ms (0.0 %); 1 of 2 are available; " +
    "clients are sent to none: all of these are drained",
  ],
];

Deno.test("wordsForRound() names those that are available, and how many are missing", () => {
  for (const [event, words] of ROUNDS) assertEquals(wordsForRound(event), words);
});

Deno.test("wordsForRound() and roundRecordOf() name the ten fastest", () => {
  const event = { ranking: rankingOf(12, 1 / 12), servers: 13, elapsedMs: 77.5 };
  const words = wordsForRound(event);
  assertEquals(words.match(/s\d+:1/g), Array.from({ length: 10 }, (_, i) => `s${11 - i}:1`));
  const end = "s2:1 10.0 ms (8.3 %), and 2 slower ones; 12 of 13 are available";
  assertEquals(words.slice(-end.length), end);
  assertEquals(roundRecordOf(event), {
    event: "round",
    servers: 13,
    available: 12,
    elapsedMs: 77.5,
    fastest: Array.from({ length: 10 }, (_, i) => {
      return { server: `s${11 - i}:1`, bytes: 1, elapsedMs: i + 1, share: 1 / 12 };
    }),
  });
});

const OLD = "2026-01-02T03:04:05.000Z";
const NEW = "2026-02-03T04:05:06.000Z";
const SHA256 = "0f".repeat(32);
const TWELVE = Array.from({ length: 12 }, (_, i) => `s${i}:1`);

/** A file, the versions that servers have of it, and how that is told. */
const VERSIONS: readonly (readonly [
  target: string,
  versions: readonly VersionHolders[],
  words: string,
])[] = [
  [
    "/a.iso",
    [
      { bytes: 6, lastModified: NEW, sha256: SHA256, servers: ["b:1", "c:1"] },
      { bytes: 5, lastModified: OLD, servers: ["a:1"] },
    ],
    "/a.iso has several versions, and clients get the first: " +
    `6 bytes of ${NEW} at b:1, c:1; 5 bytes of ${OLD} at a:1`,
  ],
  [
    "/a.iso?x=1",
    [{ bytes: 1, servers: ["a:1"] }, { bytes: 0, servers: ["b:1"] }, { servers: ["c:1"] }],
    "/a.iso?x=1 has several versions, and clients get the first: " +
    "1 byte at a:1; 0 bytes at b:1; unknown size at c:1",
  ],
  [
    "/a.iso",
    [
      { bytes: 6, lastModified: NEW, sha256: SHA256, servers: ["a:1"] },
      { bytes: 6, lastModified: NEW, servers: ["b:1"] },
    ],
    "/a.iso has several versions, and clients get the first: " +
    `6 bytes of ${NEW} at a:1; 6 bytes of ${NEW} at b:1; ` +
    "what looks the same differs in ETag or digest",
  ],
  [
    "/a.iso",
    [{ bytes: 6, lastModified: NEW, servers: ["a:1", "b:1", "c:1"] }],
    `/a.iso has one version again: 6 bytes of ${NEW} at a:1, b:1, c:1`,
  ],
  [
    "/<script>",
    [{ bytes: 6, servers: TWELVE }, { bytes: 5, servers: TWELVE.slice(0, 10) }],
    "/<script> has several versions, and clients get the first: " +
    `6 bytes at ${TWELVE.slice(0, 10).join(", ")} and 2 more; ` +
    `5 bytes at ${TWELVE.slice(0, 10).join(", ")}`,
  ],
];

for (const [target, versions, words] of VERSIONS) {
  Deno.test(`wordsForVersions() says: ${words}`, () => {
    assertEquals(wordsForVersions(target, versions), words);
  });
}

Deno.test("FarmLog.versions() logs a line of words, or of JSON with all servers", async () => {
  for (const [target, versions, words] of VERSIONS) {
    const [text, json] = await Promise.all([false, true].map(async (isJson) => {
      const sink = new MemorySink();
      const logger = new Logger("balancer", isJson, () => 0, new LineWriter(sink));
      new FarmLog(logger.info).versions(target, versions);
      await logger[Symbol.asyncDispose]();
      return sink.text;
    }));
    assertEquals(text, `balancer: ${words}\n`);
    const record = { time: "1970-01-01T00:00:00.000Z", event: "versions", target, versions };
    assertEquals(JSON.parse(json!), record);
    assertEquals(json!.indexOf("\n"), json!.length - 1);
  }
});
