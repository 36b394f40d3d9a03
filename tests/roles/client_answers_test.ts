import { assertEquals } from "@std/assert";
import { type Answer, answering, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { runRole } from "../support/role.ts";

const HELLO = answering("200 OK", "hello");

/** What a server answers for `/`, and whether that leads to the content. */
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
  await using server = new FakeServer(HELLO);
  for (const [story, answer, isContent] of ROWS) {
    server.answer = byTarget({ "/": answer, "/hello": HELLO });
    const args = ["-o-", "-v", "--retries=0", `http://${server.authority}/`];
    const { code, stdout, stderr } = await runRole("client", args);
    assertEquals(
      [code === 0, stdout],
      [isContent, isContent ? "hello" : ""],
      `${story}: ${stderr}`,
    );
    assertEquals([..."\x01\x1b"].some((it) => stderr.includes(it)), false, story);
  }
});
