import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { NETRC_FILES } from "../../cases/netrc_files.ts";
import { Netrc } from "../../../lib/download/requests/netrc.ts";
import { basicCredentials, UserFields } from "../../../lib/download/requests/user_fields.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";

const NONE = { header: [], "header-everywhere": false, user: undefined, netrc: undefined };

for (const { story, text, expected } of NETRC_FILES) {
  Deno.test(`Netrc: ${story}`, () => {
    if (expected instanceof RegExp) {
      const { message } = assertThrows(() => new Netrc(text), SyntaxError);
      assertMatch(message, expected);
      assertEquals(message.includes("secret"), false, message);
      return;
    }
    const found = new Netrc(text).find("a.example", true);
    assertEquals(found && `${found.name}:${found.password}`, expected);
  });
}

Deno.test("Netrc gives the entry of a login, and its default to none but the typed origin", () => {
  const netrc = new Netrc(
    "machine a login u password p machine a login v password q default login d password e",
  );
  assertEquals(netrc.find("a", true, "v"), { name: "v", password: "q" });
  assertEquals(netrc.find("a", true, "w"), undefined);
  assertEquals(netrc.find("b", true), { name: "d", password: "e" });
  assertEquals(netrc.find("b", false), undefined);
});

Deno.test("basicCredentials() are as in RFC 7617, in UTF-8", () => {
  const inBase64 = (name: string, password?: string) => basicCredentials({ name, password });
  assertEquals(inBase64("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  assertEquals(inBase64("test", "123\u00a3"), "Basic dGVzdDoxMjPCow==");
  assertEquals(inBase64("u"), "Basic dTo=");
});

Deno.test("UserFields go to the origin that they are meant for", () => {
  const user = { name: "u", password: "p" };
  const header = [["X-Key", "k"], ["User-Agent", "mine"]] as const;
  const netrc = new Netrc("machine b login n password m default login d password e");
  const rows: readonly [
    options: Partial<typeof NONE> | Record<string, unknown>,
    typed: string,
    uri: string,
    sent: string,
  ][] = [
    [{ header }, "http://a/", "http://a:80/x", "X-Key: k, User-Agent: mine"],
    [{ header }, "http://a/", "http://a:81/", ""],
    [{ header }, "http://a/", "https://a/", ""],
    [{ header }, "http://a/", "http://b/", ""],
    [{ header, "header-everywhere": true }, "http://a/", "http://b/", "X-Key: k, User-Agent: mine"],
    [{ user }, "http://a/", "http://a/", "u:p"],
    [{ user }, "http://a/", "http://b/", ""],
    [
      { user, "header-everywhere": true, header },
      "http://a/",
      "http://b/",
      "X-Key: k, User-Agent: mine",
    ],
    [{ user }, "http://x:y@a/", "http://a/", "x:y"],
    [{ user }, "http://x@a/", "http://a/", "x:"],
    [{}, "http://x%3a:y%40@a/", "http://b/", "refused"],
    [{}, "http://x:y%40@a/", "http://a/", "x:y@"],
    [{}, "http://x:y@a/", "http://b/", ""],
    [{ netrc }, "http://a/", "http://a/", "d:e"],
    [{ netrc }, "http://a/", "http://b:8000/", "n:m"],
    [{ netrc }, "http://a/", "http://c/", ""],
    [{ netrc }, "https://b/", "http://b/", ""],
    [{ netrc }, "http://n@b/", "http://b/", "n:m"],
    [{ netrc }, "http://o@b/", "http://b/", "o:"],
    [{ netrc, user }, "http://b/", "http://b/", "u:p"],
    [
      { user, header: [["authorization", "Bearer t"]] },
      "http://a/",
      "http://a/",
      "authorization: Bearer t",
    ],
  ];
  for (const [{ netrc, ...options }, typed, uri, sent] of rows) {
    if (sent === "refused") {
      assertThrows(() => parseTypedUri(typed));
      continue;
    }
    const userFields = new UserFields({ ...NONE, ...options }, netrc as Netrc | undefined);
    const fields = userFields.fieldsFor(parseTypedUri(uri), parseTypedUri(typed));
    const shown = fields.map(([name, value]) =>
      name === "Authorization" ? atob(value.slice("Basic ".length)) : `${name}: ${value}`
    );
    assertEquals(shown.join(", "), sent, `${typed} ${uri}`);
  }
});
