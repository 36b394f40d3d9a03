import { assertEquals } from "@std/assert";
import { replyOf } from "../support/raw_reply.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { seededRandom } from "../support/random.ts";
import { drawContent } from "./content.ts";
import { redirecting, type RedirectingOptions } from "./redirecting.ts";
import { ScriptedServer } from "./scripted_server.ts";

const USUAL: RedirectingOptions = {
  order: "in turn",
  heedsAvoidance: false,
  namesDuplicates: false,
  hiccups: 0,
};

const SERVERS = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];

async function balancer(options: Partial<RedirectingOptions>): Promise<ScriptedServer> {
  const content = await drawContent(seededRandom(1), 1);
  const script = redirecting(() => SERVERS, { ...USUAL, ...options }, seededRandom(1));
  return await ScriptedServer.start(script, { content, others: content, brink: 0 });
}

async function ask({ authority }: ScriptedServer, fields = ""): Promise<string> {
  using client = await RawPeer.connect(Number(authority.split(":")[1]));
  await client.sendLast(`GET /file?x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  return await client.receiveAll();
}

async function picksOf(server: ScriptedServer, count: number, fields = ""): Promise<string[]> {
  const picks: string[] = [];
  for (let i = 0; i < count; i++) {
    const { fields: received } = replyOf(await ask(server, fields));
    picks.push(received.get("location")!.slice("http://".length, -"/file?x".length));
  }
  return picks;
}

Deno.test("farm balancer in turn names every server before it names one again", async () => {
  await using server = await balancer({});
  const picks = await picksOf(server, 6);
  assertEquals(picks.slice(0, 3).toSorted(), SERVERS);
  assertEquals(picks.slice(3), picks.slice(0, 3));
});

Deno.test("farm balancer by chance names all servers, and one twice running", async () => {
  await using server = await balancer({ order: "by chance" });
  const picks = await picksOf(server, 30);
  assertEquals([...new Set(picks)].toSorted(), SERVERS);
  assertEquals(picks.some((pick, i) => pick === picks[i + 1]), true);
});

Deno.test("farm balancer leaves out what a client avoids, if it heeds that", async () => {
  const avoidance = `Avoid-Server: ${SERVERS[2]}, ${SERVERS[0]}\r\n`;
  await using heeding = await balancer({ heedsAvoidance: true });
  assertEquals(new Set(await picksOf(heeding, 6, avoidance)), new Set([SERVERS[1]]));
  assertEquals(
    new Set(await picksOf(heeding, 6, `Avoid-Server: ${SERVERS.join(", ")}\r\n`)),
    new Set(SERVERS),
  );
  await using deaf = await balancer({});
  assertEquals(new Set(await picksOf(deaf, 6, avoidance)), new Set(SERVERS));
});

Deno.test("farm balancer names the other servers as duplicates, if it does that", async () => {
  await using server = await balancer({ namesDuplicates: true });
  const { fields } = replyOf(await ask(server));
  const [own] = SERVERS.filter((it) => fields.get("location") === `http://${it}/file?x`);
  const [second, third] = SERVERS.filter((it) => it !== own);
  assertEquals(
    fields.get("link"),
    `<http://${second}/file?x>; rel=duplicate; pri=2, <http://${third}/file?x>; rel=duplicate; pri=3`,
  );
});

Deno.test("farm balancer has hiccups: it refuses, or hangs up", async () => {
  await using server = await balancer({ hiccups: 1 });
  const answers = new Set<string>();
  for (let i = 0; i < 20; i++) answers.add((await ask(server)).slice(0, 12));
  assertEquals([...answers].toSorted(), ["", "HTTP/1.1 503"]);
});
