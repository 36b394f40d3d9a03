import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { srvServers, srvTargets } from "../../../lib/balancing/list/dns_cache.ts";
import { parseDnsEntry, type SrvEntry } from "../../../lib/balancing/list/list_text.ts";
import { BACKUP_PRIORITY, type Server } from "../../../lib/balancing/list/server.ts";
import { srv } from "./fake_resolver.ts";

/** The entry of a text such as `srv:_x._tcp.y`. */
function entryOf(options = ""): SrvEntry {
  const entry = parseDnsEntry(`srv:_x._tcp.y${options}`);
  assert(entry.kind === "srv");
  return entry;
}

/** The servers of an answer, as place, priority and weight. */
function summaryOf(records: readonly Deno.SrvRecord[], options = ""): string[] {
  return srvServers(entryOf(options), srvTargets(records).targets)
    .map(({ authority, priority, weight }) => `${authority} ${priority} ${weight}`);
}

/** What the answer is, the records, options of the entry, and its servers. */
const ANSWERS: readonly [string, readonly Deno.SrvRecord[], string, readonly string[]][] = [
  ["nothing", [], "", []],
  ["one record", [srv("a.", 80, 10, 60)], "", ["a:80 0 1"]],
  ["a target in upper case", [srv("A.Example.", 80)], "", ["a.example:80 0 1"]],
  ["a target without a dot", [srv("a", 80)], "", ["a:80 0 1"]],
  ["weights", [srv("a.", 1, 0, 30), srv("b.", 2, 0, 10)], "", ["a:1 0 1.5", "b:2 0 0.5"]],
  ["no weights", [srv("a."), srv("b.")], ",weight=7", ["a:80 0 7", "b:80 0 7"]],
  ["weights of an entry with a weight", [srv("a.", 1, 0, 3), srv("b.", 1, 0, 1)], ",weight=10", [
    ...["a:1 0 15", "b:1 0 5"],
  ]],
  ["a weight 0 among others", [srv("a.", 1, 0, 0), srv("b.", 1, 0, 5)], ",weight=2", [
    ...["a:1 0 0.02", "b:1 0 4"],
  ]],
  ["a weight that is next to nothing", [srv("a.", 1, 0, 1), srv("b.", 1, 0, 65535)], "", [
    ...["a:1 0 0.01", `b:1 0 ${65535 * 2 / 65536}`],
  ]],
  ["priorities", [srv("c.", 1, 65535), srv("a.", 1, 10), srv("b.", 1, 10), srv("d.", 1, 20)], "", [
    ...["a:1 0 1", "b:1 0 1", "d:1 1 1", "c:1 2 1"],
  ]],
  ["priorities of backups", [srv("b.", 1, 9), srv("a.", 1, 3)], ",backup", [
    ...[`a:1 ${BACKUP_PRIORITY} 1`, `b:1 ${BACKUP_PRIORITY + 1} 1`],
  ]],
  ["weights of two priorities", [srv("a.", 1, 0, 3), srv("b.", 1, 0, 1), srv("c.", 1, 1, 9)], "", [
    ...["a:1 0 1.5", "b:1 0 0.5", "c:1 1 1"],
  ]],
  ["a record twice", [srv("a.", 1, 0, 5), srv("A", 1, 0, 5), srv("b.", 1, 0, 5)], "", [
    ...["a:1 0 1", "b:1 0 1"],
  ]],
  ["a place with two priorities", [srv("a.", 1, 5, 9), srv("a.", 1, 4, 1)], "", ["a:1 0 1"]],
  ["ports of one target", [srv("a.", 2), srv("a.", 1)], "", ["a:1 0 1", "a:2 0 1"]],
];

Deno.test("srvServers() ranks priorities and shares an entry's weight by those of records", () => {
  for (const [what, records, options, servers] of ANSWERS) {
    assertEquals(summaryOf(records, options), servers, what);
    assertEquals(summaryOf(records.toReversed(), options), servers, `${what}, shuffled`);
  }
});

Deno.test("srvServers() makes servers that are tested where clients go", () => {
  const { targets } = srvTargets([srv("Web.Example.", 8000)]);
  const [{ id: _, ...server }] = srvServers(entryOf(",drain"), targets) as [Server];
  assertEquals(server, {
    hostname: "web.example",
    port: 8000,
    authority: "web.example:8000",
    scheme: "http",
    host: "web.example:8000",
    tlsName: "web.example",
    probePrefix: "",
    publicUrl: "http://web.example:8000",
    publicAuthority: "web.example:8000",
    isPublicLocal: false,
    weight: 1,
    isDrained: true,
    priority: 0,
    foundBy: "srv:_x._tcp.y",
  });
});

/** Records that name no server, and the reason. */
const LEFT_OUT: readonly [Deno.SrvRecord, string][] = [
  [srv(".", 0), 'a record says by the target "." that there is no such service'],
  [srv("a.", 0), 'a record is left out, since its target "a." has the port 0'],
  [srv("a b."), 'its target "a b." is no valid host name'],
  [srv("-a."), 'its target "-a." is no valid host name'],
  [srv("a\\032b."), "is no valid host name"],
  [srv("a\n."), 'its target "a\\u{a}." is no valid host name'],
  [srv("a:1."), "is no valid host name"],
  [srv("a/b"), "is no valid host name"],
  [srv(""), "is no valid host name"],
  [srv(".."), "is no valid host name"],
  [srv("1.2.3."), "is no valid host name"],
  [srv("192.0.2.1."), "is no valid host name"],
  [srv("[::1]"), "is no valid host name"],
  [srv(`${"a".repeat(64)}.`), "is no valid host name"],
];

Deno.test("srvTargets() leaves out what names no server, and says why", () => {
  for (const [record, reason] of LEFT_OUT) {
    const { targets, reasons } = srvTargets([srv("good."), record, record]);
    assertEquals(targets.map(({ hostname }) => hostname), ["good"]);
    assertEquals(reasons.length, 1);
    assert(reasons[0]!.includes(reason), `${reasons[0]} and not ${reason}`);
  }
});

const anyRecord = fc.record({
  target: fc.constantFrom("a.", "b.", "c.", "d.example.", "E."),
  port: fc.integer({ min: 1, max: 3 }),
  priority: fc.nat(65535),
  weight: fc.nat(65535),
});

Deno.test("srvServers() makes the same of an answer in any order", () => {
  fc.assert(fc.property(fc.array(anyRecord), fc.array(fc.nat()), (records, keys) => {
    const keyOf = new Map(records.map((record, i) => [record, keys[i] ?? 0]));
    const shuffled = records.toSorted((a, b) => keyOf.get(a)! - keyOf.get(b)!);
    assertEquals(summaryOf(shuffled), summaryOf(records));
  }));
});

Deno.test("srvServers() gives servers the weight of the entry on average", () => {
  const few = fc.array(fc.record({ weight: fc.nat(100), priority: fc.nat(3) }), { minLength: 1 });
  fc.assert(fc.property(few, fc.integer({ min: 1, max: 1000 }), (parts, weight) => {
    const records = parts.map((part, i) => ({ target: `s${i}.`, port: 80, ...part }));
    const servers = srvServers(entryOf(`,weight=${weight}`), srvTargets(records).targets);
    const byPriority = Map.groupBy(servers, ({ priority }) => priority);
    assertEquals([...byPriority.keys()], byPriority.keys().toArray().map((_, rank) => rank));
    for (const equals of byPriority.values()) {
      const shares = equals.map((server) => server.weight / weight);
      const raised = shares.filter((share) => share < 0.0101).length;
      assert(Math.min(...shares) > 0.0099);
      const sum = shares.reduce((sum, share) => sum + share, 0);
      assertAlmostEquals(sum, shares.length, raised / 100 + 1e-6);
    }
  }));
});
