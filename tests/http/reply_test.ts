import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { htmlReply } from "../../lib/http/reply.ts";

Deno.test("htmlReply() makes a page that says its status and sentence", () => {
  const { statusCode, fieldLines, content } = htmlReply(404, "There is no such file.");
  assertEquals(statusCode, 404);
  assertEquals(fieldLines, [["Content-Type", "text/html; charset=utf-8"]]);
  const page = content;
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
  const page = htmlReply(301, `See ${hostile}:`, [], `http://a/${hostile}`).content;
  assertStringIncludes(
    page,
    `<p>See ${escaped}: <a href="http://a/${escaped}">http://a/${escaped}</a></p>`,
  );
  assert(!page.includes("<script"));
});

Deno.test("htmlReply() writes what is not ASCII as character references", () => {
  assertStringIncludes(
    htmlReply(200, "d\u00e9j\u00e0 \u{1f600}").content,
    "<p>d&#233;j&#224; &#128512;</p>",
  );
});
