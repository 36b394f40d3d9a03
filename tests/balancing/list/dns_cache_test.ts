import { assertEquals } from "@std/assert";
import { DnsCache } from "../../../lib/balancing/list/dns_cache.ts";
import { type DnsEntry, parseDnsEntry } from "../../../lib/balancing/list/list_text.ts";
import { FAILED, FakeResolver, NONE, records, srv } from "./fake_resolver.ts";

const WEB = parseDnsEntry("dns:web:80");
const SERVICE = parseDnsEntry("srv:_http._tcp.x");

/** The places of an entry's servers, and what is wrong with it. */
async function lookUp(names: DnsCache, entry: DnsEntry): Promise<[string[], string?]> {
  const [problem, ...others] = await names.lookUp([entry]);
  assertEquals(others, []);
  const places = names.remembered(entry).map(({ authority }) => authority);
  if (problem === undefined) return [places];
  assertEquals(problem.entry, entry.text);
  return [places, problem.reason];
}

Deno.test("DnsCache makes a server of each address, IPv6 in brackets", async () => {
  const resolver = new FakeResolver();
  resolver.answers["A web"] = records("192.0.2.2", "192.0.2.1", "192.0.2.2");
  resolver.answers["AAAA web"] = records("2001:db8::1");
  const entry = parseDnsEntry("dns:web:80,weight=3,backup");
  const names = new DnsCache(resolver);
  assertEquals(await names.lookUp([entry]), []);
  const servers = names.remembered(entry);
  assertEquals(servers.map(({ authority }) => authority), [
    ...["192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"],
  ]);
  const { hostname, publicUrl, weight, priority, foundBy } = servers[2]!;
  assertEquals([hostname, publicUrl, foundBy], [
    ...["2001:db8::1", "http://[2001:db8::1]:80", "dns:web:80"],
  ]);
  assertEquals([weight, priority], [3, 65536]);
});

/** What A and AAAA are answered, then the servers and what is wrong. */
const KINDS = [
  [records("192.0.2.1"), NONE, ["192.0.2.1:80"]],
  [NONE, records("::2"), ["[::2]:80"]],
  [records("192.0.2.1"), FAILED, ["192.0.2.1:80"]],
  [FAILED, records("::2"), ["[::2]:80"]],
  [NONE, NONE, [], "the name has no address, and no server is known from before"],
  [NONE, FAILED, [], "the name server sleeps, and no server is known from before"],
  [FAILED, NONE, [], "the name server sleeps, and no server is known from before"],
  [FAILED, FAILED, [], "the name server sleeps, and no server is known from before"],
] as const;

Deno.test("DnsCache is content with one kind of address", async () => {
  for (const [a, aaaa, places, ...reason] of KINDS) {
    const resolver = new FakeResolver();
    Object.assign(resolver.answers, { "A web": a, "AAAA web": aaaa });
    assertEquals<unknown>(await lookUp(new DnsCache(resolver), WEB), [places, ...reason]);
  }
});

/** The same after both kinds had an address. */
const LATER_KINDS = [
  [records("192.0.2.9"), records("::9"), ["192.0.2.9:80", "[::9]:80"]],
  [records("192.0.2.9"), NONE, ["192.0.2.9:80"]],
  [NONE, records("::9"), ["[::9]:80"]],
  [records("192.0.2.9"), FAILED, ["192.0.2.9:80", "[::1]:80"]],
  [FAILED, records("::9"), ["192.0.2.1:80", "[::9]:80"]],
  [NONE, NONE, ["192.0.2.1:80", "[::1]:80"], "the name has no address; the 2 servers known"],
  [FAILED, NONE, ["192.0.2.1:80", "[::1]:80"], "the name server sleeps; the 2 servers known"],
  [FAILED, FAILED, ["192.0.2.1:80", "[::1]:80"], "the name server sleeps; the 2 servers known"],
] as const;

Deno.test("DnsCache keeps the addresses of a kind that is not answered", async () => {
  for (const [a, aaaa, places, reason] of LATER_KINDS) {
    const resolver = new FakeResolver();
    const names = new DnsCache(resolver);
    Object.assign(resolver.answers, { "A web": records("192.0.2.1"), "AAAA web": records("::1") });
    await lookUp(names, WEB);
    Object.assign(resolver.answers, { "A web": a, "AAAA web": aaaa });
    const full = reason && `${reason} from before stay`;
    assertEquals<unknown>(await lookUp(names, WEB), full ? [places, full] : [places]);
  }
});

Deno.test("DnsCache keeps the servers of a service that is not answered or has none", async () => {
  const resolver = new FakeResolver();
  const names = new DnsCache(resolver);
  const answer = (answer: FakeResolver["answers"][string]) => {
    resolver.answers["SRV _http._tcp.x"] = answer;
    return lookUp(names, SERVICE);
  };
  const unknown = "and no server is known from before";
  assertEquals(await answer(FAILED), [[], `the name server sleeps, ${unknown}`]);
  assertEquals(await answer(NONE), [[], `the name has no SRV record, ${unknown}`]);
  assertEquals(await answer(records(srv("a.", 1))), [["a:1"]]);
  const stays = "; the server known from before stays";
  assertEquals(await answer(NONE), [["a:1"], `the name has no SRV record${stays}`]);
  assertEquals(await answer(FAILED), [["a:1"], `the name server sleeps${stays}`]);
  const gone = 'a record says by the target "." that there is no such service';
  assertEquals(await answer(records(srv(".", 1))), [["a:1"], `${gone}${stays}`]);
  const broken = 'a record is left out, since its target "c." has the port 0';
  assertEquals(await answer(records(srv("c.", 0))), [["a:1"], `${broken}${stays}`]);
  assertEquals(await answer(records(srv("c.", 0), srv("b.", 2))), [["b:2"], broken]);
  assertEquals(await answer(records(srv("c.", 0), srv("d.", 0), srv("b.", 2))), [
    ["b:2"],
    `${broken} (and 1 more)`,
  ]);
  assertEquals(await answer(NONE), [["b:2"], `the name has no SRV record${stays}`]);
});

Deno.test("DnsCache gives what it keeps the options and the port of the entry now", async () => {
  const resolver = new FakeResolver();
  const names = new DnsCache(resolver);
  resolver.answers["A web"] = records("192.0.2.1");
  await lookUp(names, WEB);
  resolver.answers["A web"] = FAILED;
  const later = parseDnsEntry("dns:web:81,drain");
  await names.lookUp([later]);
  assertEquals(names.remembered(later).map(({ authority, isDrained }) => [authority, isDrained]), [
    ["192.0.2.1:81", true],
  ]);
});

Deno.test("DnsCache forgets names that are no longer listed", async () => {
  const resolver = new FakeResolver();
  const names = new DnsCache(resolver);
  resolver.answers["A web"] = records("192.0.2.1");
  resolver.answers["SRV _http._tcp.x"] = records(srv("a.", 1));
  for (const entry of [WEB, SERVICE]) await lookUp(names, entry);
  resolver.answers["A web"] = resolver.answers["SRV _http._tcp.x"] = FAILED;
  names.retain([SERVICE]);
  assertEquals((await lookUp(names, WEB))[0], []);
  assertEquals((await lookUp(names, SERVICE))[0], ["a:1"]);
  names.retain([]);
  assertEquals((await lookUp(names, SERVICE))[0], []);
});

Deno.test("DnsCache looks up a few names at a time", async () => {
  const resolver = new FakeResolver();
  const entries = Array.from({ length: 100 }, (_, i) => parseDnsEntry(`srv:_x._tcp.s${i}`));
  const problems = await new DnsCache(resolver).lookUp(entries);
  assertEquals(problems.map(({ entry }) => entry), entries.map(({ text }) => text));
  assertEquals([resolver.asked.length, resolver.mostAtOnce], [100, 16]);
});

Deno.test("DnsCache takes only so many servers of one name", async () => {
  const resolver = new FakeResolver();
  const many = Array.from({ length: 10_001 }, (_, i) => srv(`s${i}.`, 80, i === 0 ? 1 : 0));
  resolver.answers["SRV _http._tcp.x"] = records(...many);
  const [places, reason] = await lookUp(new DnsCache(resolver), SERVICE);
  assertEquals([places.length, places.includes("s0:80")], [10_000, false]);
  assertEquals(reason, "10001 servers are named; the first 10000 count");
});
