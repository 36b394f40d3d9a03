import { escapeHtml, htmlReply, Redirect, replyToMethod } from "../../lib/net/handler.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fieldsOf, fieldsWith } from "../support/field_lines.ts";

Deno.test("htmlReply() makes a page that says its status and sentence", () => {
  const { statusCode, headerSection, content } = htmlReply(404, "There is no such file.");
  assertEquals(statusCode, 404);
  assertEquals(headerSection, "Content-Type: text/html; charset=utf-8\r\n");
  assert(content.startsWith("<!DOCTYPE html>\n"));
  assertStringIncludes(content, '<meta charset="utf-8">');
  assertStringIncludes(content, "<title>404 Not Found</title>");
  assertStringIncludes(content, "<h1>404 Not Found</h1>");
  assertStringIncludes(content, "<p>There is no such file.</p>");
  assert(content.endsWith("</html>\n"));
});

Deno.test("htmlReply() adds other fields, escapes its sentence, and refuses a split response", () => {
  const { headerSection, content } = htmlReply(405, "<b> d\u00e9j\u00e0 \u{1f600}", [[
    "Allow",
    "GET",
  ]]);
  assertEquals(headerSection, "Content-Type: text/html; charset=utf-8\r\nAllow: GET\r\n");
  assertStringIncludes(content, "<p>&lt;b&gt; d&#233;j&#224; &#128512;</p>");
  assertThrows(() => htmlReply(200, "No.", [["A", "b\r\nC: d"]]), TypeError, "Cannot write");
});

Deno.test("Redirect.to() leads there, by field and by link, with the fields that it was given", () => {
  const redirect = new Redirect(307, "It is here", [["Cache-Control", "no-store"], ["A", "b"]]);
  const { statusCode, headerSection, content } = redirect.to("", "http://a/b");
  assertEquals(statusCode, 307);
  assertEquals([...fieldsOf(headerSection)], [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Cache-Control", "no-store"],
    ["A", "b"],
    ["Location", "http://a/b"],
  ]);
  assertStringIncludes(content, '<p><a href="http://a/b">It is here</a></p>\n');
});

Deno.test("Redirect names each status by its reason phrase", () => {
  const titles = [301, 302, 303, 307, 308].map((statusCode) =>
    /<title>(.*)<\/title>/.exec(new Redirect(statusCode, "").to("", "/").content)?.[1]
  );
  assertEquals(titles, [
    "301 Moved Permanently",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
  ]);
});

Deno.test("Redirect.to() leads to the rest below its base, wherever what is special stands", () => {
  const redirect = new Redirect(301, "See");
  const parts = ["/a", "/b?c=d&e='f'", "/{g}<h>", '/"i"|\\^`', ""];
  for (const base of parts) {
    for (const rest of parts) {
      const whole = redirect.to("", base + rest);
      for (let i = 0; i < 2; i++) assertEquals(redirect.to(base, rest), whole, `${base} ${rest}`);
    }
  }
});

Deno.test("Redirect.to() makes each reply anew", () => {
  const redirect = new Redirect(302, "See");
  const first = redirect.to("", "/1");
  const second = redirect.to("", "/22");
  for (const [location, { headerSection, content }] of [["/1", first], ["/22", second]] as const) {
    assertEquals(fieldsOf(headerSection).values("location"), [location]);
    assertEquals(content.match(/\/\d+"/g), [`${location}"`]);
  }
});

Deno.test("Redirect escapes its sentence and its link", () => {
  const hostile = `"><script>alert('&')</script>`;
  const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;";
  const { headerSection, content } = new Redirect(301, `See ${hostile}`).to(
    "",
    `http://a/${hostile}`,
  );
  assertStringIncludes(
    content,
    `<p><a href="http://a/${escaped}">See ${escaped}</a></p>`,
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
    const { headerSection, content } = redirect.to(
      "",
      `http://[::1]:80/${character}?%7b${character}`,
    );
    const location = `http://[::1]:80/${encoded}?%7b${encoded}`;
    assertEquals(fieldsOf(headerSection).get("location"), location);
    if (!isAllowed) assert(!content.includes(encoded), "the page has it as before");
  }
});

Deno.test("Redirect.to() refuses a location that would end the field line, or is not ASCII", () => {
  const redirect = new Redirect(301, "See");
  for (const end of ["\r\nA: b", "\r", "\n", "\0", "\x7f", "\u00e9", "\u560a"]) {
    assertThrows(() => redirect.to("", `http://a/${end}`), TypeError, "Location");
    assertThrows(() => redirect.to(`http://a${end}`, "/"), TypeError, "Location");
  }
});

Deno.test("Redirect refuses fields that would split the response", () => {
  assertThrows(() => new Redirect(301, "See", [["A", "b\r\nC: d"]]), TypeError, "Cannot write");
});

Deno.test("escapeHtml() escapes each character that means something, wherever it stands", () => {
  const meanings = { '"': "&quot;", "&": "&amp;", "'": "&#39;", "<": "&lt;", ">": "&gt;" };
  for (const [character, reference] of Object.entries(meanings)) {
    for (const [before, behind] of [["", ""], ["a", ""], ["", "a"], ["a\n", "\nb"]]) {
      const text = before + character + behind;
      assertEquals(escapeHtml(text), before + reference + behind, JSON.stringify(text));
    }
  }
  assertEquals(escapeHtml("&amp;"), "&amp;amp;");
});

Deno.test("escapeHtml() leaves the rest of ASCII as it is", () => {
  for (let byte = 0; byte < 128; byte++) {
    const character = String.fromCharCode(byte);
    if (!`"&'<>`.includes(character)) assertEquals(escapeHtml(character), character, `${byte}`);
  }
  assertEquals(escapeHtml(""), "");
});

Deno.test("escapeHtml() writes what is not ASCII as character references", () => {
  assertEquals(escapeHtml("d\u00e9j\u00e0 \u{1f600}"), "d&#233;j&#224; &#128512;");
  assertEquals(
    escapeHtml("\x80\xff\u0100\uffff\u{10ffff}"),
    "&#128;&#255;&#256;&#65535;&#1114111;",
  );
  assertEquals(escapeHtml("<\u00e9>"), "&lt;&#233;&gt;");
  // Half of a surrogate pair is no character, and is to be ASCII all the same.
  assertEquals(escapeHtml("\ud83d"), "&#55357;");
});

/** The status code that a method alone decides, if it does. */
function statusOf(method: string): number | undefined {
  const head = { method, requestTarget: "/", httpVersion: "1.1", fields: fieldsWith() } as const;
  const reply = replyToMethod({ head, target: "/", client: "" });
  if (reply === undefined) return undefined;
  assertEquals(fieldsOf(reply.headerSection).get("allow"), "GET, HEAD, OPTIONS", method);
  assertEquals(reply.content === "", method === "OPTIONS", method);
  return reply.statusCode;
}

Deno.test("replyToMethod() answers what the method decides, and no other case of it", () => {
  const methods: [statusCode: number | undefined, methods: string][] = [
    [undefined, "GET HEAD"],
    [204, "OPTIONS"],
    [405, "POST PUT DELETE CONNECT TRACE PATCH"],
    [501, "get Head options post GETT G BREW __proto__"],
  ];
  for (const [statusCode, names] of methods) {
    for (const name of names.split(" ")) assertEquals(statusOf(name), statusCode, name);
  }
});
