import { assert, assertEquals, assertMatch } from "@std/assert";
import { adminPortOf, countSaid, said, statusAt } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { Dnsmasq } from "../support/dnsmasq.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";

/** What it knows for itself of everything that ends so; it does not ask further. */
const LOCAL = "local=/test/";

const FIT = answering("200 OK", "test");
const UNFIT = answering("404 Not Found", "no");

const ENTRY = "srv:_http._tcp.farm.test";

/** SRV records of servers on this machine. */
function services(...ofServers: readonly (readonly [FakeServer, number?, number?])[]): string[] {
  const records = ofServers.map(([{ port }, priority = 0, weight = 1]) =>
    `srv-host=_http._tcp.farm.test,localhost,${port},${priority},${weight}`
  );
  return [LOCAL, ...records];
}

/** A balancer that asks a name server five times a second. */
async function asking(
  { authority }: Dnsmasq,
  ...args: readonly string[]
): Promise<ListeningRole> {
  const options = [`--resolver=${authority}`, "--interval=200ms", "--policy=round-robin"];
  return await listeningRole("balancer", [...options, ...args]);
}

/** As an SRV record names it. */
function nameOf({ port }: FakeServer): string {
  return `localhost:${port}`;
}

function farmOf(stack: AsyncDisposableStack, count: number): FakeServer[] {
  return Array.from({ length: count }, () => stack.use(new FakeServer(FIT)));
}

Deno.test("balancer follows the SRV records of a name as they come and go", async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second, third] = farmOf(stack, 3) as [FakeServer, FakeServer, FakeServer];
  const dnsmasq = stack.use(await Dnsmasq.start(services([first], [second])));
  const balancer = stack.use(await asking(dnsmasq, "--admin=127.0.0.1:0", ENTRY));
  const adminPort = await adminPortOf(balancer);
  const half = (...servers: FakeServer[]) => new Map(servers.map((it) => [nameOf(it), 20]));
  assertEquals(await countRedirects(balancer.port, 40), half(first, second));
  const { servers } = await statusAt(adminPort);
  assertEquals(servers.map(({ foundBy }) => foundBy), [ENTRY, ENTRY]);

  await dnsmasq.change(services([second], [third]));
  await said(balancer, `${nameOf(first)} is in the list no more`);
  await said(balancer, `${nameOf(third)} is new, by ${ENTRY}`);
  await said(balancer, `${nameOf(third)} is available: `);
  await said(balancer, "tested, fastest first: .*, .* ms");
  assertEquals(await countRedirects(balancer.port, 40), half(second, third));
  assertEquals(countSaid(balancer, `${nameOf(second)} is `), 1, "one that stays is not new");

  await dnsmasq.change(services([second, 0, 1], [third, 0, 3]));
  const isWeighted = async () =>
    (await statusAt(adminPort)).servers.some(({ share }) => share === 0.75);
  await eventually(isWeighted);
  assertEquals((await countRedirects(balancer.port, 40)).get(nameOf(third)), 30);
});

Deno.test("balancer goes by SRV priorities: others get clients only when the first are out", async () => {
  await using stack = new AsyncDisposableStack();
  const [main, spare, last] = farmOf(stack, 3) as [FakeServer, FakeServer, FakeServer];
  const records = services([main, 0], [spare, 10], [last, 20]);
  const dnsmasq = stack.use(await Dnsmasq.start(records));
  const balancer = stack.use(await asking(dnsmasq, "--rise=1", ENTRY));
  const all = async (server: FakeServer) =>
    assertEquals(await countRedirects(balancer.port, 20), new Map([[nameOf(server), 20]]));
  await all(main);
  main.answer = UNFIT;
  await said(balancer, `${nameOf(main)} is out`);
  await all(spare);
  spare.answer = UNFIT;
  await said(balancer, `${nameOf(spare)} is out`);
  await all(last);
  main.answer = FIT;
  await said(balancer, `${nameOf(main)} is back`);
  await said(balancer, "tested");
  await all(main);
});

Deno.test("balancer keeps its servers when the name server is gone, and says so once", async () => {
  await using stack = new AsyncDisposableStack();
  const [first, second] = farmOf(stack, 2) as [FakeServer, FakeServer];
  const dnsmasq = stack.use(await Dnsmasq.start(services([first], [second])));
  const balancer = stack.use(await asking(dnsmasq, ENTRY));
  await dnsmasq.stop();
  const line = await said(balancer, `${ENTRY}: `);
  const why = `the name server ${dnsmasq.authority} gave no answer within 5 s`;
  assertMatch(line, new RegExp(`${why}; the 2 servers known from before stay$`));
  assertEquals((await countRedirects(balancer.port, 40)).size, 2);
  // They are tested all the same.
  second.answer = UNFIT;
  await said(balancer, `${nameOf(second)} is out`);
  await dnsmasq.change(services([first]));
  await said(balancer, `${ENTRY} can be looked up again`);
  assertEquals(countSaid(balancer, why), 1);
  assertEquals(await countRedirects(balancer.port, 9), new Map([[nameOf(first), 9]]));
});

Deno.test("balancer keeps its servers when the answer is empty", async () => {
  await using farm = new FakeServer(FIT);
  await using dnsmasq = await Dnsmasq.start(services([farm]));
  await using balancer = await asking(dnsmasq, ENTRY);
  await dnsmasq.change([LOCAL]);
  const line = await said(balancer, `${ENTRY}: the name has no SRV record`);
  assertMatch(line, /; the server known from before stays$/);
  assertEquals(await countRedirects(balancer.port, 9), new Map([[nameOf(farm), 9]]));
});

Deno.test("balancer redirects on while the name server hangs", async () => {
  await using farm = new FakeServer(FIT);
  await using dnsmasq = await Dnsmasq.start(services([farm]));
  await using balancer = await asking(dnsmasq, ENTRY);
  await dnsmasq.stop();
  const { ipAddr: hostname, port } = dnsmasq.nameServer;
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port });
  try {
    // Asked a second time, the first question has been without an answer for a while.
    for (let asked = 0; asked < 2; asked++) {
      await socket.receive();
      assertEquals(await countRedirects(balancer.port, 100), new Map([[nameOf(farm), 100]]));
    }
    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.ended).code, 0);
  } finally {
    socket.close();
  }
});

Deno.test("balancer finds the servers of dns:name:port by their addresses", async () => {
  // One listener for both addresses, which are two servers to the balancer.
  await using farm = new FakeServer(FIT, "0.0.0.0");
  const record = (address: string) => `host-record=web.farm.test,${address}`;
  await using dnsmasq = await Dnsmasq.start([LOCAL, record("127.0.0.1")]);
  await using balancer = await asking(dnsmasq, `dns:web.farm.test:${farm.port},weight=2`);
  const [first, second] = [`127.0.0.1:${farm.port}`, `127.0.0.2:${farm.port}`];
  assertEquals(await countRedirects(balancer.port, 9), new Map([[first, 9]]));
  await dnsmasq.change([LOCAL, record("127.0.0.1"), record("127.0.0.2")]);
  await said(balancer, `${second} is available`);
  await said(balancer, "tested, fastest first: .*, .* ms");
  assertEquals(await countRedirects(balancer.port, 40), new Map([[first, 20], [second, 20]]));
});

Deno.test("balancer begins without servers when its name has none, and finds some later", async () => {
  await using farm = new FakeServer(FIT);
  await using dnsmasq = await Dnsmasq.start([LOCAL]);
  await using balancer = await asking(dnsmasq, ENTRY);
  const { lines } = balancer.process.stderr;
  const none = `${ENTRY}: the name has no SRV record, and no server is known from before`;
  assert(lines.includes(`balancer: ${none}`), lines.join("\n"));
  using client = await RawClient.connect(balancer.port);
  assertEquals((await client.get("/x")).statusCode, 503);
  await dnsmasq.change(services([farm]));
  await said(balancer, `${ENTRY} can be looked up again`);
  await said(balancer, `${nameOf(farm)} is available`);
  await said(balancer, "tested, fastest first");
  assertEquals((await client.get("/x")).fields.get("location"), `http://${nameOf(farm)}/x`);
});
