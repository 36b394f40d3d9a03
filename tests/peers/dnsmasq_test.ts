import { assert, assertEquals } from "@std/assert";
import { DnsResolver, type NameServer } from "../../lib/balancing/list/resolver.ts";
import { type Listing, ServerSource } from "../../lib/balancing/list/server_source.ts";
import { Dnsmasq } from "../support/dnsmasq.ts";

const NO_LIST = {
  path: "/none/servers.txt",
  load: () => Promise.reject(new Error("not asked for")),
};

/** What it knows for itself of everything that ends so; it does not ask further. */
const LOCAL = "local=/test/";

/** The command line's servers, looked up at a name server. */
function open(nameServer: NameServer, ...operands: string[]): Promise<ServerSource> {
  return ServerSource.open(operands, NO_LIST, new DnsResolver(nameServer));
}

/** Place, priority and weight of each server. */
function summaryOf({ servers }: Listing): string[] {
  return servers.map(({ authority, priority, weight }) => `${authority} ${priority} ${weight}`);
}

Deno.test("ServerSource finds the servers of SRV records, with their ranks and weights", async () => {
  await using dnsmasq = await Dnsmasq.start([
    LOCAL,
    "srv-host=_http._tcp.test,c.test,8003,20,0",
    "srv-host=_http._tcp.test,a.test,8001,10,30",
    "srv-host=_http._tcp.test,b.test,8002,10,10",
    "srv-host=_http._tcp.test,d.test,8004,300,0",
    "srv-host=_http._tcp.test,d.test,8005,300,7",
  ]);
  const source = await open(dnsmasq.nameServer, "srv:_HTTP._tcp.test", "b.test:8002");
  for (let i = 0; i < 5; i++) {
    const listing = await source.servers();
    assertEquals(summaryOf(listing), [
      ...["a.test:8001 0 1.5", "b.test:8002 0 1", "c.test:8003 1 1"],
      ...["d.test:8004 2 0.01", "d.test:8005 2 2"],
    ]);
    assertEquals(listing.problems, []);
  }
  const absolute = await open(dnsmasq.nameServer, "srv:_http._tcp.test.,backup");
  assertEquals((await absolute.servers()).servers.length, 5);
});

Deno.test("ServerSource finds the servers of A and AAAA records, also of aliases", async () => {
  await using dnsmasq = await Dnsmasq.start([
    LOCAL,
    ...["host-record=web.test,192.0.2.1,2001:db8::1", "host-record=web.test,192.0.2.2"],
    ...["host-record=v4.test,192.0.2.4", "host-record=v6.test,2001:db8::6"],
    ...["cname=alias.test,web.test"],
  ]);
  const entries = ["dns:v4.test:80", "dns:v6.test:80,weight=2", "dns:alias.test:81"];
  const listing = await (await open(dnsmasq.nameServer, ...entries)).servers();
  assertEquals(summaryOf(listing), [
    ...["192.0.2.4:80 0 1", "[2001:db8::6]:80 0 2"],
    ...["192.0.2.1:81 0 1", "192.0.2.2:81 0 1", "[2001:db8::1]:81 0 1"],
  ]);
  assertEquals(listing.problems, []);
  const { hostname, publicUrl } = listing.servers[1]!;
  assertEquals([hostname, publicUrl], ["2001:db8::6", "http://[2001:db8::6]:80"]);
});

Deno.test("ServerSource finds the servers of a service that is an alias", async () => {
  await using dnsmasq = await Dnsmasq.start([
    LOCAL,
    "cname=_a._tcp.test,_b._tcp.test",
    "cname=_b._tcp.test,_http._tcp.test",
    "srv-host=_http._tcp.test,web.test,80",
  ]);
  const listing = await (await open(dnsmasq.nameServer, "srv:_a._tcp.test")).servers();
  assertEquals(summaryOf(listing), ["web.test:80 0 1"]);
});

Deno.test("ServerSource says which names have no servers", async () => {
  await using dnsmasq = await Dnsmasq.start([
    LOCAL,
    ...["txt-record=text.test,nothing else", "srv-host=_gone._tcp.test,.,1"],
    ...["txt-record=_text._tcp.test,nothing else"],
  ]);
  const { nameServer } = dnsmasq;
  const none = "and no server is known from before";
  const reasons = {
    "dns:none.test:80": `the name has no address, ${none}`,
    "dns:text.test:80": `the name has no address, ${none}`,
    // It refuses to answer for names that it would have to ask others about.
    "dns:elsewhere.example:80": `the name has no address, ${none}`,
    "srv:_none._tcp.test": `the name has no SRV record, ${none}`,
    "srv:_text._tcp.test": `the name has no SRV record, ${none}`,
    "srv:_gone._tcp.test": `a record says by the target "." that there is no such service, ${none}`,
  };
  const source = await open(nameServer, "a:1", ...Object.keys(reasons));
  const listing = await source.servers();
  assertEquals(summaryOf(listing), ["a:1 0 1"]);
  assertEquals(
    Object.fromEntries(listing.problems.map(({ entry, reason }) => [entry, reason])),
    reasons,
  );
});

Deno.test("ServerSource follows a name server's change, and its end", async () => {
  const srvOf = (...hosts: string[]) => [
    LOCAL,
    ...hosts.map((host) => `srv-host=_http._tcp.test,${host}.test,80`),
  ];
  await using dnsmasq = await Dnsmasq.start(srvOf("a", "b"));
  const source = await open(dnsmasq.nameServer, "srv:_http._tcp.test");
  assertEquals(summaryOf(await source.servers()), ["a.test:80 0 1", "b.test:80 0 1"]);
  await dnsmasq.change(srvOf("b", "c"));
  const changed = ["b.test:80 0 1", "c.test:80 0 1"];
  assertEquals(summaryOf(await source.servers()), changed);

  const stays = "the 2 servers known from before stay";
  const assertKept = async (why: string) => {
    const listing = await source.servers();
    assertEquals(summaryOf(listing), changed);
    assertEquals(listing.problems.map(({ reason }) => reason), [`${why}; ${stays}`]);
  };
  await dnsmasq.change(srvOf());
  await assertKept("the name has no SRV record");
  await dnsmasq.stop();
  await assertKept(`the name server ${dnsmasq.authority} gave no answer within 5 s`);
  await dnsmasq.change(srvOf("d"));
  assertEquals(summaryOf(await source.servers()), ["d.test:80 0 1"]);
});

Deno.test("ServerSource finds 500 servers by one name, in an answer over TCP", async () => {
  const records = Array.from({ length: 500 }, (_, i) => `srv-host=_x._tcp.test,s${i}.test,80,1,9`);
  await using dnsmasq = await Dnsmasq.start([LOCAL, ...records]);
  const source = await open(dnsmasq.nameServer, "srv:_x._tcp.test");
  const { servers, problems } = await source.servers();
  assertEquals([servers.length, problems], [500, []]);
  assert(servers.every(({ weight, priority }) => weight === 1 && priority === 0));
  // Asked a second time, since the first answer was cut off.
  assertEquals(dnsmasq.log.match(/query\[SRV\]/g)?.length, 2);
});

Deno.test("ServerSource finds 200 addresses by one name", async () => {
  const records = Array.from({ length: 200 }, (_, i) => `host-record=web.test,192.0.2.${i}`);
  await using dnsmasq = await Dnsmasq.start([LOCAL, ...records]);
  const { servers } = await (await open(dnsmasq.nameServer, "dns:web.test:80")).servers();
  assertEquals(servers.length, 200);
});

Deno.test("ServerSource looks up 100 names together", async () => {
  const names = Array.from({ length: 100 }, (_, i) => `s${i}.test`);
  const records = names.map((name, i) => `host-record=${name},192.0.2.${i}`);
  await using dnsmasq = await Dnsmasq.start([LOCAL, ...records]);
  const source = await open(dnsmasq.nameServer, ...names.map((name) => `dns:${name}:80`));
  const { servers, problems } = await source.servers();
  assertEquals([servers.length, problems], [100, []]);
});

/** Where the tests themselves are a name server, for UDP and TCP. */
function listen(): { listener: Deno.TcpListener; socket: Deno.DatagramConn; at: NameServer } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  return { listener, socket, at: { ipAddr: "127.0.0.1", port } };
}

Deno.test("DnsResolver gives up on a name server that never answers", async () => {
  const { listener, socket, at } = listen();
  try {
    const resolver = new DnsResolver(at, undefined, 300);
    const answers = await Promise.all([resolver.a("web.test"), resolver.srv("_x._tcp.test")]);
    const reason = `the name server 127.0.0.1:${at.port} gave no answer within 0.3 s`;
    assertEquals(answers, [{ kind: "failed", reason }, { kind: "failed", reason }]);
  } finally {
    socket.close();
    listener.close();
  }
});

Deno.test("DnsResolver gives up on a name server that hangs over TCP", async () => {
  const { listener, socket, at } = listen();
  const cutOff = async () => {
    const [question, from] = await socket.receive();
    // RFC 1035 §4.1.1: QR and TC, a response that was cut off.
    question[2] = 0x82;
    await socket.send(question, from);
    return await listener.accept();
  };
  try {
    const resolver = new DnsResolver(at, undefined, 300);
    const [answer, connection] = await Promise.all([resolver.a("web.test"), cutOff()]);
    connection.close();
    assertEquals(answer.kind, "failed");
  } finally {
    socket.close();
    listener.close();
  }
});

/** The second half of a header's flags (RFC 1035 §4.1.1): SERVFAIL, NXDOMAIN and REFUSED. */
const REFUSALS = [0x82, 0x83, 0x85];

Deno.test("DnsResolver takes a name server that does not tell for one without records", async () => {
  const { listener, socket, at } = listen();
  const answering = async () => {
    for (const flags of REFUSALS) {
      const [question, from] = await socket.receive();
      question.set([0x84, flags], 2);
      await socket.send(question, from);
    }
  };
  try {
    const answered = answering();
    const resolver = new DnsResolver(at);
    for (const _ of REFUSALS) assertEquals(await resolver.a("web.test"), { kind: "none" });
    await answered;
  } finally {
    socket.close();
    listener.close();
  }
});
