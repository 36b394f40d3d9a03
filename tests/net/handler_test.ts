import { replyToMethod } from "../../lib/net/handler.ts";
import { assertEquals } from "@std/assert";
import { fieldsOf, fieldsWith } from "../support/field_lines.ts";

function statusOf(method: string): number | undefined {
  const fields = fieldsWith();
  const head = { method, requestTarget: "/", httpVersion: "1.1", fields } as const;
  const reply = replyToMethod({ head, target: "/", client: "" });
  if (reply === undefined) return undefined;
  assertEquals(fieldsOf(reply.headerSection).get("allow"), "GET, HEAD, OPTIONS", method);
  assertEquals(reply.content === "", method === "OPTIONS", method);
  return reply.statusCode;
}

Deno.test("replyToMethod() leaves GET and HEAD to the handler", () => {
  assertEquals(["GET", "HEAD"].map(statusOf), [undefined, undefined]);
});

Deno.test("replyToMethod() answers OPTIONS with what is allowed", () => {
  assertEquals(statusOf("OPTIONS"), 204);
});

Deno.test("replyToMethod() answers 405 to known methods that are not for reading", () => {
  for (const method of ["POST", "PUT", "DELETE", "CONNECT", "TRACE", "PATCH"]) {
    assertEquals(statusOf(method), 405, method);
  }
});

Deno.test("replyToMethod() answers 501 to others, and takes none for another case's", () => {
  for (const method of ["get", "Head", "options", "post", "GETT", "G", "BREW", "__proto__"]) {
    assertEquals(statusOf(method), 501, method);
  }
});
