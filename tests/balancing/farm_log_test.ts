import { assertEquals } from "@std/assert";
import { FarmLog } from "../../lib/balancing/farm_log.ts";
import { wordsFor } from "../../lib/balancing/server_events.ts";
import { type ListingChanges, parseServer, type Server } from "../../lib/balancing/list/server.ts";

const [a, b, c] = ["a:1", "b:1", "c:1"].map((entry) => parseServer(entry));

/** A log, and what it tells: words and records. */
function logOf() {
  const logged: [words: string, record: object | undefined][] = [];
  return { log: new FarmLog((words, record) => logged.push([words, record])), logged };
}

Deno.test("FarmLog tells events of servers and of rounds, in words and as records", () => {
  const { log, logged } = logOf();
  const sample = { bytes: 1024, elapsedMs: 1, at: 0 };
  log.server(a!, { kind: "available", sample });
  log.round({ ranking: [], servers: 1, elapsedMs: 4 });
  const round = { event: "round", servers: 1, available: 0, elapsedMs: 4, fastest: [] };
  assertEquals(logged, [
    [
      "a:1 is available: 1 kiB in 1.0 ms, 1000 kiB/s",
      { event: "available", server: "a:1", bytes: 1024, elapsedMs: 1 },
    ],
    ["no server is available", round],
  ]);
});

Deno.test("FarmLog adds why a server gets no clients to events that may have caused it", () => {
  const { log, logged } = logOf();
  const failure = { reason: "refused", streak: 1, fall: 1 };
  log.server(a!, { kind: "out", ...failure }, "out");
  log.server(a!, { kind: "failing", ...failure }, "suspended");
  log.server(a!, { kind: "failing", ...failure }, undefined);
  log.server(a!, { kind: "retested", reason: "refused" }, "drained");
  assertEquals(logged.map(([, record]) => record), [
    { event: "out", server: "a:1", ...failure, excludedReason: "out" },
    { event: "failing", server: "a:1", ...failure, excludedReason: "suspended" },
    { event: "failing", server: "a:1", ...failure },
    { event: "retested", server: "a:1", reason: "refused" },
  ]);
});

const CHANGES = { weight: 4 / 3, priority: { before: 0, after: 1 } };
const MORE_CHANGES = {
  ...{ isDrained: false, priority: { before: 1, after: 0 }, publicUrl: "http://d" },
};

Deno.test("wordsFor() tells what the list says of a place", () => {
  const place = { zones: ["campus", "eu"], country: "de", continent: "eu" } as const;
  const words = (changes: ListingChanges) => wordsFor({ kind: "changed", changes });
  assertEquals(
    words({ place }),
    "has changed in the list: its place is zone=campus+eu country=de continent=eu",
  );
  assertEquals(
    words({ place: {}, weight: 2 }),
    "has changed in the list: its weight is 2, its place is not listed any more",
  );
});

Deno.test("FarmLog tells who came and who went, and that the list was read", () => {
  const { log, logged } = logOf();
  const found = { ...b!, foundBy: "dns:b:1" };
  const pool = {
    excludedReason: ({ id }: Server) => id === c!.id ? "drained" as const : undefined,
  };
  log.changed({
    added: [a!, found],
    changed: [[b!, CHANGES], [a!, MORE_CHANGES], [c!, { isDrained: true }]],
    removed: [c!],
  }, pool);
  log.changed({ added: [], changed: [], removed: [] }, pool);
  log.reread([a!, b!], [c!], 7);
  log.reread([], [], 1);
  log.duplicates([a!]);
  log.unchanged("servers.txt:3: has no port");
  assertEquals(logged, [
    ["c:1 is in the list no more, and gets no more clients", { event: "unlisted", server: "c:1" }],
    ["b:1 has changed in the list: its weight is 1.33, it steps back", {
      ...{ event: "changed", server: "b:1", changes: ["its weight is 1.33", "it steps back"] },
    }],
    [
      "a:1 has changed in the list: it is drained no more, it comes to the fore, clients are sent to http://d",
      {
        event: "changed",
        server: "a:1",
        changes: ["it is drained no more", "it comes to the fore", "clients are sent to http://d"],
      },
    ],
    ["c:1 has changed in the list: it is drained", {
      ...{ event: "changed", server: "c:1", changes: ["it is drained"], excludedReason: "drained" },
    }],
    ["a:1 is new in the list", { event: "listed", server: "a:1", foundBy: undefined }],
    ["b:1 is new, by dns:b:1", { event: "listed", server: "b:1", foundBy: "dns:b:1" }],
    ["the list was read again: 7 servers, 2 new, 1 gone", {
      ...{ event: "reread", servers: 7, added: 2, removed: 1 },
    }],
    ["the list was read again: 1 server, 0 new, 0 gone", {
      ...{ event: "reread", servers: 1, added: 0, removed: 0 },
    }],
    ["a:1 is listed twice; one is kept", { event: "duplicate", server: "a:1" }],
    ["the list stays as it was: servers.txt:3: has no port", {
      ...{ event: "unchanged", reason: "servers.txt:3: has no port" },
    }],
  ]);
});

Deno.test("FarmLog tells which lists cannot be read again, and what to do", () => {
  const { log, logged } = logOf();
  log.unread([], ["servers.txt"]);
  assertEquals(logged, []);
  log.unread([], []);
  const imported = { name: "servers.txt", origin: "program" } as const;
  log.unread([{ name: "standard input", origin: "standard input" }, imported], []);
  assertEquals(logged, [
    ["there is no list to read again: put the servers into a file and name that", {
      event: "unread",
    }],
    ["standard input cannot be read again: put the list into a file and name that", {
      ...{ event: "unread", list: "standard input" },
    }],
    [
      "servers.txt cannot be read again: it is part of the program; add --allow-read=servers.txt",
      { event: "unread", list: "servers.txt" },
    ],
  ]);
});

Deno.test("FarmLog tells problems that are news, and what is well again", () => {
  const { log, logged } = logOf();
  log.problems([]);
  const problem = { entry: "web", reason: "no such name" };
  log.problems([problem]);
  log.problems([{ ...problem }]);
  log.problems([{ entry: "web", reason: "it timed out" }, { entry: "api", reason: "no address" }]);
  log.problems([{ entry: "api", reason: "no address" }]);
  log.problems([]);
  assertEquals(logged, [
    ["web: no such name", { event: "unresolved", entry: "web", reason: "no such name" }],
    ["web: it timed out", { event: "unresolved", entry: "web", reason: "it timed out" }],
    ["api: no address", { event: "unresolved", entry: "api", reason: "no address" }],
    ["web can be looked up again", { event: "resolved", entry: "web" }],
    ["api can be looked up again", { event: "resolved", entry: "api" }],
  ]);
});

Deno.test("FarmLog tells once which zones do not fit together, and of ten by name", () => {
  const { log, logged } = logOf();
  const many = new Set(Array.from({ length: 12 }, (_, i) => `z${i}`));
  const none = new Set<string>();
  log.zones(new Set(["a"]), none);
  log.zones(new Set(["a", "b"]), none);
  log.zones(none, none);
  log.zones(new Set(["a"]), many);
  log.zones(none, many);
  const zones = [...many].slice(0, 10);
  const unruled = (zone: string): [string, object] => [
    `no rule gives the zone ${zone}`,
    { event: "zones", reason: "no rule gives", zones: [zone], count: 1 },
  ];
  assertEquals(logged, [
    unruled("a"),
    unruled("b"),
    unruled("a"),
    [
      `no server is in the zones ${zones.join(", ")} and 2 more`,
      { event: "zones", reason: "no server is in", zones, count: 12 },
    ],
  ]);
});

Deno.test("FarmLog tells what places are known by, and that they stay", () => {
  const { log, logged } = logOf();
  log.places("2 rules for 1 zone");
  log.unchangedPlaces("zones.txt:1: mistake");
  assertEquals(logged, [
    ["places are known by 2 rules for 1 zone", {
      ...{ event: "places", description: "2 rules for 1 zone" },
    }],
    ["the places stay as they were: zones.txt:1: mistake", {
      ...{ event: "unchanged", reason: "zones.txt:1: mistake" },
    }],
  ]);
});
