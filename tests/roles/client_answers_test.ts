import { assertEquals } from "@std/assert";
import { type Answer, answering, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { textOf } from "../support/feed.ts";
import { runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const HELLO = answering("200 OK", "hello");

/** What a server answers, and whether that leads to the content. */
const ROWS: readonly (readonly [story: string, answer: Answer, isContent: boolean])[] = [
  ["203", answering("203 Non-Authoritative Information", "hello"), true],
  ["an unknown 2xx", answering("218 This Is Fine", "hello"), true],
  ["202, not yet the content", answering("202 Accepted", "hello"), false],
  ["a whole 206 unasked", answering("206 Partial", "hello", "Content-Range: bytes 0-4/5"), true],
  ["a part unasked", answering("206 Partial", "hello", "Content-Range: bytes 0-4/6"), false],
  ["300 with a Location", answering("300 Multiple", "", "Location: /hello"), true],
  ["300 without one", answering("300 Multiple", "choose"), false],
  [
    "LF, white space, controls and a list of lengths",
    saying("HTTP/1.1 200 OK\nX: \x1b[2J\nContent-Length : 5, 5\n\nhello"),
    true,
  ],
  [
    "chunks with LF and white space",
    saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \nhello\n0 \n\n"),
    true,
  ],
  ["one Location twice", answering("302 F", "", "Location: /hello", "Location: /hello"), true],
  ["two Locations", answering("302 F", "", "Location: /hello", "Location: /hello2"), false],
  ["a control in the Location", answering("302 Found", "", "Location: /hello\x01"), false],
];

Deno.test("client takes what answers leave no doubt about", async () => {
  const names = ROWS.map((_, i) => `${i}`);
  const answers = ROWS.map(([, answer], i) => [`/${i}`, answer] as const);
  await using server = new FakeServer(
    byTarget({ ...Object.fromEntries(answers), "/hello": HELLO }),
  );
  await using directory = await TemporaryDirectory.with();
  const urls = names.map((name) => `http://${server.authority}/${name}`);
  const args = ["-v", "--jobs=1", "--retries=0", ...urls];
  const { stderr } = await runRole("client", args, { cwd: directory.path });
  const saved = await directory.names();
  assertEquals(
    ROWS.map(([story], i) => [story, saved.includes(`${i}`)]),
    ROWS.map(([story, , isContent]) => [story, isContent]),
    stderr,
  );
  for (const name of saved) assertEquals(textOf(await directory.read(name)), "hello");
  assertEquals([..."\x01\x1b"].filter((it) => stderr.includes(it)), []);
});
