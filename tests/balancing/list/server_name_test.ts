import { assertEquals } from "@std/assert";
import { foundServer, parseServer } from "../../../lib/balancing/list/server.ts";
import { serversNamed } from "../../../lib/balancing/list/server_name.ts";

const FOUND = ["192.0.2.1", "192.0.2.2"].map((hostname) =>
  foundServer(
    { hostname, port: 8000, authority: `${hostname}:8000` },
    { weight: 1, isDrained: false, priority: 0 },
    "dns:files.example.org:8000",
  )
);

const SERVERS = [
  ...["web1:8000", "web2:8000=https://files.example.org/pub,weight=2", "[2001:db8::1]:8000"],
  ...["https://web4.example.org/Pub", "https://web4.example.org/old", "web4.example.org:80"],
].map(parseServer).concat(FOUND);

/** Names, and where the servers are tested that they mean. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "web1:8000": ["web1:8000"],
  "WEB1:8000": ["web1:8000"],
  "http://web1:8000": ["web1:8000"],
  "http://web1:8000/": ["web1:8000"],
  "https://files.example.org/pub": ["web2:8000"],
  "[2001:db8::1]:8000": ["[2001:db8::1]:8000"],
  "[2001:DB8:0:0::1]:8000": ["[2001:db8::1]:8000"],
  "web4.example.org": ["web4.example.org", "web4.example.org"],
  "https://web4.example.org/Pub": ["web4.example.org"],
  "https://WEB4.example.org:443/old/": ["web4.example.org"],
  "web4.example.org:443": ["web4.example.org", "web4.example.org"],
  "http://web4.example.org": ["web4.example.org:80"],
  "192.0.2.2:8000": ["192.0.2.2:8000"],
  "dns:files.example.org:8000": ["192.0.2.1:8000", "192.0.2.2:8000"],
  "web1": [],
  "web1:8001": [],
  "web2:8000,weight=2": [],
  "https://web4.example.org/pub": [],
  "https://web1:8000": [],
  "http://": [],
  "[::1": [],
  "": [],
};

Deno.test("serversNamed() finds a server by where it is tested, its URL or its entry", () => {
  for (const [name, found] of Object.entries(NAMES)) {
    assertEquals(serversNamed(SERVERS, name).map(({ authority }) => authority), found, name);
  }
});
