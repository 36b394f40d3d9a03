import { Redirect } from "../../lib/http/redirect.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fieldsOf } from "../support/field_lines.ts";

Deno.test("Redirect.to() leads there, by field and by link", () => {
  const { statusCode, headerSection, content } = new Redirect(301, "It is here:").to("http://a/b");
  assertEquals(statusCode, 301);
  assertEquals([...fieldsOf(headerSection)], [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Location", "http://a/b"],
  ]);
  assertStringIncludes(content, "<title>301 Moved Permanently</title>");
  assertStringIncludes(content, '<p>It is here: <a href="http://a/b">http://a/b</a></p>');
  assert(content.endsWith("</html>\n"));
});

Deno.test("Redirect.to() sends the other fields that it was given", () => {
  const redirect = new Redirect(307, "See", [["Cache-Control", "no-store"], ["A", "b"]]);
  const { statusCode, headerSection } = redirect.to("/a/");
  assertEquals(statusCode, 307);
  assertEquals([...fieldsOf(headerSection)], [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Cache-Control", "no-store"],
    ["A", "b"],
    ["Location", "/a/"],
  ]);
});

Deno.test("Redirect names each status by its reason phrase", () => {
  const titles = [301, 302, 303, 307, 308].map((statusCode) =>
    /<h1>(.*)<\/h1>/.exec(new Redirect(statusCode, "").to("/").content)?.[1]
  );
  assertEquals(titles, [
    "301 Moved Permanently",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
  ]);
});

Deno.test("Redirect.to() makes each reply anew", () => {
  const redirect = new Redirect(302, "See");
  const first = redirect.to("/1");
  const second = redirect.to("/22");
  for (const [location, { headerSection, content }] of [["/1", first], ["/22", second]] as const) {
    assertEquals(fieldsOf(headerSection).values("location"), [location]);
    assertEquals(content.match(/\/\d+"/g), [`${location}"`]);
  }
});

Deno.test("Redirect escapes its sentence and its link", () => {
  const hostile = `"><script>alert('&')</script>`;
  const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;";
  const { headerSection, content } = new Redirect(301, `See ${hostile}:`).to(`http://a/${hostile}`);
  assertStringIncludes(
    content,
    `<p>See ${escaped}: <a href="http://a/${escaped}">http://a/${escaped}</a></p>`,
  );
  assert(!content.includes("<script"));
  const encoded = "%22%3E%3Cscript%3Ealert('&')%3C/script%3E";
  assertEquals(fieldsOf(headerSection).get("location"), `http://a/${encoded}`);
});

Deno.test("Redirect.to() percent-encodes in Location what no URI may hold (RFC 3986 §2)", () => {
  const redirect = new Redirect(301, "See");
  for (let code = 0x21; code < 0x7f; code++) {
    const character = String.fromCharCode(code);
    if (character === "#") continue; // A request-target has none.
    const isAllowed = /[\w.~:/?@!$&'()*+,;=%[\]-]/.test(character);
    const encoded = isAllowed ? character : `%${code.toString(16).toUpperCase()}`;
    const { headerSection, content } = redirect.to(`http://[::1]:80/${character}?%7b${character}`);
    const location = `http://[::1]:80/${encoded}?%7b${encoded}`;
    assertEquals(fieldsOf(headerSection).get("location"), location);
    if (!isAllowed) assert(!content.includes(encoded), "the page has it as before");
  }
});

Deno.test("Redirect.to() refuses a location that would end the field line, or is not ASCII", () => {
  const redirect = new Redirect(301, "See");
  for (const end of ["\r\nA: b", "\r", "\n", "\0", "\x7f", "\u00e9", "\u560a"]) {
    assertThrows(() => redirect.to(`http://a/${end}`), TypeError, "Location");
  }
});

Deno.test("Redirect refuses fields that would split the response", () => {
  assertThrows(() => new Redirect(301, "See", [["A", "b\r\nC: d"]]), TypeError, "Cannot write");
});
