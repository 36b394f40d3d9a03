import { assertEquals } from "@std/assert";
import { isLocalHost } from "../../../lib/balancing/list/endpoint.ts";

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
