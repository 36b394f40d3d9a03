import { assertEquals } from "@std/assert";
import {
  count,
  loadWords,
  shortfallWords,
  tiersWords,
} from "../../../lib/balancing/admin/page_words.js";

/** What a server lacks and differs in, of how many files, and how the page says it. */
const SHORTFALLS: readonly (readonly [
  lacking: number,
  differing: number,
  known: number,
  words: string,
])[] = [
  [0, 0, 0, ""],
  [0, 0, 400, ""],
  [12, 0, 400, "lacks 12 of 400 files"],
  [0, 3, 400, "differs in 3 of 400 files"],
  [12, 3, 400, "lacks 12, differs in 3 of 400 files"],
  [1, 0, 1, "lacks 1 of 1 file"],
  [1, 0, 1234, "lacks 1 of 1,234 files"],
  [12_345, 0, 100_000, "lacks 12,345 of 100,000 files"],
];

for (const [lacking, differing, known, words] of SHORTFALLS) {
  const numbers = `${lacking} and ${differing} of ${known}`;
  Deno.test(`shortfallWords() says "${words}" of a server that lacks and differs in ${numbers}`, () => {
    assertEquals(shortfallWords({ lacking, differing, examples: [] }, known), words);
  });
}

Deno.test("shortfallWords() says nothing of a server that is not asked", () => {
  assertEquals(shortfallWords(null, 400), "");
  assertEquals(shortfallWords(null, 0), "");
});

Deno.test("tiersWords() tells how near clients' servers were", () => {
  assertEquals(tiersWords({}), "near: none; elsewhere: 0");
  assertEquals(
    tiersWords({ zone: 1200, country: 0, continent: 3, all: 5 }),
    `near: ${count(1200)} by zone, 3 by continent; elsewhere: 5`,
  );
});

Deno.test("loadWords() says what a server says of its load, and no more", () => {
  const none = {
    openTransfers: null,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
    at: "",
  };
  const rows = [
    [
      {
        openTransfers: 3,
        pendingBytes: 302_091_264,
        bytesPerSecond: 12_481_536,
        utilization: null,
      },
      [
        "3 transfers open, 288 MiB to send, 11.9 MiB/s",
      ],
    ],
    [{ openTransfers: 1 }, ["1 transfer open"]],
    [{ openTransfers: 0, pendingBytes: 0, bytesPerSecond: 0, utilization: null }, [
      "0 transfers open",
    ]],
    [{ pendingBytes: 0, bytesPerSecond: 0, utilization: null }, ["sending nothing"]],
    [{ pendingBytes: 5 }, ["5 B to send"]],
    [{ bytesPerSecond: 0.25, utilization: null }, ["0 B/s"]],
  ] as const;
  for (const [load, [words]] of rows) assertEquals(loadWords({ ...none, ...load }), words);
  assertEquals(loadWords(null), "");
});
