import { assert, assertEquals } from "@std/assert";
import { BitTable } from "../../../lib/balancing/file_checks/bit_table.ts";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import type { FileAnswer, FileVersion } from "../../../lib/balancing/file_checks/file_version.ts";
import { seededRandom } from "../../support/random.ts";

const MINUTE = 60_000;
const EXPIRY = 10 * MINUTE;
const LACKS: FileAnswer = { kind: "lacks" };

function has(version: FileVersion = { bytes: 7 }): FileAnswer {
  return { kind: "has", version };
}

function catalogOf(servers: readonly number[], mostTargets?: number) {
  const catalog = new FileCatalog({
    expiryMs: EXPIRY,
    random: seededRandom(1),
    ...(mostTargets !== undefined && { mostTargets }),
  });
  catalog.setServers(servers);
  return { catalog };
}

/** For each server `+` has it, `-` lacks it, `~` has another version, `?` unknown. */
function picture(catalog: FileCatalog, servers: readonly number[], target: string, at = 0): string {
  const row = catalog.find(target, at);
  return servers.map((id) => {
    if (row === undefined) return "?";
    if (catalog.isHolder(row, id)) return "+";
    if (catalog.isLacking(row, id)) return "-";
    return catalog.isExcluded(row, id) ? "~" : "?";
  }).join("");
}

const [A, B, C, D, E] = [1, 2, 3, 4, 5] as const;
const SERVERS: readonly number[] = [A, B, C, D, E];

Deno.test("FileCatalog.learn() keeps what each server answered", () => {
  const { catalog } = catalogOf(SERVERS);
  assertEquals(catalog.find("/f", 0), undefined);
  catalog.learn("/f", B, has(), 0);
  catalog.learn("/f", C, LACKS, 0);
  catalog.learn("/f", D, { kind: "unclear" }, 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "?+-??");
  const row = catalog.find("/f", 0)!;
  assertEquals([catalog.holders(row), catalog.excluded(row), catalog.bytes(row)], [1, 1, 7]);
  catalog.learn("/f", B, LACKS, 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "?--??");
  assertEquals(catalog.bytes(row), undefined);
  catalog.learn("/f", 99, has(), 0);
  catalog.learn(`/${"f".repeat(1024)}`, A, has(), 0);
  assertEquals(catalog.targets, 1);
});

Deno.test("FileCatalog.find() forgets that a server has a file within its time, and that it lacks it within a tenth", () => {
  for (const start of [0, 1, MINUTE, 7 * MINUTE, 1234567]) {
    const { catalog } = catalogOf(SERVERS);
    catalog.learn("/f", A, has(), start);
    catalog.learn("/f", B, LACKS, start);
    assertEquals(picture(catalog, SERVERS, "/f", start + MINUTE / 2 - 1), "+-???");
    assertEquals(picture(catalog, SERVERS, "/f", start + MINUTE), "+????");
    assertEquals(picture(catalog, SERVERS, "/f", start + EXPIRY / 2 - 1), "+????");
    assertEquals(catalog.targets, 1);
    assertEquals(picture(catalog, SERVERS, "/f", start + EXPIRY), "?????");
    assertEquals([catalog.targets, catalog.lackingTargets], [0, 0]);
  }
});

Deno.test("FileCatalog.nextDue() gives servers that were not asked, or not lately", () => {
  const { catalog } = catalogOf(SERVERS);
  const servers = new BitTable(1);
  servers.reserve(1, 5);
  for (let column = 0; column < 5; column++) servers.set(0, 0, column, column !== 3);
  const due = (row: number | undefined, from: number) => catalog.nextDue(row, from, servers);
  assertEquals([due(undefined, 0), due(undefined, 3), due(undefined, 5)], [0, 4, 0]);
  catalog.learn("/f", A, has(), 0);
  catalog.learn("/f", B, { kind: "unclear" }, 0);
  let row = catalog.find("/f", 0)!;
  assertEquals([due(row, 0), due(row, 4), due(row, 5)], [2, 4, 2]);
  catalog.learn("/f", C, LACKS, 0);
  catalog.learn("/f", E, LACKS, 0);
  assertEquals(due(row, 0), undefined);
  catalog.doubt(row, C);
  assertEquals(due(row, 0), 2);
  row = catalog.find("/f", MINUTE / 2 + 1)!;
  assertEquals([picture(catalog, SERVERS, "/f", MINUTE / 2 + 1), due(row, 0)], [
    "+???-",
    1,
  ]);
});

Deno.test("FileCatalog.nextDue() finds every column of many servers once", () => {
  const ids = Array.from({ length: 100 }, (_, i) => i);
  const { catalog } = catalogOf(ids);
  const asked: number[] = [];
  for (let from = 77; asked.length < 100;) {
    const column = catalog.nextDue(catalog.find("/f", 0), from);
    if (column === undefined) break;
    asked.push(column);
    catalog.learn("/f", catalog.serverOf(column)!, has(), 0);
    from = column + 1;
  }
  assertEquals(asked, ids.map((_, i) => (77 + i) % 100));
  assertEquals(catalog.nextDue(catalog.find("/f", 0), 5), undefined);
});

Deno.test("FileCatalog sends clients to the version of most servers, of equal ones to the newest", () => {
  const { catalog } = catalogOf(SERVERS);
  const old = has({ bytes: 5, lastModified: 1000 });
  const recent = has({ bytes: 6, lastModified: 2000 });
  catalog.learn("/f", A, old, 0);
  catalog.learn("/f", B, recent, 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "~+???");
  catalog.learn("/f", C, old, 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "+~+??");
  const row = catalog.find("/f", 0)!;
  assertEquals(catalog.version(row)?.bytes, 5);
  assertEquals(catalog.versions(row).map(({ servers }) => servers), [[A, C], [B]]);
  catalog.learn("/f", D, recent, 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "~+~+?");
  catalog.learn("/f", C, LACKS, 0);
  assertEquals([picture(catalog, SERVERS, "/f"), catalog.differingTargets], ["~+-+?", 1]);
  assertEquals(catalog.shortfall(A), { lacking: 0, differing: 1, examples: ["/f"] });
  catalog.learn("/f", A, recent, 0);
  assertEquals([picture(catalog, SERVERS, "/f"), catalog.differingTargets], ["++-+?", 0]);
  assertEquals(catalog.shortfall(A), { lacking: 0, differing: 0, examples: [] });
  assertEquals(catalog.shortfall(C), { lacking: 1, differing: 0, examples: ["/f"] });
});

Deno.test("FileCatalog.shortfall() counts files that another server has, not those that all lack", () => {
  const { catalog } = catalogOf(SERVERS);
  const shortfalls = () => [A, B].map((id) => catalog.shortfall(id));
  const none = { lacking: 0, differing: 0, examples: [] };
  catalog.learn("/f", A, LACKS, 0);
  for (const id of [A, B]) {
    for (let i = 0; i < 9; i++) catalog.learn(`/none/${i}`, id, LACKS, 0);
  }
  assertEquals([shortfalls(), catalog.lackingTargets], [[none, none], 0]);
  catalog.learn("/f", B, has(), 0);
  const one = { lacking: 1, differing: 0, examples: ["/f"] };
  assertEquals([shortfalls(), catalog.lackingTargets], [[one, none], 1]);
  catalog.learn("/f", B, LACKS, 0);
  assertEquals([shortfalls(), catalog.lackingTargets], [[none, none], 0]);
  catalog.learn("/f", A, has(), 0);
  assertEquals([shortfalls(), catalog.lackingTargets], [[none, one], 1]);
  catalog.setServers([B, C]);
  assertEquals([catalog.shortfall(B), catalog.lackingTargets], [none, 0]);
});

Deno.test("FileCatalog.setServers() leaves nothing of servers that go", () => {
  const { catalog } = catalogOf(SERVERS);
  catalog.learn("/f", A, has({ bytes: 1 }), 0);
  catalog.learn("/f", B, has({ bytes: 2 }), 0);
  catalog.learn("/f", C, has({ bytes: 2 }), 0);
  catalog.learn("/f", D, LACKS, 0);
  catalog.setServers([A, D, 9]);
  assertEquals(picture(catalog, [A, B, C, D, 9], "/f"), "+??-?");
  assertEquals([catalog.differingTargets, catalog.lackingTargets], [0, 1]);
  catalog.setServers([A, 9]);
  catalog.setServers([A, D, 9]);
  assertEquals([picture(catalog, [A, D], "/f"), catalog.lackingTargets], ["+?", 0]);
  const many = Array.from({ length: 90 }, (_, i) => 1000 + i);
  catalog.setServers([A, ...many]);
  catalog.learn("/f", 1088, has({ bytes: 9 }), 0);
  assertEquals(picture(catalog, [A, 1087, 1088], "/f"), "+?~");
});

Deno.test("FileCatalog counts the versions of backups only where no other server has the file", () => {
  const { catalog } = catalogOf(SERVERS);
  catalog.setServers(SERVERS, new Set([C, D, E]));
  for (const id of [C, D, E]) catalog.learn("/f", id, has({ bytes: 2 }), 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "??+++");
  catalog.learn("/f", A, has({ bytes: 1 }), 0);
  assertEquals(picture(catalog, SERVERS, "/f"), "+?~~~");
  catalog.setServers(SERVERS, new Set([A]));
  assertEquals(picture(catalog, SERVERS, "/f"), "~?+++");
});

Deno.test("FileCatalog removes the least wanted target when it is full", () => {
  const { catalog } = catalogOf(SERVERS, 100);
  for (let i = 0; i < 100; i++) {
    catalog.learn(`/wanted/${i}`, A, has(), 0);
    catalog.want(catalog.find(`/wanted/${i}`, 0)!, 5);
  }
  for (let i = 0; i < 1000; i++) {
    catalog.learn(`/once/${i}`, A, LACKS, 0);
    catalog.learn(`/once/${i}`, B, has(), 0);
  }
  assertEquals(catalog.targets, 100);
  const left = Array.from({ length: 100 }, (_, i) => catalog.find(`/wanted/${i}`, 0));
  assert(left.filter((row) => row !== undefined).length >= 98, `${left}`);
  assertEquals(catalog.find("/once/999", 0) !== undefined, true);
  for (let i = 0; i < 10; i++) {
    catalog.learn(`/new/${i}`, A, has(), 0);
    catalog.want(catalog.find(`/new/${i}`, 0)!, 9);
  }
  assert(
    Array.from({ length: 10 }, (_, i) => catalog.find(`/new/${i}`, 0)).every((it) =>
      it !== undefined
    ),
  );
  const { lacking } = catalog.shortfall(A)!;
  assertEquals(lacking, catalog.lackingTargets);
});

Deno.test("FileCatalog counts the same as a plain map, whatever happens", () => {
  const random = seededRandom(20_261_127);
  const draw = (below: number) => Math.floor(random() * below);
  const { catalog } = catalogOf(SERVERS, 20);
  for (let step = 0, at = 0; step < 5000; step++) {
    at += draw(3) * 1000;
    const id = SERVERS[draw(5)]!;
    const kinds: FileAnswer[] = [
      LACKS,
      { kind: "unclear" },
      has({ bytes: draw(3) }),
      has({ bytes: 1, lastModified: draw(2) }),
    ];
    if (draw(200) === 0) {
      catalog.setServers(SERVERS.filter((it) => it !== id));
      catalog.setServers(SERVERS);
    } else catalog.learn(`/${draw(40)}`, id, kinds[draw(4)]!, at);
    if (step % 50 > 0) continue;
    const counts = SERVERS.map(() => [0, 0]);
    let lacking = 0;
    for (let i = 0; i < 40; i++) {
      const row = catalog.find(`/${i}`, at);
      if (row === undefined) continue;
      const seen = picture(catalog, SERVERS, `/${i}`, at);
      assertEquals(catalog.holders(row), seen.replace(/[^+]/g, "").length, seen);
      assertEquals(catalog.excluded(row), seen.replace(/[^~-]/g, "").length, seen);
      if (seen.includes("~")) assert(seen.includes("+"), seen);
      const isHeld = seen.includes("+");
      if (isHeld && seen.includes("-")) lacking++;
      [...seen].forEach((it, column) => {
        if (it === "-" && isHeld) counts[column]![0]!++;
        if (it === "~") counts[column]![1]!++;
      });
    }
    assertEquals(catalog.lackingTargets, lacking);
    assertEquals(
      SERVERS.map((it) => catalog.shortfall(it)!).map((it) => [it.lacking, it.differing]),
      counts,
    );
  }
});

Deno.test("FileCatalog keeps wanted targets, and so many in all, in a flood of other ones", () => {
  const { catalog } = catalogOf(SERVERS, 200);
  for (let i = 0; i < 50; i++) {
    for (const id of SERVERS) catalog.learn(`/real/${i}`, id, has(), 0, 3);
  }
  for (let i = 0; i < 20_000; i++) {
    catalog.learn(`/random/${i}`, SERVERS[i % 5]!, LACKS, 0, 1);
    assert(catalog.targets <= 200);
  }
  const left = Array.from({ length: 50 }, (_, i) => picture(catalog, SERVERS, `/real/${i}`));
  assertEquals(left, left.map(() => "+++++"));
});

Deno.test("FileCatalog.answers() gives all that another catalogue needs", () => {
  const { catalog } = catalogOf(SERVERS);
  catalog.learn("/f", A, has({ bytes: 1 }), 0);
  catalog.learn("/f", B, has({ bytes: 2, lastModified: 3 }), 0);
  catalog.learn("/f", C, LACKS, 0);
  catalog.learn("/f", D, { kind: "unclear" }, 0);
  const row = catalog.find("/f", 0)!;
  assertEquals([catalog.answered(row), catalog.stale(row, SERVERS)], [4, [E]]);
  catalog.doubt(row, A);
  assertEquals([catalog.answered(row), catalog.stale(row, [A, B])], [4, [A]]);
  const { catalog: other } = catalogOf(SERVERS);
  for (const [answer, servers] of catalog.answers(row)) {
    for (const id of servers) other.learn("/f", id, answer, 0);
  }
  assertEquals(picture(other, SERVERS, "/f"), picture(catalog, SERVERS, "/f"));
  assertEquals(other.answered(other.find("/f", 0)!), 4);
  assertEquals(
    JSON.stringify(other.answers(other.find("/f", 0)!)),
    JSON.stringify(catalog.answers(row)),
  );
});

Deno.test("FileCatalog.isFound() does not count a backup while others may have the file", () => {
  const { catalog } = catalogOf(SERVERS);
  catalog.setServers(SERVERS, new Set([D, E]));
  const isFound = () => catalog.isFound(catalog.find("/f", 0)!);
  catalog.learn("/f", A, LACKS, 0);
  assertEquals(isFound(), false);
  catalog.learn("/f", D, has(), 0);
  assertEquals(isFound(), false);
  catalog.learn("/f", B, { kind: "unclear" }, 0);
  catalog.learn("/f", C, LACKS, 0);
  assertEquals(isFound(), true);
  catalog.learn("/f", C, has(), 0);
  assertEquals(isFound(), true);
  catalog.setServers(SERVERS);
  catalog.learn("/g", D, has(), 0);
  assertEquals(catalog.isFound(catalog.find("/g", 0)!), true);
});

Deno.test("FileCatalog.sweep() removes what has expired and is not found any more", () => {
  const { catalog } = catalogOf(SERVERS);
  for (let i = 0; i < 25_000; i++) catalog.learn(`/${i}`, SERVERS[i % 5]!, LACKS, 0);
  for (let i = 0; i < 10; i++) catalog.learn(`/f/${i}`, B, has(), 0);
  for (let i = 0; i < 3; i++) catalog.sweep(MINUTE);
  assertEquals([catalog.targets, catalog.lackingTargets], [10, 0]);
  assertEquals(catalog.shortfall(A), { lacking: 0, differing: 0, examples: [] });
  for (let i = 0; i < 3; i++) catalog.sweep(EXPIRY);
  assertEquals(catalog.targets, 0);
  catalog.sweep(2 * EXPIRY);
  catalogOf(SERVERS).catalog.sweep(0); // Nothing is in it.
});

Deno.test("FileCatalog keeps facts for as long as is wanted, at any time", () => {
  for (const expiryMs of [20, 1000, 60_000, EXPIRY, 500 * 60 * MINUTE]) {
    for (const now of [1, 1_795_000_000_000, 4_102_444_800_000]) {
      const start = Math.ceil(now / expiryMs) * expiryMs;
      const catalog = new FileCatalog({ expiryMs, random: seededRandom(1) });
      catalog.setServers(SERVERS);
      catalog.learn("/f", A, has(), start);
      catalog.learn("/f", B, LACKS, start);
      const story = `${expiryMs} ms at ${now}`;
      assertEquals(picture(catalog, SERVERS, "/f", start), "+-???", story);
      assertEquals(picture(catalog, SERVERS, "/f", start + expiryMs / 10), "+????", story);
      assertEquals(picture(catalog, SERVERS, "/f", start + expiryMs / 2 - 1), "+????", story);
      assertEquals(picture(catalog, SERVERS, "/f", start + expiryMs), "?????", story);
    }
  }
});

Deno.test("FileCatalog remembers as many targets with several versions as its memory allows", () => {
  for (const [servers, most] of [[5, 10_000], [1000, 2097]] as const) {
    const { catalog } = catalogOf(Array.from({ length: servers }, (_, i) => i));
    for (let i = 0; i < most + 500; i++) {
      catalog.learn(`/${i}`, 0, has({ bytes: 1 }), 0);
      catalog.learn(`/${i}`, servers - 1, has({ bytes: 2 }), 0);
      assert(catalog.differingTargets <= most);
    }
    assertEquals([catalog.differingTargets, catalog.targets], [most, most]);
    assertEquals(catalog.find("/0", 0), undefined);
  }
});

Deno.test("FileCatalog takes files of different software with one time for one version, in any order", () => {
  const [ours, nginx, caddy] = [
    has({ bytes: 7, tag: 1, lastModified: 1000 }),
    has({ bytes: 7, tag: 2, lastModified: 1000, software: 20 }),
    has({ bytes: 7, tag: 3, lastModified: 1000, software: 30 }),
  ];
  const random = seededRandom(3);
  for (let i = 0; i < 100; i++) {
    const { catalog } = catalogOf(SERVERS);
    const answers = [ours, nginx, caddy, nginx, ours].map((it) => [random(), it] as const);
    answers.sort(([a], [b]) => a - b).forEach(([, it], at) =>
      catalog.learn("/f", SERVERS[at]!, it, 0)
    );
    assertEquals(picture(catalog, SERVERS, "/f"), "+++++");
  }
});
