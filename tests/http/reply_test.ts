import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { htmlReply } from "../../lib/http/reply.ts";

const decoder = new TextDecoder();

Deno.test("htmlReply() makes a page that says its status and sentence", () => {
  const { statusCode, fieldLines, content } = htmlReply(404, "There is no such file.");
  assertEquals(statusCode, 404);
  assertEquals(fieldLines, [["Content-Type", "text/html; charset=utf-8"]]);
  const page = decoder.decode(content);
  assert(page.startsWith("<!DOCTYPE html>\n"));
  assertStringIncludes(page, "<title>404 Not Found</title>");
  assertStringIncludes(page, "<h1>404 Not Found</h1>");
  assertStringIncludes(page, "<p>There is no such file.</p>");
});

Deno.test("htmlReply() puts other fields behind Content-Type", () => {
  const { fieldLines } = htmlReply(405, "No.", [["Allow", "GET"]]);
  assertEquals(fieldLines, [["Content-Type", "text/html; charset=utf-8"], ["Allow", "GET"]]);
});

Deno.test("htmlReply() escapes its sentence and its link", () => {
  const hostile = `"><script>alert('&')</script>`;
  const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;";
  const page = decoder.decode(htmlReply(301, `See ${hostile}:`, [], `http://a/${hostile}`).content);
  assertStringIncludes(
    page,
    `<p>See ${escaped}: <a href="http://a/${escaped}">http://a/${escaped}</a></p>`,
  );
  assert(!page.includes("<script"));
});

Deno.test("htmlReply() counts octets, not characters", () => {
  const plain = htmlReply(200, "e").content.length;
  assertEquals(htmlReply(200, "\u00e9").content.length, plain + 1);
});
