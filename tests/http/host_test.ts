import { assert, assertEquals } from "@std/assert";
import { hostnameOf, isHostName, isLocalHost } from "../../lib/http/host.ts";

Deno.test("isLocalHost() knows every spelling of the machine itself", () => {
  const spellings = ["localhost", "localhost.", "a.localhost", "127.0.0.1", "127.255.0.9"];
  const more = ["0.0.0.0", "::", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:0.0.0.0"];
  for (const hostname of [...spellings, ...more]) {
    assertEquals(isLocalHost(hostname), true, hostname);
  }
});

Deno.test("isLocalHost() takes nobody else for the machine itself", () => {
  const names = ["localhost.example", "notlocalhost", "127.example", "a"];
  const addresses = ["126.0.0.1", "10.0.0.1", "::2", "fe80::1", "::ffff:10.0.0.1", "1::", "7f::1"];
  for (const hostname of [...names, ...addresses]) {
    assertEquals(isLocalHost(hostname), false, hostname);
  }
});

Deno.test("isHostName() takes names alone", () => {
  for (const name of ["a", "a.", "_http._tcp.a", "xn--bcher-kva.example"]) assert(isHostName(name));
  for (const text of ["", ".", "a..b", "-a", "a:1", "a b", "A", "::1"]) {
    assert(!isHostName(text), text);
  }
});

Deno.test("hostnameOf() takes names and addresses, IPv6 in brackets alone", () => {
  const rows = { "Web1": "web1", "192.0.2.1": "192.0.2.1", "[2001:DB8::1]": "2001:db8::1" };
  for (const [host, hostname] of Object.entries(rows)) assertEquals(hostnameOf(host), hostname);
  for (const host of ["", "::1", "[a]", "[::g]", "[]", "192.0.2.256", "1.2.3", "0x7f", "a b"]) {
    assertEquals(hostnameOf(host), undefined, host);
  }
});
