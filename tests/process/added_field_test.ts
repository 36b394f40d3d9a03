import { assertEquals } from "@std/assert";
import { ADDED_FIELD } from "../../lib/process/listener.ts";

Deno.test("ADDED_FIELD reads a name and a value", () => {
  const rows = [
    ["Name: value", ["Name", "value"]],
    ["Name:value", ["Name", "value"]],
    ["X-A: \t b c ", ["X-A", "b c"]],
    ["X-Colon: a:b", ["X-Colon", "a:b"]],
    ["X-Empty:", ["X-Empty", ""]],
    ["Access-Control-Allow-Origin: *", ["Access-Control-Allow-Origin", "*"]],
  ] as const;
  for (const [text, line] of rows) assertEquals(ADDED_FIELD.parse(text), line, text);
});

Deno.test("ADDED_FIELD refuses what could not be sent, and what the server sends itself", () => {
  const refused = [
    ["Name", ": value", "Na me: value", "Name : value", "Näme: value", "Name: välue", "a\r\nb: c"],
    ["Name: a\r\nb", "Name: a\nSet-Cookie: b", "Name: \0", "Name: €"],
    ["Content-Length: 5", "content-length: 5", "Transfer-Encoding: chunked", "Connection: close"],
    ["DATE: now", "Content-Type: a/b", 'ETag: "a"', "Last-Modified: now", "Location: /"],
    ["Trailer: a", "Upgrade: h2c", "Keep-Alive: 5", "Content-Range: a", "Content-Encoding: br"],
    ["Accept-Ranges: none", "Cache-Control: no-store"],
  ].flat();
  for (const text of refused) assertEquals(ADDED_FIELD.parse(text), undefined, text);
});
