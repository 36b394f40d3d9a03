import { type HttpVersion, isPersistent } from "../../lib/http/message.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { reasonPhrase } from "../../lib/http/response.ts";
import { assert, assertEquals } from "@std/assert";

/** Version, values of Connection, and whether the connection may go on. */
const PERSISTENCE: readonly [HttpVersion, string[], boolean][] = [
  ["1.1", [], true],
  ["1.1", ["close"], false],
  ["1.1", ["Close"], false],
  ["1.1", ["CLOSE"], false],
  ["1.1", ["keep-alive"], true],
  ["1.1", ["upgrade"], true],
  ["1.1", [""], true],
  ["1.1", ["keep-alive, close"], false],
  ["1.1", ["close, keep-alive"], false],
  ["1.1", ["TE,close"], false],
  ["1.1", [" ,, close ,"], false],
  ["1.1", ["TE", "close"], false],
  ["1.1", ["keep-alive", "x", "close"], false],
  ["1.1", ["closed"], true],
  ["1.1", ["not-close"], true],
  ["1.1", ["close=1"], true],
  ["1.1", ["close\xa0"], true],
  ["1.0", [], false],
  ["1.0", ["close"], false],
  ["1.0", ["keep-alive"], true],
  ["1.0", ["Keep-Alive"], true],
  ["1.0", ["TE", "Keep-Alive"], true],
  ["1.0", ["TE, keep-alive"], true],
  ["1.0", ["keep-alive, close"], false],
  ["1.0", ["keep-alive=60"], false],
  ["1.0", [""], false],
];

Deno.test("isPersistent() follows RFC 9112 §9.3 and takes Connection for a list", () => {
  for (const [httpVersion, values, expected] of PERSISTENCE) {
    const fields = fieldsWith(values.map((value) => ["Connection", value]));
    const story = `${httpVersion} ${JSON.stringify(values)}`;
    assertEquals(isPersistent({ httpVersion, fields }), expected, story);
  }
});

Deno.test("isPersistent() looks at no other field", () => {
  const fields = fieldsWith([["Proxy-Connection", "close"], ["Keep-Alive", "timeout=0"]]);
  assertEquals(isPersistent({ httpVersion: "1.1", fields }), true);
  assertEquals(isPersistent({ httpVersion: "1.0", fields }), false);
});

Deno.test("reasonPhrase() has one for every status code that we send", () => {
  const sent = [100, 200, 204, 206, 301, 302, 303, 304, 307, 308, 400, 403, 404, 405, 408, 412];
  for (const statusCode of [...sent, 414, 416, 417, 431, 500, 501, 503, 505]) {
    assert(reasonPhrase(statusCode) !== "", `${statusCode}`);
  }
  assertEquals(reasonPhrase(301), "Moved Permanently");
  assertEquals(reasonPhrase(404), "Not Found");
});

Deno.test("reasonPhrase() is empty for a status code that it does not know", () => {
  for (const statusCode of [0, 299, 306, 418, 999]) assertEquals(reasonPhrase(statusCode), "");
});
