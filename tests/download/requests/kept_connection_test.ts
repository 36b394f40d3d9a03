import { assertEquals } from "@std/assert";
import { Connections } from "../../../lib/download/requests/connections.ts";
import { ask, type Question, readAway } from "../../../lib/download/requests/transport.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";
import { textOf } from "../../support/feed.ts";

const PLAIN_GET: Question = { method: "GET", fieldsFor: () => [] };

const FIRST = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
const SECOND = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2";

/**
 * What a server does with a kept connection: it sends `behind` with the first answer, `later` when
 * that was taken, and answers a second request there with `then`. A new one gets the second answer.
 */
interface Misdeed {
  readonly story: string;
  readonly behind?: string;
  readonly later?: string;
  readonly then?: string;
}

const MISDEEDS: readonly Misdeed[] = [
  { story: "more bytes than were announced", behind: "more" },
  { story: "more bytes, later", later: "more" },
  { story: "an answer that nobody asked for", later: FIRST },
  { story: "408 while it is idle", later: "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n" },
  { story: "408 to the request", then: "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n" },
  { story: "no HTTP", then: "more\r\n\r\n" },
  { story: "half a head", then: "HTTP/1.1 2" },
  { story: "nothing", then: "" },
];

/** `onLater` is told whether the client closes the connection once `later` was sent. */
async function answer(
  conn: Deno.Conn,
  isFirst: boolean,
  misdeed: Misdeed,
  onLater: (isClosed: boolean) => void,
): Promise<void> {
  const write = (text: string) => conn.write(new TextEncoder().encode(text));
  const read = async () => await conn.read(new Uint8Array(4096)) !== null;
  if (!await read()) return;
  await write(isFirst ? FIRST + (misdeed.behind ?? "") : SECOND);
  if (!isFirst) return;
  if (misdeed.later !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await write(misdeed.later);
    const limit = setTimeout(() => onLater(false), 10_000);
    onLater(await read().then((isMore) => !isMore, () => true));
    return clearTimeout(limit);
  }
  if (await read() && misdeed.then !== undefined) await write(misdeed.then);
  await read(); // Whatever is missing never comes.
}

Deno.test("ask() learns nothing of a server by what goes wrong on a kept connection", async () => {
  for (const misdeed of MISDEEDS) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const closed = Promise.withResolvers<boolean>();
    const serving = (async () => {
      let isFirst = true;
      for await (const conn of listener) {
        await answer(conn, isFirst, misdeed, closed.resolve).catch(() => {});
        isFirst = false;
        conn.close();
      }
    })();
    const connections = new Connections(1000);
    const uri = parseTypedUri(`http://127.0.0.1:${listener.addr.port}/`);
    const get = async () => {
      const { response, release } = await ask(uri, PLAIN_GET, { connections, timeoutMs: 300 }, {});
      const pieces = await Array.fromAsync(response.content, textOf);
      release();
      return pieces.join("");
    };
    assertEquals(await get(), "1", misdeed.story);
    if (misdeed.later !== undefined) assertEquals(await closed.promise, true, misdeed.story);
    assertEquals(await get(), "2", misdeed.story);
    connections.close();
    listener.close();
    await serving;
  }
});

Deno.test("readAway() takes no longer than a moment", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const conn = await listener.accept();
    await conn.read(new Uint8Array(4096));
    const write = (text: string) => conn.write(new TextEncoder().encode(text));
    await write("HTTP/1.1 301 Moved\r\nContent-Length: 1000\r\n\r\n");
    try {
      for (let i = 0; i < 1000; i++) {
        await write("x");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } catch {
      // The client has gone.
    }
    conn.close();
  })();
  const connections = new Connections(1000);
  const uri = parseTypedUri(`http://127.0.0.1:${listener.addr.port}/`);
  const since = performance.now();
  await readAway(await ask(uri, PLAIN_GET, { connections, timeoutMs: 30_000 }, {}));
  assertEquals(performance.now() - since < 10_000, true);
  await serving;
  listener.close();
  connections.close();
});
