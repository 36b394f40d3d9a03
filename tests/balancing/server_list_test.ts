import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  looksLikeServer,
  mergeServers,
  parseServer,
  parseServerList,
  ServerListError,
} from "../../lib/balancing/server_list.ts";

/** Text, then the hostname, port and authority it means. */
const SERVERS: readonly [string, string, number, string][] = [
  ["web1:8000", "web1", 8000, "web1:8000"],
  ["Files.Example.ORG:80", "files.example.org", 80, "files.example.org:80"],
  ["files.example.org.:80", "files.example.org.", 80, "files.example.org.:80"],
  ["my_app-2.internal:1", "my_app-2.internal", 1, "my_app-2.internal:1"],
  ["3com.example:65535", "3com.example", 65535, "3com.example:65535"],
  ["xn--bcher-kva.example:80", "xn--bcher-kva.example", 80, "xn--bcher-kva.example:80"],
  ["192.0.2.255:8000", "192.0.2.255", 8000, "192.0.2.255:8000"],
  ["h:0080", "h", 80, "h:80"],
  ["[::1]:8080", "::1", 8080, "[::1]:8080"],
  ["[2001:DB8:0::A]:80", "2001:db8:0::a", 80, "[2001:db8:0::a]:80"],
  ["[::ffff:192.0.2.1]:80", "::ffff:192.0.2.1", 80, "[::ffff:192.0.2.1]:80"],
  [`${"a".repeat(63)}.b:80`, `${"a".repeat(63)}.b`, 80, `${"a".repeat(63)}.b:80`],
];

Deno.test("parseServer() reads host, address and port", () => {
  for (const [text, hostname, port, authority] of SERVERS) {
    assertEquals(parseServer(text), { hostname, port, authority });
  }
});

/** Text, then what the refusal says after quoting it, or how that begins. */
const REFUSALS: readonly [string, string][] = [
  ["", "names no server"],
  ["a:1 b:2", "holds white space"],
  [" a:1", "holds white space"],
  ["http://host:1", 'begins like a URL: leave "http://" off'],
  ["HTTPS://host:1/x", 'begins like a URL: leave "HTTPS://" off'],
  ["//host:1", 'begins like a URL: leave "//" off'],
  ["host:80/files/x", 'has a path: leave "/files/x" off'],
  ["host:80/", 'has a path: leave "/" off'],
  ["web1", 'has no port: write it as in "web1:8000"'],
  ["web1:", "has no port"],
  ["[::1]", "has no port"],
  ["host:http", 'has the port "http": write a number from 1 to 65535'],
  ["host:+80", 'has the port "+80"'],
  ["host:8e3", 'has the port "8e3"'],
  ["host:-1", 'has the port "-1"'],
  ["[::1]:80:80", 'has the port "80:80"'],
  ["host:0", "has a port out of range: write a number from 1 to 65535"],
  ["host:65536", "has a port out of range"],
  [`host:${"9".repeat(60)}`, "has a port out of range"],
  [":8080", "has no host before the port"],
  ["::1:8080", "has an IPv6 address without brackets: write [::1]:8080"],
  ["2001:db8::a", "is an IPv6 address without brackets and port: write [2001:db8::a]:8000"],
  ["a:b:c", "has more than one colon"],
  ["a:1,b:2", "has more than one colon"],
  ["[fe80::1%eth0]:80", "has a zone id"],
  ["[fe80::1%25eth0]:80", "has a zone id"],
  ["[::1:80", "has no valid IPv6 address in brackets"],
  ["[::1]8080", "has no valid IPv6 address in brackets"],
  ["[]:80", "has no valid IPv6 address in brackets"],
  ["[1::2::3]:80", "has no valid IPv6 address in brackets"],
  ["[x]@[::1]:80", "has no valid IPv6 address in brackets"],
  ["[192.0.2.1]:80", "has no valid IPv6 address in brackets"],
  ["256.0.0.1:80", "ends its host in a number"],
  ["1.2.3:80", "ends its host in a number"],
  ["010.0.0.1:80", "ends its host in a number"],
  ["127.0.0.1.:80", "ends its host in a number"],
  ["0x7f000001:80", "ends its host in a number"],
  ["user@host:80", 'has the host "user@host", which is neither'],
  ["-a:80", 'has the host "-a"'],
  ["a-:80", 'has the host "a-"'],
  ["a..b:80", 'has the host "a..b"'],
  [".:80", 'has the host "."'],
  ["a\\b:80", 'has the host "a\\b"'],
  ["bücher.example:80", 'has the host "bücher.example"'],
  [`${"a".repeat(64)}:80`, "has the host"],
];

Deno.test("parseServer() quotes what it refuses and says why", () => {
  for (const [text, reason] of REFUSALS) {
    assertThrows(() => parseServer(text), ServerListError, `"${text}" ${reason}`);
  }
});

Deno.test("parseServer() keeps its message on one printable line of sensible length", () => {
  for (const text of ["a\n\u001b[2J\u2028\u202e\ud800:80", "\0".repeat(100_000)]) {
    const { message } = assertThrows(() => parseServer(text), ServerListError);
    assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(message), JSON.stringify(message));
    assert(message.length < 1200, `${message.length} characters`);
  }
});

Deno.test("parseServerList() skips comments, blank lines and white space", () => {
  const lines = ["\uFEFFa:1 # the old one", "", " \t", "# b:2", "\tc:3 ", "[::1]:4#x # y", "d:5\r"];
  for (const newline of ["\n", "\r\n"]) {
    const authorities = parseServerList(lines.join(newline), "x").map(({ authority }) => authority);
    assertEquals(authorities, ["a:1", "c:3", "[::1]:4", "d:5"]);
  }
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
    ["a:1\rb:2", 'servers.txt:1: "a:1\\u{d}b:2" holds white space'],
  ];
  for (const [text, message] of mistakes) {
    assertThrows(() => parseServerList(text, "servers.txt"), ServerListError, message);
  }
});

Deno.test("mergeServers() keeps the first of equal servers and gives back the others", () => {
  const [a, b, again, c] = ["a:1", "b:1", "A:01", "a:2"].map(parseServer);
  assert(a && b && again && c);
  assertEquals(mergeServers([[a, b], [], [again, c]]), {
    servers: [a, b, c],
    duplicates: [again],
  });
  assertEquals(mergeServers([]), { servers: [], duplicates: [] });
});

Deno.test("looksLikeServer() tells a server from a file and from standard input", () => {
  for (const server of ["a:1", "[::1]:1", "::1:8080", "a:", ":1", "http://a:1/"]) {
    assert(looksLikeServer(server));
  }
  for (const file of ["servers.txt", "-", "./a:1", "C:\\servers.txt", "/etc/farm", "web1", ""]) {
    assert(!looksLikeServer(file), file);
  }
});
