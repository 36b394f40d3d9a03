import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { textOf } from "../support/feed.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { type BehaviourName, FAULT_NAMES, scriptOf, UPRIGHT_NAMES } from "./behaviours.ts";
import { drawContent, othersOf } from "./content.ts";
import { ScriptedServer } from "./scripted_server.ts";
import { seededRandom } from "../support/random.ts";

const LENGTH = 40;
const BRINK = 10;

const content = await drawContent(seededRandom(1), LENGTH);
const others = await othersOf(content);
const right = textOf(content.octets);
const wrong = textOf(others.octets);
const start = right.slice(0, BRINK);

/** What becomes of the connection once all is said. */
type End = "answers again" | "is silent" | "closes" | "resets";

/** A server, what it is asked, how its answer begins and what content it has, and the end. */
type Row = readonly [BehaviourName, fields: string, head: RegExp, content: string, End];

const WHOLE =
  /^HTTP\/1\.1 200 OK\r\nETag: "[0-9a-f]{16}"\r\nRepr-Digest: [^]*\r\nContent-Length: 40\r/;
const PART = /^HTTP\/1\.1 206 [^]*\r\nContent-Range: bytes 30-39\/40\r\nContent-Length: 10\r/;
const CUT = /^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 40\r/;
const CHUNKED = /^HTTP\/1\.1 200 OK\r\n[^]*Transfer-Encoding: chunked\r/;
const NOTHING = /^$/;
const RANGE = "Range: bytes=30-\r\n";
const MATCHING = `${RANGE}If-Range: ${content.entityTag}\r\n`;
const OTHER = `${RANGE}If-Range: ${others.entityTag}\r\n`;
const end = right.slice(30);

const ROWS: readonly Row[] = [
  ["upright", "", WHOLE, right, "answers again"],
  ["upright", MATCHING, PART, end, "answers again"],
  ["upright", OTHER, WHOLE, right, "answers again"],
  ["upright", "Range: bytes=-10\r\n", PART, end, "answers again"],
  ["upright", "Range: bytes=30-99\r\n", PART, end, "answers again"],
  ["upright", "Range: bytes=40-\r\n", /^HTTP\/1\.1 416 [^]*bytes \*\/40\r/, "", "answers again"],
  ["closes after each answer", "", WHOLE, right, "closes"],
  ["has no ranges", MATCHING, WHOLE, right, "answers again"],
  ["sends chunks", "", CHUNKED, chunks(right, 40), "answers again"],
  ["has a weak ETag", "", /\r\nETag: W\/"/, right, "answers again"],
  ["has a weak ETag", MATCHING, CUT, right, "answers again"],
  ["has no ETag", "", /^(?![^]*ETag)HTTP\/1\.1 200/, right, "answers again"],
  ["has no ETag", MATCHING, CUT, right, "answers again"],
  ["has another ETag", MATCHING, /\r\nETag: "other-/, right, "answers again"],
  [
    "says 103 first",
    "",
    /^HTTP\/1\.1 103 [^]*?\r\n\r\nHTTP\/1\.1 200 OK\r/,
    right,
    "answers again",
  ],
  ["is slow", "", WHOLE, right, "answers again"],
  ["hangs", "", NOTHING, "", "is silent"],
  ["hangs in the head", "", /^HTTP\/1\.1 200 OK\r\nContent-Le$/, "", "is silent"],
  ["closes without an answer", "", NOTHING, "", "closes"],
  ["resets without an answer", "", NOTHING, "", "resets"],
  ["is no HTTP", "", /^SSH-/, "", "closes"],
  ["404", "", /^HTTP\/1\.1 404 Not Found\r/, "", "answers again"],
  ["408", "", /^HTTP\/1\.1 408 Request Timeout\r/, "", "answers again"],
  ["429", "", /^HTTP\/1\.1 429 Too Many Requests\r\nRetry-After: 1\r/, "", "answers again"],
  ["500", "", /^HTTP\/1\.1 500 Internal Server Error\r/, "", "answers again"],
  ["503", "", /^HTTP\/1\.1 503 Service Unavailable\r\nRetry-After: 1\r/, "", "answers again"],
  ["503 without Retry-After", "", /^HTTP\/1\.1 503 (?![^]*Retry)/, "", "answers again"],
  ["redirects to itself", "", /\r\nLocation: \/file\r/, "", "answers again"],
  ["redirects ever on", "", /\r\nLocation: \/file\?1\r/, "", "answers again"],
  ["redirects to nowhere", "", /\r\nLocation: http:\/\/127\.0\.0\.1:1\//, "", "answers again"],
  ["resets in the content", "", CUT, start, "resets"],
  ["resets in the content", MATCHING, PART, "", "resets"],
  ["short body", "", CUT, start, "closes"],
  ["short body", MATCHING, PART, "", "closes"],
  ["stalls", "", CUT, start, "is silent"],
  ["drips", "", CUT, start, "is silent"],
  ["closes between chunks", "", CHUNKED, chunks(start, 40), "closes"],
  ["wrong start in Content-Range", "", CUT, start, "closes"],
  [
    "wrong start in Content-Range",
    MATCHING,
    /\r\nContent-Range: bytes 0-39\/40\r/,
    right,
    "closes",
  ],
  ["wrong total in Content-Range", "", CUT, start, "closes"],
  [
    "wrong total in Content-Range",
    MATCHING,
    /\r\nContent-Range: bytes 30-40\/41\r/,
    `${end}\0`,
    "closes",
  ],
  ["206 unasked", "", /^HTTP\/1\.1 206 [^]*bytes 0-9\/40\r/, start, "closes"],
  ["long body", "", CUT, right + "HTTP/1.1 ".repeat(1000), "closes"],
  ["other content", "", WHOLE, wrong, "answers again"],
  ["other content", MATCHING, WHOLE, wrong, "answers again"],
  ["other content under the same ETag", MATCHING, PART, wrong.slice(30), "answers again"],
  ["octets that are not its Repr-Digest", MATCHING, WHOLE, wrong, "answers again"],
  ["range of other content", "", /^HTTP\/1\.1 500 /, "", "closes"],
  ["range of other content", MATCHING, PART, wrong.slice(30), "closes"],
];

for (const [name, fields, head, expected, end] of ROWS) {
  const asked = fields === "" ? "" : `, asked for ${fields.trim().replaceAll("\r\n", ", ")},`;
  Deno.test(`farm server: "${name}"${asked} says what it should and ${end}`, async () => {
    await using server = await serverOf(name);
    const said = await allThatIsSaid(server, fields);
    assert(said.endsWith(expected), said);
    const before = said.slice(0, said.length - expected.length);
    assertMatch(before, head);
    if (expected !== "") assertMatch(before, /\r\n\r\n$/);
    await assertEnd(server, fields, said, end);
  });
}

Deno.test('farm server: "sends 1xx without end" does so', async () => {
  await using server = await serverOf("sends 1xx without end");
  using client = await asking(server, "");
  const head = "HTTP/1.1 103 Early Hints\r\n\r\n";
  assertEquals(await client.receiveOctets(head.length * 200), head.repeat(200));
});

Deno.test("farm servers are all tried", () => {
  const tried = new Set<string>(ROWS.map(([name]) => name));
  const untried = [...UPRIGHT_NAMES, ...FAULT_NAMES].filter((name) => !tried.has(name));
  assertEquals(untried, ["refuses", "sends 1xx without end"]);
});

function serverOf(name: BehaviourName): Promise<ScriptedServer> {
  return ScriptedServer.start(scriptOf(name)!, { content, others, brink: BRINK });
}

async function asking({ authority }: ScriptedServer, fields: string): Promise<RawPeer> {
  const client = await RawPeer.connect(Number(authority.split(":")[1]));
  await client.send(requestWith(fields));
  return client;
}

function requestWith(fields: string): string {
  return `GET /file HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

async function allThatIsSaid(server: ScriptedServer, fields: string): Promise<string> {
  using client = await asking(server, fields);
  await client.sendLast("");
  return await client.receiveUntilLost();
}

async function assertEnd(
  server: ScriptedServer,
  fields: string,
  said: string,
  end: End,
): Promise<void> {
  using client = await asking(server, fields);
  if (end === "resets") {
    await assertRejects(() => client.receiveAll(), Deno.errors.ConnectionReset);
    return;
  }
  assertEquals(await client.receiveOctets(said.length), said);
  if (end === "answers again") {
    await client.send(requestWith(fields));
    assertEquals(await client.receiveOctets(said.length), said);
  }
  if (end === "is silent") await client.sendLast("");
  if (end !== "answers again") assertEquals(await client.receiveAll(), "");
}

function chunks(octets: string, whole: number): string {
  const size = Math.ceil(whole / 7);
  const parts = octets.match(new RegExp(`[^]{1,${size}}`, "g"))!;
  const last = octets.length === whole ? "0\r\n\r\n" : "";
  return parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("") + last;
}
