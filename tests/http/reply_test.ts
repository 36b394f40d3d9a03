import { htmlReply } from "../../lib/http/reply.ts";
import { PAGE_END, pageStart } from "../../lib/http/html.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";

Deno.test("htmlReply() makes a page that says its status and sentence", () => {
  const { statusCode, headerSection, content } = htmlReply(404, "There is no such file.");
  assertEquals(statusCode, 404);
  assertEquals(headerSection, "Content-Type: text/html; charset=utf-8\r\n");
  assertEquals(content, pageStart("404 Not Found", "There is no such file.") + PAGE_END);
});

Deno.test("htmlReply() puts other fields behind Content-Type", () => {
  const { headerSection } = htmlReply(405, "No.", [["Allow", "GET"]]);
  assertEquals(headerSection, "Content-Type: text/html; charset=utf-8\r\nAllow: GET\r\n");
});

Deno.test("htmlReply() refuses a field that would split the response", () => {
  assertThrows(() => htmlReply(200, "No.", [["A", "b\r\nC: d"]]), TypeError, "Cannot write");
});

Deno.test("htmlReply() escapes its sentence, and what is not ASCII in it", () => {
  const { content } = htmlReply(200, "<b> d\u00e9j\u00e0 \u{1f600}");
  assertStringIncludes(content, "<p>&lt;b&gt; d&#233;j&#224; &#128512;</p>");
});
