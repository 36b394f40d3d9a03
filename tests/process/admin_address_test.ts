import { assertEquals } from "@std/assert";
import { ADMIN_ADDRESS } from "../../lib/process/admin_port.ts";

/** What is typed, and the hostname, port and whether it is loopback that it means. */
const ACCEPTED: readonly [string, string, number, boolean][] = [
  ["127.0.0.1:9000", "127.0.0.1", 9000, true],
  ["127.8.9.10:9000", "127.8.9.10", 9000, true],
  ["[::1]:9000", "::1", 9000, true],
  ["[0:0:0:0:0:0:0:1]:9000", "0:0:0:0:0:0:0:1", 9000, true],
  ["[::ffff:127.0.0.1]:9000", "::ffff:127.0.0.1", 9000, true],
  ["localhost:9000", "localhost", 9000, true],
  ["LOCALHOST:0", "localhost", 0, true],
  [":9000", "127.0.0.1", 9000, true],
  ["9000", "127.0.0.1", 9000, true],
  ["0", "127.0.0.1", 0, true],
  ["0.0.0.0:9000", "0.0.0.0", 9000, false],
  ["[::]:65535", "::", 65535, false],
  ["192.0.2.1:80", "192.0.2.1", 80, false],
  ["admin.example.org:9000", "admin.example.org", 9000, false],
  ["localhost.example.org:9000", "localhost.example.org", 9000, false],
];

const REFUSED = [
  ...["", ":", "localhost", "127.0.0.1", "127.0.0.1:", "[::1]", "::1:9000", "[::1]9000"],
  ...[
    "65536",
    ":65536",
    "localhost:65536",
    "-1",
    "9000 ",
    " 9000",
    "1e3",
    "0x50",
    "9000:9000",
    "127.1:9000",
  ],
  ...["http://localhost:9000", "localhost:9000/", "a b:9000", "a@b:9000", "[::g]:9000"],
  ...["[]:9000", "[localhost]:9000", "999.0.0.1:9000", "1.2.3.4.5:9000", "host\n:9000"],
];

Deno.test("ADMIN_ADDRESS takes host and port, or only a port", () => {
  for (const [text, hostname, port, isLoopback] of ACCEPTED) {
    assertEquals(ADMIN_ADDRESS.parse(text), { hostname, port, isLoopback }, text);
  }
});

Deno.test("ADMIN_ADDRESS takes nothing else", () => {
  for (const text of REFUSED) assertEquals(ADMIN_ADDRESS.parse(text), undefined, text);
});
