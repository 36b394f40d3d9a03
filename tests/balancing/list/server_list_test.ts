import { assert, assertEquals, assertThrows } from "@std/assert";
import { ServerListError } from "../../../lib/balancing/list/endpoint.ts";
import { parseEntry } from "../../../lib/balancing/list/list_text.ts";
import { parseServer } from "../../../lib/balancing/list/server.ts";
import {
  looksLikeServer,
  mergeServers,
  parseServerList,
} from "../../../lib/balancing/list/server_source.ts";
import { withoutIds } from "../../support/servers.ts";

Deno.test("parseServerList() skips comments, blank lines and white space", () => {
  const lines = ["\uFEFFa:1 # the old one", "", " \t", "# b:2", "\tc:3 ", "[::1]:4#x # y", "d:5\r"];
  for (const newline of ["\n", "\r\n", "\r"]) {
    const entries = parseServerList(lines.join(newline), "x");
    const expected = ["a:1", "c:3", "[::1]:4", "d:5"].map(parseEntry);
    assertEquals(withoutIds(entries), withoutIds(expected));
  }
});

Deno.test("parseServerList() takes servers and what is looked up in DNS together", () => {
  const lines = ["web:80", "dns:web:80 # all of them", "srv:_http._tcp.example backup", "dns:53"];
  const entries = parseServerList(lines.join("\n"), "x");
  assertEquals(entries.map(({ kind }) => kind), ["server", "dns", "srv", "server"]);
});

Deno.test("parseServerList() finds no server in a list without any", () => {
  for (const text of ["", "\uFEFF", "\n\n", "# none yet", "\uFEFF# none yet\r\n"]) {
    assertEquals(parseServerList(text, "x"), []);
  }
});

Deno.test("parseServerList() names the source and the line of the first mistake", () => {
  const mistakes: readonly [string, string][] = [
    ["web1", 'servers.txt:1: "web1" has no port'],
    ["# farm\r\n\r\na:1\r\nb:x # y\r\nc", 'servers.txt:4: "b:x" has the port "x"'],
    ["a:1\rb:x", 'servers.txt:2: "b:x" has the port "x"'],
    ["a:1\n\ndns:b", 'servers.txt:3: "dns:b" has no port'],
    ["a:1\nb:1 http://c weight=0", 'servers.txt:2: "b:1 http://c weight=0" has the weight 0'],
  ];
  for (const [text, message] of mistakes) {
    assertThrows(() => parseServerList(text, "servers.txt"), ServerListError, message);
  }
});

Deno.test("mergeServers() keeps the first of equal servers and gives back the others", () => {
  const [a, b, again, c] = ["a:1", "b:1", "A:01", "a:2"].map(parseServer);
  assert(a && b && again && c);
  assertEquals(mergeServers([a, b, again, c]), {
    servers: [a, b, c],
    duplicates: [again],
  });
  assertEquals(mergeServers([]), { servers: [], duplicates: [] });
});

Deno.test("mergeServers() takes one place for one server, however clients are sent there", () => {
  const [first, again, other] = ["https://a", "a:443=http://b", "a:80"].map(parseServer);
  assert(first && again && other);
  assertEquals(mergeServers([first, again, other]).duplicates, [again]);
});

Deno.test("mergeServers() takes the spellings of an address for one server", () => {
  const first = parseServer("[2001:db8::1]:80");
  const long = parseServer("[2001:0DB8:0:0::0.0.0.1]:80");
  const [ipv4, mapped] = [parseServer("192.0.2.1:80"), parseServer("[::ffff:192.0.2.1]:80")];
  const other = parseServer("[2001:db8::2]:80");
  assertEquals(mergeServers([first, long, ipv4, mapped, other]), {
    servers: [first, ipv4, other],
    duplicates: [long, mapped],
  });
});

Deno.test("mergeServers() lets a list say more of a server than DNS, in its first place", () => {
  const [listed, other, again] = ["a:1,drain", "b:1", "a:1"].map(parseServer);
  assert(listed && other && again);
  const found = { ...again, foundBy: "dns:a:1" };
  const alone = { ...again, hostname: "c", foundBy: "dns:a:1" };
  const merged = { servers: [listed, other, alone], duplicates: [] };
  assertEquals(mergeServers([listed, other, found, alone, alone]), merged);
  assertEquals(mergeServers([found, other, listed, found, alone]), merged);
  assertEquals(mergeServers([found, listed, again]).duplicates, [again]);
});

Deno.test("looksLikeServer() tells a server from a file and from standard input", () => {
  for (
    const server of [
      "a:1",
      "[::1]:1",
      "::1:8080",
      "a:",
      ":1",
      "http://a:1/",
      "https://a",
      "a:1=http://b/c",
      "a:1,drain",
      "srv:_http._tcp.example",
      "srv:",
      "dns:web:80",
      "dns:web",
    ]
  ) {
    assert(looksLikeServer(server));
  }
  for (const file of ["servers.txt", "-", "./a:1", "C:\\servers.txt", "/etc/farm", "web1", ""]) {
    assert(!looksLikeServer(file), file);
  }
});
