import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseServer } from "../../../lib/balancing/list/server.ts";
import { type Listing, ServerSource } from "../../../lib/balancing/list/server_source.ts";
import { UsageError } from "../../../lib/cli/command.ts";
import { withoutIds } from "../../support/servers.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";
import { FAILED, FakeResolver, records, srv } from "./fake_resolver.ts";

const NO_LIST = {
  path: "/none/servers.txt",
  load: () => Promise.reject(new Error("not asked for")),
};

const SERVICE = "srv:_http._tcp.x";
const QUESTION = "SRV _http._tcp.x";

function open(operands: readonly string[], resolver = new FakeResolver()): Promise<ServerSource> {
  return ServerSource.open(operands, NO_LIST, resolver);
}

function placesOf({ servers }: Listing): string[] {
  return servers.map(({ authority }) => authority);
}

/** Runs with a text on standard input. */
async function withStandardInput(text: string, run: () => Promise<void>): Promise<void> {
  const original = Object.getOwnPropertyDescriptor(Deno, "stdin")!;
  Object.defineProperty(Deno, "stdin", {
    ...{ configurable: true, value: { readable: new Blob([text]).stream() } },
  });
  try {
    await run();
  } finally {
    Object.defineProperty(Deno, "stdin", original);
  }
}

Deno.test("ServerSource joins servers and lists, and keeps one of duplicates", async () => {
  await using directory = await TemporaryDirectory.with({ "list.txt": "b:2\na:1\n" });
  const source = await open(["a:1", directory.join("list.txt")]);
  assertEquals(source.isDynamic, false);
  const listing = await source.servers();
  assertEquals(
    withoutIds(listing),
    withoutIds({
      servers: ["a:1", "b:2"].map(parseServer),
      duplicates: [parseServer("a:1")],
      problems: [],
    }),
  );
  assert(source.remembered().servers.every(({ id }, i) => id !== listing.servers[i]!.id));
});

/** Operands that are a mistake, and what is said about them. */
const MISTAKES: readonly [string[], string][] = [
  [[], "no SERVER is given: name one as host:port"],
  [["-", "-"], "- is given twice, but there is one standard input"],
  [["a:1", "/none/list"], "/none/list: there is no such file, and a server is written host:port"],
  [["a:0"], '"a:0" has a port out of range'],
  [["srv:x"], '"srv:x" has no service and protocol'],
  [["dns:x"], '"dns:x" has no port'],
];

Deno.test("ServerSource.open() names a mistake in the operands", async () => {
  for (const [operands, message] of MISTAKES) {
    await assertRejects(() => open(operands), UsageError, message);
  }
});

Deno.test("ServerSource.open() looks nothing up, servers() does each time", async () => {
  const resolver = new FakeResolver();
  const source = await open([SERVICE, "dns:web:80", "dns:web:80,drain"], resolver);
  assertEquals([source.isDynamic, resolver.asked], [true, []]);
  await source.servers();
  assertEquals(resolver.asked.toSorted(), ["A web", "AAAA web", QUESTION]);
  await source.servers();
  assertEquals(resolver.asked.length, 6);
});

Deno.test("ServerSource puts found servers where their entry is, and listed ones first", async () => {
  const resolver = new FakeResolver();
  resolver.answers[QUESTION] = records(srv("b.", 1), srv("c.", 1), srv("d.", 1));
  resolver.answers["A web"] = records("192.0.2.1");
  const source = await open(["a:1", SERVICE, "d:1,drain", "dns:web:80", "b:1", "a:1"], resolver);
  const listing = await source.servers();
  assertEquals(placesOf(listing), ["a:1", "b:1", "c:1", "d:1", "192.0.2.1:80"]);
  assertEquals(listing.servers.map(({ foundBy }) => foundBy), [
    ...[undefined, undefined, SERVICE, undefined, "dns:web:80"],
  ]);
  assertEquals(listing.servers[3]?.isDrained, true);
  assertEquals(withoutIds(listing.duplicates), withoutIds([parseServer("a:1")]));
});

Deno.test("ServerSource says which names cannot be looked up", async () => {
  const resolver = new FakeResolver();
  resolver.answers[QUESTION] = FAILED;
  const source = await open(["a:1", SERVICE, `${SERVICE},backup`, "dns:web:80"], resolver);
  const listing = await source.servers();
  assertEquals(placesOf(listing), ["a:1"]);
  assertEquals(listing.problems.map(({ entry }) => entry), [SERVICE, "dns:web:80"]);
});

Deno.test("ServerSource follows an answer that changes", async () => {
  const resolver = new FakeResolver();
  const source = await open([SERVICE], resolver);
  const after = async (...targets: string[]) => {
    resolver.answers[QUESTION] = records(...targets.map((target) => srv(target)));
    return placesOf(await source.servers());
  };
  assertEquals(await after("a.", "b."), ["a:80", "b:80"]);
  assertEquals(await after("c.", "b."), ["b:80", "c:80"]);
  assertEquals(await after(), ["b:80", "c:80"]);
});

Deno.test("ServerSource.reload() reads files anew", async () => {
  await using directory = await TemporaryDirectory.with({ one: "a:1\n", two: "b:1\n" });
  const [one, two] = [directory.join("one"), directory.join("two")];
  const source = await open([one, "c:1", two]);
  await directory.write("two", `b:1 weight=2\n${SERVICE}\nd:1\n`);
  assertEquals(placesOf(await source.servers()), ["a:1", "c:1", "b:1"]);
  assertEquals(await source.reload(), { read: [one, two], unread: [] });
  const { servers } = await source.servers();
  const expected = ["a:1", "c:1", "b:1 weight=2", "d:1"].map(parseServer);
  assertEquals(withoutIds(servers), withoutIds(expected));
  assertEquals(source.isDynamic, true);
});

/** What a list becomes, and what is said about it after its name. */
const BAD_LISTS: readonly [string | Uint8Array, string][] = [
  ["", ": there is no server in the list"],
  ["# none\n", ": there is no server in the list"],
  ["a:1\nb\n", ':2: "b" has no port'],
  [new Uint8Array(1000), ':1: "\\u{0}'],
];

Deno.test("ServerSource.reload() keeps all lists as they were when one has a mistake", async () => {
  await using directory = await TemporaryDirectory.with({ good: "", bad: "a:1\n" });
  const [good, bad] = [directory.join("good"), directory.join("bad")];
  const source = await open([good, bad]);
  const refuse = async (message: string) => {
    const error = await assertRejects(() => source.reload(), UsageError);
    assertStringIncludes(error.message, `${bad}${message}`);
    assertEquals(error.message.includes("\n"), false);
    assertEquals(placesOf(await source.servers()), ["a:1"]);
  };
  for (const [content, message] of BAD_LISTS) {
    await directory.write("bad", content);
    await refuse(message);
  }
  await directory.write("good", "b:1\n");
  await directory.write("bad", "a:x\n");
  await refuse(':1: "a:x" has the port "x"');
  await Deno.remove(bad);
  await refuse(": there is no such file");
  await Deno.mkdir(bad);
  await refuse(": it is a directory, not a list of servers");
  await Deno.remove(bad);
  await directory.write("bad", "c:1\n");
  await source.reload();
  assertEquals(placesOf(await source.servers()), ["b:1", "c:1"]);
});

Deno.test("ServerSource.reload() says that nothing is a file", async () => {
  const source = await open(["a:1", SERVICE]);
  assertEquals(await source.reload(), { read: [], unread: [] });
});

Deno.test("ServerSource.reload() keeps what came by standard input, and says so", async () => {
  await using directory = await TemporaryDirectory.with({ list: "b:1\n" });
  const list = directory.join("list");
  await withStandardInput("a:1\n", async () => {
    const source = await open(["-", list]);
    await directory.write("list", "c:1\n");
    const unread = [{ name: "standard input", origin: "standard input" } as const];
    assertEquals(await source.reload(), { read: [list], unread });
    assertEquals(placesOf(await source.servers()), ["a:1", "c:1"]);
  });
  await withStandardInput("a\n", async () => {
    await assertRejects(() => open(["-"]), UsageError, 'standard input:1: "a" has no port');
  });
});

Deno.test({
  name: "ServerSource.reload() keeps what is part of the program, and says so",
  permissions: { read: false },
  async fn() {
    const path = "/x/servers.txt";
    const builtIn = { path, load: () => Promise.resolve({ default: "a:1" }) };
    const source = await ServerSource.open([path, "b:1"], builtIn, new FakeResolver());
    const unread = [{ name: path, origin: "program" } as const];
    assertEquals(await source.reload(), { read: [], unread });
    assertEquals(placesOf(await source.servers()), ["a:1", "b:1"]);
  },
});

Deno.test("ServerSource.reload() keeps what is known of names that are still listed", async () => {
  const resolver = new FakeResolver();
  await using directory = await TemporaryDirectory.with({ list: `${SERVICE}\ndns:web:80\n` });
  const source = await open([directory.join("list")], resolver);
  resolver.answers[QUESTION] = records(srv("a.", 1));
  resolver.answers["A web"] = records("192.0.2.1");
  await source.servers();
  resolver.answers[QUESTION] = resolver.answers["A web"] = FAILED;
  await directory.write("list", `z:1\n${SERVICE},weight=5\n`);
  await source.reload();
  const { servers } = await source.servers();
  assertEquals(servers.map(({ authority, weight }) => [authority, weight]), [
    ...[["z:1", 1], ["a:1", 5]],
  ]);
  await directory.write("list", "dns:web:80\n");
  await source.reload();
  assertEquals(placesOf(await source.servers()), []);
});

Deno.test("ServerSource.servers() begins again when the lists are read anew meanwhile", async () => {
  const resolver = new FakeResolver();
  await using directory = await TemporaryDirectory.with({ list: `${SERVICE}\na:1\n` });
  const source = await open([directory.join("list")], resolver);
  resolver.answers[QUESTION] = records(srv("b.", 1));
  const gate = Promise.withResolvers<void>();
  resolver.gate = gate.promise;
  const before = source.servers();
  await directory.write("list", "c:1\n");
  await source.reload();
  assertEquals(placesOf(await source.servers()), ["c:1"]);
  gate.resolve();
  assertEquals(placesOf(await before), ["c:1"]);
});
