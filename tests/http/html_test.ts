import { escapeHtml, PAGE_END, PAGE_TYPE, pageStart } from "../../lib/http/html.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const HOSTILE = `"><script>alert('&')</script>`;
const ESCAPED = "&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;";

Deno.test("pageStart() and PAGE_END make a page that says its title and sentence", () => {
  const page = pageStart("404 Not Found", "There is no such file.") + PAGE_END;
  assert(page.startsWith("<!DOCTYPE html>\n"));
  assertStringIncludes(page, "<title>404 Not Found</title>");
  assertStringIncludes(page, "<h1>404 Not Found</h1>");
  assertStringIncludes(page, "<p>There is no such file.</p>");
  assert(page.endsWith("</html>\n"));
});

Deno.test("pageStart() escapes its title and its sentence", () => {
  const page = pageStart(`a${HOSTILE}`, `b${HOSTILE}`);
  assertStringIncludes(page, `<title>a${ESCAPED}</title>`);
  assertStringIncludes(page, `<h1>a${ESCAPED}</h1>`);
  assertStringIncludes(page, `<p>b${ESCAPED}`);
  assert(!page.includes("<script"));
});

Deno.test("PAGE_TYPE names the coding that the page names", () => {
  assertEquals(PAGE_TYPE, "text/html; charset=utf-8");
  assertStringIncludes(pageStart("", ""), '<meta charset="utf-8">');
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
  for (let octet = 0; octet < 128; octet++) {
    const character = String.fromCharCode(octet);
    if (!`"&'<>`.includes(character)) assertEquals(escapeHtml(character), character, `${octet}`);
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
