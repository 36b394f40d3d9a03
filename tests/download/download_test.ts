import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { answer, downloaded, failing, HELLO, redirect, Site } from "../support/downloading.ts";

Deno.test("download() saves the content and tells of it", async () => {
  await using site = new Site({ "/a?b": HELLO });
  const host = `127.0.0.1:${site.port}`;
  const { content, responses, progress } = await downloaded(`http://${host}/a?b#c`);
  assertEquals([content, responses, progress.at(-1)], ["hello", ["200"], [5, 5]]);
  const [requestLine, ...fieldLines] = site.requests[0]!.trimEnd().split("\r\n");
  assertEquals(requestLine, "GET /a?b HTTP/1.1");
  for (const line of [`Host: ${host}`, "Accept-Encoding: identity"]) {
    assert(fieldLines.includes(line), line);
  }
});

Deno.test("download() saves any bytes in any framing", async () => {
  const large = "0123456789\r\n\0\xff".repeat(100_000);
  await using site = new Site({
    "/length": answer("200 OK", "", large),
    "/chunked": `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `${large.length.toString(16)}\r\n${large}\r\n0\r\nA: b\r\n\r\n`,
    "/close": `HTTP/1.0 200 OK\r\n\r\n${large}`,
    "/empty": answer("200 OK", "", ""),
  });
  for (const target of ["/length", "/chunked", "/close"]) {
    const { content, progress } = await downloaded(`http://127.0.0.1:${site.port}${target}`);
    assert(content === large, target);
    const length = target === "/length" ? large.length : undefined;
    assertEquals(progress.at(-1), [large.length, length]);
  }
  assertEquals((await downloaded(`http://127.0.0.1:${site.port}/empty`)).content, "");
});

Deno.test("download() follows redirects of every kind, to other servers and relative", async () => {
  await using target = new Site({ "/d/a?b": redirect("../c?d", "302 Found"), "/c?d": HELLO });
  const there = `http://127.0.0.1:${target.port}`;
  for (const status of ["301 Moved", "302 ", "303 See Other", "307 Temporary", "308 Permanent"]) {
    await using site = new Site({ "/a": redirect(`${there}/d/a?b#e`, status) });
    const { content, responses } = await downloaded(`http://127.0.0.1:${site.port}/a`);
    assertEquals(content, "hello");
    assertEquals(responses, [`${status.slice(0, 3)} ${there}/d/a?b`, `302 ${there}/c?d`, "200"]);
  }
  assertStringIncludes(target.requests[0]!, `Host: 127.0.0.1:${target.port}\r\n`);
});

Deno.test("download() follows as many redirects as it may", async () => {
  await using site = new Site({ "/1": redirect("/2"), "/2": redirect("/3"), "/3": HELLO });
  const url = `http://127.0.0.1:${site.port}/1`;
  assertEquals((await downloaded(url, { maxRedirects: 2 })).content, "hello");
  for (const maxRedirects of [1, 0]) {
    const { message, responses } = await failing("redirect", url, { maxRedirects });
    assertStringIncludes(message, `more than ${maxRedirects} redirects`);
    assertEquals(responses.length, maxRedirects + 1);
  }
});

Deno.test("download() ends where redirects go round in a loop", async () => {
  await using site = new Site({
    "/self": redirect("/self"),
    "/self-fragment": redirect("#a"),
    "/a": redirect("/b"),
    "/b": redirect("/a"),
  });
  for (const [target, requests] of [["/self", 1], ["/self-fragment", 1], ["/a", 2]] as const) {
    site.requests.length = 0;
    const { message } = await failing("redirect", `http://127.0.0.1:${site.port}${target}`);
    assertStringIncludes(message, "in a loop");
    assertEquals(site.requests.length, requests, target);
  }
});
