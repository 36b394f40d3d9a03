import { assert, assertEquals, assertThrows } from "@std/assert";
import { ServerListError } from "../../../lib/balancing/list/endpoint.ts";
import {
  type DnsEntry,
  looksLikeDnsEntry,
  parseDnsEntry,
} from "../../../lib/balancing/list/list_text.ts";
import { BACKUP_PRIORITY } from "../../../lib/balancing/list/server.ts";

const PLAIN = { weight: 1, isDrained: false, priority: 0 };
const HTTP = "_http._tcp.example";
const LONG_LABEL = "a".repeat(63);

/** An SRV entry of that name without options. */
function srvEntry(name: string): DnsEntry {
  return { kind: "srv", text: `srv:${name}`, name, options: PLAIN };
}

/** An entry of that name and port without options. */
function addressEntry(name: string, port: number): DnsEntry {
  return { kind: "dns", text: `dns:${name}:${port}`, name, options: PLAIN, port };
}

const ENTRIES: readonly [string, DnsEntry][] = [
  [`srv:${HTTP}`, srvEntry(HTTP)],
  ["SRV:_HTTP._TCP.Example", srvEntry(HTTP)],
  [`srv:${HTTP}.`, srvEntry(`${HTTP}.`)],
  ["srv:_a-b._udp.my_app.internal", srvEntry("_a-b._udp.my_app.internal")],
  [`srv:_x._tcp.${LONG_LABEL}`, srvEntry(`_x._tcp.${LONG_LABEL}`)],
  [`srv:${HTTP},weight=5,backup`, {
    ...srvEntry(HTTP),
    options: { weight: 5, isDrained: false, priority: BACKUP_PRIORITY },
  }],
  [`srv:${HTTP} \t drain`, { ...srvEntry(HTTP), options: { ...PLAIN, isDrained: true } }],
  [`srv:${HTTP},zone=a+b,country=DE`, {
    ...srvEntry(HTTP),
    options: { ...PLAIN, zones: ["a", "b"], country: "de" },
  }],
  ["dns:web:80", addressEntry("web", 80)],
  ["DNS:Web.Example:0080", addressEntry("web.example", 80)],
  ["dns:web.example.:65535", addressEntry("web.example.", 65535)],
  ["dns:_x:1", addressEntry("_x", 1)],
  ["dns:web:80 weight=2", { ...addressEntry("web", 80), options: { ...PLAIN, weight: 2 } }],
];

Deno.test("parseDnsEntry() reads what is looked up, and its options", () => {
  for (const [text, entry] of ENTRIES) {
    assert(looksLikeDnsEntry(text), text);
    assertEquals(parseDnsEntry(text), entry);
  }
});

/** Text, then what the refusal says after quoting it, or how that begins. */
const REFUSALS: readonly [string, string][] = [
  ["srv:", "names nothing: write it as in srv:_http._tcp.example.org"],
  ["srv:,drain", "names nothing"],
  ["srv:example", "has no service and protocol: write it as in srv:_http._tcp.example.org"],
  ["srv:_http.example", "has no service and protocol"],
  ["srv:_http._tcp", "has no service and protocol"],
  ["srv:_http._tcp.", "has no service and protocol"],
  ["srv:http._tcp.example", "has no service and protocol"],
  ["srv:_._tcp.example", "has no service and protocol"],
  ["srv:_http.tcp.example", "has no service and protocol"],
  ["srv:_http._tcp..example", "has no service and protocol"],
  ["srv:_http._tcp.a..b", 'has "_http._tcp.a..b", which is no valid name'],
  ["srv:_http._tcp.-a", "has "],
  ["srv:_http._tcp.bücher", "has "],
  ["srv:_http._tcp.a..", "has "],
  [`srv:_http._tcp.${LONG_LABEL}a`, "has "],
  [`srv:${HTTP}:80`, "has a port, which SRV records tell: leave it off"],
  ["srv:_http._tcp.[::1]", "has a port"],
  [`srv: ${HTTP}`, `has "${HTTP}", which is none of weight=N`],
  ["srv:_http._tcp.exa mple", 'has "mple", which is none of weight=N'],
  [`srv:${HTTP},weight=0`, "has the weight 0"],
  [`srv:${HTTP},backup,backup`, 'says "backup" twice'],
  [`srv:${HTTP}=https://files.example`, "has a URL for clients, which all servers found by it"],
  [`srv:${HTTP} https://files.example`, "has a URL for clients"],
  ["dns:web:80=http://files.example", "has a URL for clients"],
  ["dns:web:80,http://files.example", "has a URL for clients"],
  ["dns:", "names nothing: write it as in dns:files.example.org:8000"],
  ["dns:web", 'has no port: write it as in "dns:web:8000"'],
  ["dns:web:", "has no port"],
  ["dns::80", "has no host before the port"],
  ["dns:1.2.3.4:80", 'has an address, which is not looked up: leave "dns:" off'],
  ["dns:[::1]:80", 'has an address, which is not looked up: leave "dns:" off'],
  ["dns:::1:80", "has an IPv6 address without brackets"],
  ["dns:1.2.3:80", "ends its host in a number"],
  ["dns:1.2.3.4.:80", "ends its host in a number"],
  ["dns:web:0", "has a port out of range"],
  ["dns:web:65536", "has a port out of range"],
  ["dns:web:abc", 'has the port "abc": write a number'],
  ["dns:web:80:90", "has more than one colon"],
  ["dns:web: 80", 'has "80", which is none of weight=N'],
  ["dns:web..example:80", "has the host"],
  ["dns:web.example..:80", "has the host"],
  [`dns:${LONG_LABEL}a:80`, "has the host"],
  ["dns://web:80", 'is written like a URL: leave "//" off'],
  [`srv://${HTTP}`, 'is written like a URL: leave "//" off'],
  ["dns:web:80/files", 'has the port "80/files"'],
];

Deno.test("parseDnsEntry() quotes what it refuses and says why", () => {
  for (const [text, reason] of REFUSALS) {
    assert(looksLikeDnsEntry(text), text);
    assertThrows(() => parseDnsEntry(text), ServerListError, `"${text}" ${reason}`);
  }
});

Deno.test("parseDnsEntry() refuses a name that is longer than names are", () => {
  const long = Array(4).fill(LONG_LABEL).join(".");
  const refuse = (text: string, reason: string) =>
    assertThrows(() => parseDnsEntry(text), ServerListError, reason);
  refuse(`dns:${long}:80`, "neither a host name nor");
  refuse(`srv:_http._tcp.${long}`, "no valid name in DNS");
});

Deno.test("looksLikeDnsEntry() leaves servers that are called srv or dns alone", () => {
  for (const text of ["srv:8000", "dns:53", "DNS:80,drain", "srv:1 weight=2", "dns:1=http://a"]) {
    assert(!looksLikeDnsEntry(text), text);
  }
  for (const text of ["web:80", "srv", "dns", "srv1:80", "xsrv:a", "https://srv:a", ""]) {
    assert(!looksLikeDnsEntry(text), text);
  }
  for (const text of ["dns:8a", "srv:80.example", "dns:1.2.3.4:80"]) {
    assert(looksLikeDnsEntry(text), text);
  }
});
