import { assert, assertEquals } from "@std/assert";
import { crossOriginReason } from "../../lib/process/admin_port.ts";
import { fieldsWith } from "../support/field_lines.ts";

const OWN = [
  ...["127.0.0.1:9000", "127.0.0.1", "192.0.2.1:80", "[::1]:9000", "[2001:db8::1]", "2130706433"],
  ...["localhost:9000", "LOCALHOST", "localhost.:9000", "farm.localhost:9000"],
];
const FOREIGN = [
  ...["example.org", "example.org:9000", "localhost.example.org", "127.0.0.1.example.org:9000"],
  ...["1.2.3.4.nip.io", "notlocalhost", "", "127.0.0.1@example.org", "%6cocalhost.org"],
];

function reasonOf(lines: Record<string, string>, isLoopback = true): string | undefined {
  return crossOriginReason(fieldsWith(Object.entries(lines)), isLoopback);
}

Deno.test("crossOriginReason() lets addresses and localhost pass on loopback", () => {
  for (const host of OWN) assertEquals(reasonOf({ Host: host }), undefined, host);
});

Deno.test("crossOriginReason() lets no other name pass on loopback: it may be rebound", () => {
  for (const host of FOREIGN) assert(reasonOf({ Host: host }), host);
});

Deno.test("crossOriginReason() lets every name pass where others can connect", () => {
  for (const host of [...OWN, ...FOREIGN]) assertEquals(reasonOf({ Host: host }, false), undefined);
});

Deno.test("crossOriginReason() lets a request of HTTP/1.0 pass, which needs no Host", () => {
  assertEquals(reasonOf({}), undefined);
});

Deno.test("crossOriginReason() lets browsers pass only from the page itself, and by links", () => {
  const host = { Host: "127.0.0.1:9000" };
  for (const site of ["same-origin", "none"]) {
    assertEquals(reasonOf({ ...host, "Sec-Fetch-Site": site }), undefined, site);
  }
  for (const site of ["cross-site", "same-site"]) {
    for (const isLoopback of [true, false]) {
      const fields = { ...host, "Sec-Fetch-Site": site };
      assert(reasonOf(fields, isLoopback), site);
      assert(reasonOf({ ...fields, "Sec-Fetch-Dest": "iframe" }, isLoopback), site);
      assertEquals(reasonOf({ ...fields, "Sec-Fetch-Dest": "document" }, isLoopback), undefined);
    }
  }
});
