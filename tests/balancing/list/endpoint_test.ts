import { assert, assertEquals, assertThrows } from "@std/assert";
import { isAddress, parseEndpoint, ServerListError } from "../../../lib/balancing/list/endpoint.ts";

/** Text, then the hostname, port and authority it means. */
const ENDPOINTS: readonly [string, string, number, string][] = [
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

Deno.test("parseEndpoint() reads host, address and port", () => {
  for (const [text, hostname, port, authority] of ENDPOINTS) {
    assertEquals(parseEndpoint(text), { hostname, port, authority });
  }
});

Deno.test("parseEndpoint() takes the port that is usual where none is written", () => {
  assertEquals(parseEndpoint("A.b", "A.b", 443), { hostname: "a.b", port: 443, authority: "a.b" });
  assertEquals(parseEndpoint("[::1]", "", 80), { hostname: "::1", port: 80, authority: "[::1]" });
  assertThrows(() => parseEndpoint("a:", "a:", 80), ServerListError, "has no port");
});

/** Text, then what the refusal says after quoting it, or how that begins. */
const REFUSALS: readonly [string, string][] = [
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

Deno.test("parseEndpoint() quotes what it refuses and says why", () => {
  for (const [text, reason] of REFUSALS) {
    assertThrows(() => parseEndpoint(text), ServerListError, `"${text}" ${reason}`);
  }
});

Deno.test("isAddress() tells addresses from names", () => {
  for (const hostname of ["192.0.2.1", "0.0.0.0", "::1", "2001:db8::a", "::ffff:192.0.2.1"]) {
    assert(isAddress(hostname), hostname);
  }
  for (const hostname of ["a", "192.0.2.1.example", "3com.example"]) {
    assert(!isAddress(hostname), hostname);
  }
});
