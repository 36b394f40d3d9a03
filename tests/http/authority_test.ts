import { assertEquals } from "@std/assert";
import { authorityOf } from "../../lib/http/grammar.ts";

Deno.test("authorityOf() puts IPv6 addresses, and nothing else, into brackets", () => {
  assertEquals(authorityOf("::1", 80), "[::1]:80");
  assertEquals(authorityOf("127.0.0.1", 0), "127.0.0.1:0");
  assertEquals(authorityOf("files.example", 8000), "files.example:8000");
});
