import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import type { PickRequest, Policy } from "../../lib/balancing/policies/policy.ts";
import { Redirector } from "../../lib/balancing/redirector.ts";
import { RequestCounters } from "../../lib/balancing/request_counters.ts";
import type { Reply } from "../../lib/net/handler.ts";
import { LOCATIONS } from "../cases/locations.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { requestFor } from "../support/replies.ts";
import { failed, passed } from "../support/servers.ts";
import { countsOf } from "../support/counts.ts";

/** A redirector to these servers, the fastest first, and what it tells. */
class TestedRedirector {
  readonly logged: string[] = [];
  readonly counters = new RequestCounters();
  readonly pool: ChoosingPool;
  readonly #redirector: Redirector;

  constructor(entries: readonly string[], alternatives = 0, policy: Policy = POLICIES.rank()) {
    const servers = entries.map(parseServer);
    this.pool = new ChoosingPool(servers, policy);
    for (const [i, server] of servers.entries()) this.pool.record(server, passed(i + 1), 0);
    this.pool.endRound(0);
    const info = (message: string) => void this.logged.push(message);
    this.#redirector = new Redirector(this.pool.chooser, {
      ...{ statusCode: 301, alternatives, retryAfterSeconds: 7, info },
      counters: this.counters,
    });
  }

  async ask(
    target: string,
    fields = "",
    client = "192.0.2.1",
    method = "GET",
    isSecure = false,
  ): Promise<Reply> {
    const request = { ...requestFor(target, fields, method), client, isSecure };
    return await this.#redirector.handle(request);
  }

  /** Where so many requests are sent. */
  async locations(fields = "", count = 100, isSecure = false): Promise<Set<string>> {
    const locations = new Set<string>();
    for (let i = 0; i < count; i++) {
      const { headerSection } = await this.ask("/x", fields, "192.0.2.1", "GET", isSecure);
      locations.add(/^Location: (.*)\r$/m.exec(headerSection)?.[1] ?? "");
    }
    return locations;
  }
}

Deno.test("Redirector sends clients to the public URL and the target", async () => {
  const redirector = new TestedRedirector(["a:1=https://files.example/pub/"]);
  const kept = ["/x", "//y/../%2F?a=b", "/"].map((raw) => ({ raw, location: raw }));
  for (const { raw, location } of [...kept, ...LOCATIONS]) {
    const { headerSection, statusCode } = await redirector.ask(raw);
    assertStringIncludes(headerSection, `\r\nLocation: https://files.example/pub${location}\r\n`);
    assertEquals(statusCode, 301);
    assertEquals(/^Link:/m.test(headerSection), false);
  }
});

Deno.test("Redirector leaves out the servers that a retry names", async () => {
  const redirector = new TestedRedirector(["a:1", "b:1=http://b.example", "c:1"]);
  assertEquals((await redirector.locations()).size, 3);
  assertEquals(
    await redirector.locations("Avoid-Server: a:1, b.example:80\r\n"),
    new Set(["http://c:1/x"]),
  );
  assertEquals(
    await redirector.locations("avoid-server: a:1\r\nAVOID-SERVER: c:1\r\n"),
    new Set(["http://b.example/x"]),
  );
});

Deno.test("Redirector prefers servers of https for clients that use it", async () => {
  const entries = ["a:1", "b:1=https://b.example", "c:1", "d:1=https://d.example/pub", "e:1"];
  const secure = ["https://b.example/x", "https://d.example/pub/x"];
  for (const [name, create] of Object.entries(POLICIES)) {
    const redirector = new TestedRedirector(entries, 0, create(1));
    const locations = (fields: string) => redirector.locations(fields, 100, true);
    for (const location of await locations("")) assert(secure.includes(location), name);
    const others = await locations("Avoid-Server: b.example:443\r\n");
    assertEquals(others, new Set(["https://d.example/pub/x"]), name);
    // What has failed a client is worse than another scheme.
    const plain = await locations("Avoid-Server: b.example:443, d.example:443, a:1\r\n");
    for (const location of plain) assertMatch(location, /^http:\/\/[ce]:1\/x$/, name);
    const all = "a:1, b.example:443, c:1, d.example:443, e:1";
    for (const location of await locations(`Avoid-Server: ${all}\r\n`)) {
      assert(secure.includes(location), name);
    }
  }
  const redirector = new TestedRedirector(entries);
  assertEquals((await redirector.locations()).size, 5);
});

Deno.test("Redirector keeps the shares of servers of https, and follows the pool", async () => {
  const redirector = new TestedRedirector(["a:1=https://a", "b:1", "c:1=https://c", "d:1"]);
  let fastest = 0;
  for (let i = 0; i < 3000; i++) {
    const { annotation } = await redirector.ask("/x", "", "192.0.2.1", "GET", true);
    if (annotation === "a:1") fastest++;
  }
  // The fastest of four has four shares, the third two.
  assertAlmostEquals(fastest / 3000, 4 / 6, 0.05);
  const { pool } = redirector;
  for (const [entry, expected] of [["a:1", "https://c/x"], ["c:1", "http://"]] as const) {
    const record = pool.records.find(({ server }) => server.authority === entry)!;
    pool.record(record.server, failed("refused"), 0);
    for (const location of await redirector.locations("", 50, true)) {
      assertStringIncludes(location, expected);
    }
  }
});

Deno.test("Redirector names alternatives of https first to clients that use it", async () => {
  const redirector = new TestedRedirector(["a:1", "b:1=https://b", "c:1", "d:1=https://d"], 9);
  const { headerSection } = await redirector.ask("/x", "", "192.0.2.1", "GET", true);
  const links = [...headerSection.matchAll(/^Link: <(.*)>; rel/gm)].map(([, uri]) => uri!);
  assertEquals(links.slice(0, 2).sort(), ["https://b/x", "https://d/x"]);
  assertEquals(links.slice(2), ["http://a:1/x", "http://c:1/x"]);
});

/** Values by which nobody may gain anything. */
const HOSTILE: readonly string[] = [
  "a:1, b:1, c:1",
  "evil.example:80",
  "http://evil.example/",
  "*",
  ",".repeat(5000),
  "x,".repeat(500) + "a:1,b:1",
  '"><script>alert(1)</script>',
  "__proto__, constructor, toString",
  "\x80\xff\t(",
];

Deno.test("Redirector is not moved by a hostile field, and never repeats it", async () => {
  const redirector = new TestedRedirector(["a:1", "b:1", "c:1"], 2);
  for (const value of HOSTILE) {
    const fields = `Avoid-Server: ${value}\r\n`;
    assertEquals((await redirector.locations(fields, 200)).size, 3, value);
    const { headerSection, content } = await redirector.ask("/x", fields);
    const said = `${headerSection}${content}`;
    for (const word of ["evil", "script", "proto", "\x80", "Avoid"]) {
      assertEquals(said.includes(word), false, value);
    }
  }
  assertEquals(redirector.logged, []);
});

Deno.test("Redirector names alternatives, the chosen first and nobody who is to be avoided", async () => {
  const redirector = new TestedRedirector(["a:1", "b:1", "c:1", "d:1 drain", "e:1 backup"], 9);
  const linksFor = async (fields: string) => {
    const { headerSection } = await redirector.ask("/x", fields);
    const location = /^Location: (.*)\r$/m.exec(headerSection)![1];
    const links = [...headerSection.matchAll(/^Link: <(.*)>; rel=duplicate; pri=(\d+)\r$/gm)];
    assertEquals(links.map(([, , priority]) => priority), links.map((_, i) => `${i + 1}`));
    assertEquals(links[0]![1], location);
    return links.map(([, uri]) => uri!);
  };
  for (let i = 0; i < 20; i++) {
    const [chosen, ...others] = await linksFor("");
    const inOrder = ["http://a:1/x", "http://b:1/x", "http://c:1/x"];
    assertEquals(others, inOrder.filter((uri) => uri !== chosen));
    const left = await linksFor("Avoid-Server: b:1\r\n");
    assertEquals(left.sort(), ["http://a:1/x", "http://c:1/x"]);
  }
});

Deno.test("Redirector says once that clients from elsewhere are sent to themselves", async () => {
  const redirector = new TestedRedirector(["127.0.0.1:1", "a:1=http://0.0.0.0:80"]);
  for (const client of ["127.0.0.1", "::1", "127.0.0.9"]) await redirector.ask("/", "", client);
  assertEquals(redirector.logged, []);
  for (const client of ["192.0.2.7", "2001:db8::7", "192.0.2.8"]) {
    await redirector.ask("/", "", client);
  }
  assertEquals(redirector.logged.length, 1);
  assertMatch(
    redirector.logged[0]!,
    /^clients from elsewhere, such as 192\.0\.2\.7, are sent to http:/,
  );
  const fine = new TestedRedirector(["127.0.0.1:1=http://files.example", "a:1"]);
  await fine.locations();
  assertEquals(fine.logged, []);
});

Deno.test("Redirector answers 503 when there is nobody to send clients to", async () => {
  const redirector = new TestedRedirector(["a:1"], 3);
  for (const { server } of redirector.pool.records) {
    redirector.pool.record(server, failed("refused"), 0);
  }
  const { statusCode, headerSection } = await redirector.ask("/x", "Avoid-Server: a:1\r\n");
  assertEquals(statusCode, 503);
  assertMatch(headerSection, /^Retry-After: 7\r$/m);
  assertMatch(headerSection, /^Cache-Control: no-store\r$/m);
});

Deno.test("Redirector tells its policy who asks for what, and when", async () => {
  const asked: PickRequest[] = [];
  const server = parseServer("a:1");
  const policy: Policy = {
    update() {},
    pick: ({ client, target, monotonicMs, random }) => {
      asked.push({ client, target, monotonicMs, random });
      return server;
    },
    shares: () => new Map(),
    likely: () => new Map(),
    part: () => policy,
  };
  const redirector = new TestedRedirector(["a:1"], 0, policy);
  await redirector.ask("/x?y", "", "192.0.2.1");
  await redirector.ask("/z", "Avoid-Server: b:1\r\n", "2001:db8::1");
  assertEquals(asked.map(({ client, target }) => [client, target]), [
    ["192.0.2.1", "/x?y"],
    ["2001:db8::1", "/z"],
  ]);
  assertEquals(
    asked[0]!.monotonicMs <= asked[1]!.monotonicMs && asked[0]!.random !== asked[1]!.random,
    true,
  );
});

Deno.test("Redirector counts whom it sends where, and names the server in the reply", async () => {
  const redirector = new TestedRedirector(["a:1=https://files.example/pub", "b:1"]);
  const chosen: (string | undefined)[] = [];
  for (let i = 0; i < 50; i++) {
    const reply = await redirector.ask("/x", "", "192.0.2.1", i % 2 === 0 ? "GET" : "HEAD");
    const location = reply.annotation === "a:1" ? "https://files.example/pub/x" : "http://b:1/x";
    assertStringIncludes(reply.headerSection, `Location: ${location}\r\n`);
    chosen.push(reply.annotation);
  }
  const countOf = (name: string) => chosen.filter((it) => it === name).length;
  const redirects = { "a:1": countOf("a:1"), "b:1": countOf("b:1") };
  assertEquals([redirector.counters.redirects, redirector.counters.take().redirects], [
    50,
    redirects,
  ]);
  assertEquals(redirector.counters.unavailable, 0);
});

Deno.test("Redirector counts whom it turns away, and names nobody in the reply", async () => {
  const redirector = new TestedRedirector(["a:1 drain"]);
  for (const method of ["GET", "HEAD", "GET"]) {
    const { statusCode, annotation } = await redirector.ask("/x", "", "192.0.2.1", method);
    assertEquals([statusCode, annotation], [503, undefined]);
  }
  assertEquals(redirector.counters.take(), countsOf({ redirects: {}, unavailable: 3 }));
});
