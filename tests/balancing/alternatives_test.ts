import { assertEquals, assertLess } from "@std/assert";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { alternativeLinks } from "../../lib/balancing/redirector.ts";
import { serversOf } from "../support/servers.ts";

const a = parseServer("a:1");
const b = parseServer("b:2=https://b/pub");
const c = parseServer("c:3");

Deno.test("alternativeLinks() names the chosen server first, then others in their order", () => {
  assertEquals(
    alternativeLinks("/x?y=%20", c, [b, c, a], 2),
    "Link: <http://c:3/x?y=%20>; rel=duplicate; pri=1\r\n" +
      "Link: <https://b/pub/x?y=%20>; rel=duplicate; pri=2\r\n" +
      "Link: <http://a:1/x?y=%20>; rel=duplicate; pri=3\r\n",
  );
  assertEquals(
    alternativeLinks("/", c, [b, c, a], 1),
    "Link: <http://c:3/>; rel=duplicate; pri=1\r\nLink: <https://b/pub/>; rel=duplicate; pri=2\r\n",
  );
  assertEquals(alternativeLinks("/", c, [c], 9), "Link: <http://c:3/>; rel=duplicate; pri=1\r\n");
});

Deno.test("alternativeLinks() links nothing that could end the URI and say more", () => {
  const hostile = [
    "/>;rel=duplicate;pri=1,<http://evil.example/",
    "/<",
    '/"',
    "/^",
    "/`",
    "/{}",
    "/|",
  ];
  for (const target of [...hostile, "/\\", "/%", "/%zz", "/[", "/%5"]) {
    assertEquals(alternativeLinks(target, a, [b], 1), "", target);
  }
});

Deno.test("alternativeLinks() keeps the head small, however long the target", () => {
  const servers = serversOf(10);
  const count = (length: number) => {
    const section = alternativeLinks(`/${"x".repeat(length)}`, a, servers, 10);
    assertLess(section.length, 17_000);
    return section.split("\r\n").length - 1;
  };
  assertEquals([1, 500, 2000, 8000].map(count), [11, 11, 4, 1]);
});
