import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Process } from "../../support/process.ts";
import { freePort } from "../../support/role.ts";

const FLOOR = fromFileUrl(new URL("floor.ts", import.meta.url));
const SERVERS = ["127.0.0.1:1", "127.0.0.1:2"];
const GET = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST = "GET /last HTTP/1.1\r\nHost: x\r\nCONNECTION: Close\r\n\r\n";

/** Starts a floor and connects, sends these pieces one after the other, and reads to the end. */
async function exchange(pieces: readonly string[]): Promise<string> {
  const port = freePort();
  const args = ["run", "--quiet", "--allow-net", FLOOR, `${port}`, ...SERVERS];
  await using process = new Process(Deno.execPath(), args);
  await process.stdout.next(/^listening$/);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  const send = async () => {
    for (const piece of pieces) await connection.write(new TextEncoder().encode(piece));
  };
  const receive = async () => {
    const buffer = new Uint8Array(64 * 1024);
    let text = "";
    for (let count; (count = await connection.read(buffer)) !== null;) {
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return text;
  };
  const [received] = await Promise.all([receive(), send()]);
  return received;
}

/** The replies in what was received, each with as much body as its Content-Length says. */
function repliesIn(text: string): { readonly head: string; readonly body: string }[] {
  const replies = [];
  for (let rest = text; rest !== "";) {
    const headEnd = rest.indexOf("\r\n\r\n") + 4;
    const head = rest.slice(0, headEnd);
    const bodyEnd = headEnd + Number(/^Content-Length: ([0-9]+)$/m.exec(head)![1]);
    replies.push({ head, body: rest.slice(headEnd, bodyEnd) });
    rest = rest.slice(bodyEnd);
  }
  return replies;
}

Deno.test("the floor redirects, keeps a connection, and closes it when it is asked to", async () => {
  for (const pieces of [[GET + LAST], [...GET, ...LAST], [GET, LAST]]) {
    const replies = repliesIn(await exchange(pieces));
    assertEquals(replies.length, 2);
    assertMatch(
      replies[0]!.head,
      /^HTTP\/1\.1 301 [^]*\r\nLocation: http:\/\/127\.0\.0\.1:[12]\/a\?b=c\r\n/,
    );
    assertMatch(replies[0]!.body, /^<a href="http:\/\/127\.0\.0\.1:[12]\/a\?b=c">here<\/a>\n$/);
    assertEquals(
      replies.map(({ head }) => head.includes("\r\nConnection: close\r\n")),
      [false, true],
    );
  }
});

Deno.test("the floor answers a pipeline longer than its buffers, in order", async () => {
  const targets = Array.from({ length: 200 }, (_, i) => `/${i}`);
  const requests = targets.map((it) => GET.replace("/a?b=c", it)).join("");
  const replies = repliesIn(await exchange([requests + LAST]));
  const located = replies.map(({ head }) => /^Location: http:\/\/[^/]+(\/.*?)\r?$/m.exec(head)![1]);
  assertEquals(located, [...targets, "/last"]);
});

Deno.test("the floor reads nothing behind a request that asks for the close", async () => {
  assertEquals(repliesIn(await exchange([LAST + GET])).length, 1);
});
