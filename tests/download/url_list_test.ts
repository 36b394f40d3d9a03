import { assertEquals } from "@std/assert";
import { parseUrlList } from "../../lib/download/jobs.ts";

Deno.test("parseUrlList() reads a URL a line, and passes over comments and blank lines", () => {
  assertEquals(parseUrlList("# a\nhttp://a/b\r\n\n  http://a/#c \n"), [
    "http://a/b",
    "http://a/#c",
  ]);
  assertEquals(parseUrlList(""), []);
});
