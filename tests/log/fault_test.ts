import { assertEquals, assertMatch } from "@std/assert";
import { errorRecord, faultRecord, faultText } from "../../lib/log/fault.ts";

function errorWith(stack: string | undefined, message: string, cause?: unknown): Error {
  const error = new TypeError(message, { cause });
  Object.defineProperty(error, "stack", { value: stack });
  return error;
}

const CAUSE = errorWith("Error: no\n    at g (file:///b.ts:3:4)", "no", "a string");
const FAULT = errorWith("TypeError: oops\n    at f (file:///a.ts:1:2)\n    at x", "oops", CAUSE);
const CONTEXT = { client: "192.0.2.1", request: 'GET /"é HTTP/1.1' };

Deno.test("faultText() is one line: the message, what was under way, the stack and the causes", () => {
  assertEquals(
    faultText(FAULT, CONTEXT),
    'oops | client 192.0.2.1 | request "GET /\\x22\\xE9 HTTP/1.1" | TypeError | ' +
      "at f (file:///a.ts:1:2) | at x | caused by TypeError: no | at g (file:///b.ts:3:4) | " +
      "caused by string: a string",
  );
  assertEquals(faultText(FAULT).split(" | ").slice(0, 2), ["oops", "TypeError"]);
});

Deno.test("faultRecord() has the same in fields", () => {
  const cause = { name: "TypeError", message: "no", stack: CAUSE.stack };
  const error = { name: "TypeError", message: "oops", stack: FAULT.stack };
  assertEquals(JSON.parse(JSON.stringify(faultRecord(FAULT, CONTEXT))), {
    event: "error",
    message: "oops",
    ...CONTEXT,
    error: { ...error, cause: { ...cause, cause: { name: "string", message: "a string" } } },
  });
});

Deno.test("errorRecord() and faultText() bear whatever is thrown", () => {
  const circle = new Error("round");
  circle.cause = circle;
  assertEquals(faultText(circle).split("caused by").length, 9);
  const values = [undefined, null, 7, "", Symbol("s"), Object.create(null)];
  for (const value of [...values, errorWith(undefined, "")]) {
    assertMatch(faultText(value), /^.*\|.*$/);
  }
  assertEquals(errorRecord(Object.create(null)), { name: "object", message: "?" });
});

Deno.test("faultText() has no stack where the machine failed, and not the code", () => {
  const error = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  assertEquals(
    faultText(error, { client: "192.0.2.1", request: "GET / HTTP/1.1" }),
    'No space left on device | client 192.0.2.1 | request "GET / HTTP/1.1"',
  );
});
