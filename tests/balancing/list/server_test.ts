import { assert, assertEquals, assertThrows } from "@std/assert";
import { ServerListError } from "../../../lib/balancing/list/endpoint.ts";
import { BACKUP_PRIORITY, parseServer, type Server } from "../../../lib/balancing/list/server.ts";

const PLAIN: Omit<Server, "id"> = {
  hostname: "a",
  port: 1,
  authority: "a:1",
  scheme: "http",
  host: "a:1",
  tlsName: "a",
  probePrefix: "",
  publicUrl: "http://a:1",
  publicAuthority: "a:1",
  isPublicLocal: false,
  weight: 1,
  isDrained: false,
  priority: 0,
  foundBy: undefined,
};

const ELSEWHERE = { publicUrl: "https://b/c", publicAuthority: "b:443", host: "b", tlsName: "b" };
const OVER_TLS = {
  port: 443,
  authority: "a",
  scheme: "https",
  publicAuthority: "a:443",
  host: "a",
} as const;

/** Text, then in what it differs from `a:1`. */
const ENTRIES: readonly [string, Partial<Server>][] = [
  ["a:1", {}],
  ["a:1=https://b/c", ELSEWHERE],
  ["a:1=https://B/c/", ELSEWHERE],
  ["a:1 https://b/c", ELSEWHERE],
  ["a:1 \t https://b/c", ELSEWHERE],
  ["a:1, https://b/c", ELSEWHERE],
  ["a:1 weight=7", { weight: 7 }],
  ["a:1,weight=1000", { weight: 1000 }],
  ["a:1 weight=0012", { weight: 12 }],
  ["a:1 drain", { isDrained: true }],
  ["a:1,backup", { priority: BACKUP_PRIORITY }],
  ["a:1=https://b/c,backup,weight=2,drain", {
    ...ELSEWHERE,
    weight: 2,
    priority: BACKUP_PRIORITY,
    isDrained: true,
  }],
  ["a:1 https://b/c backup weight=2", { ...ELSEWHERE, weight: 2, priority: BACKUP_PRIORITY }],
  ["a:1 zone=campus", { zones: ["campus"] }],
  ["a:1,zone=campus+eu-west.2+A_1,drain", {
    zones: ["campus", "eu-west.2", "A_1"],
    isDrained: true,
  }],
  ["a:1 country=de", { country: "de" }],
  ["a:1 country=DE", { country: "de" }],
  ["a:1,country=xk,continent=EU,zone=z", { country: "xk", continent: "eu", zones: ["z"] }],
  ["a:1=http://b:80", { publicUrl: "http://b:80", publicAuthority: "b:80", host: "b" }],
  ["https://a", { ...OVER_TLS, publicUrl: "https://a" }],
  ["HTTPS://A:443/x/", {
    ...OVER_TLS,
    host: "a:443",
    authority: "a:443",
    probePrefix: "/x",
    publicUrl: "https://a:443/x",
  }],
  ["https://a/x=http://b:8080", {
    ...OVER_TLS,
    probePrefix: "/x",
    publicUrl: "http://b:8080",
    publicAuthority: "b:8080",
    host: "b:8080",
  }],
  ["[2001:DB8:0::A]:80", {
    hostname: "2001:db8:0::a",
    port: 80,
    authority: "[2001:db8:0::a]:80",
    publicUrl: "http://[2001:db8:0::a]:80",
    publicAuthority: "[2001:db8::a]:80",
  }],
];

Deno.test("parseServer() reads where it is probed, where clients go, and its options", () => {
  for (const [text, differences] of ENTRIES) {
    const { authority: host = "a:1", hostname: tlsName = "a" } = differences;
    const { id: _, ...server } = parseServer(text);
    assertEquals(server, { ...PLAIN, host, tlsName, ...differences }, text);
  }
});

Deno.test("parseServer() knows public addresses that mean the client's own machine", () => {
  for (const url of ["127.0.0.1:1", "a:1=http://0.0.0.0/", "[::1]:1", "a:1=http://LOCALHOST"]) {
    assertEquals(parseServer(url).isPublicLocal, true, url);
  }
  assertEquals(parseServer("127.0.0.1:1=http://a").isPublicLocal, false);
});

Deno.test("parseServer() gives what can be sent to workers as JSON", () => {
  for (const [text] of ENTRIES) {
    const { foundBy: _, ...server } = parseServer(text);
    assertEquals(JSON.parse(JSON.stringify(server)), server, text);
  }
});

/** Text, then what the refusal says after quoting it, or how that begins. */
const REFUSALS: readonly [string, string][] = [
  ["", "names no server"],
  [" a:1", "names no server"],
  [",a:1", "names no server"],
  ["http://host:1", 'begins like a URL: leave "http://" off'],
  ["ftp://host:1/x", 'begins like a URL: leave "ftp://" off'],
  ["//host:1", 'begins like a URL: leave "//" off'],
  ["host:80/files/x", 'has a path: leave "/files/x" off'],
  ["host:80/", 'has a path: leave "/" off'],
  ["host:80/x=http://b", 'has a path: leave "/x" off'],
  ["=http://b", "has no host before the port"],
  ["a=http://b", "has no port"],
  ["https://", "has no host before the port"],
  ["https://a/../b", 'has the path "/../b"'],
  ["a:1=", 'has "" where a URL for clients'],
  ["a:1==http://b", 'has "=http://b" where a URL for clients'],
  ["a:1=b:2", 'has "b:2" where a URL for clients'],
  ["a:1=http://b=http://c", 'has the path "//c"'],
  ["a:1=http://b http://c", "has two URLs for clients"],
  [
    "a:1 http://b http://c",
    'has "http://c", which is none of weight=N, drain, backup, zone=NAME, country=CODE and continent=CODE',
  ],
  ["a:1 drain http://b", 'has "http://b", which is none of weight=N'],
  [
    "a:1 b:2",
    'has "b:2", which is none of weight=N, drain, backup, zone=NAME, country=CODE and continent=CODE',
  ],
  ["a:1,b:2", 'has "b:2", which is none'],
  ["a:1,", 'has "", which is none'],
  ["a:1,,drain", 'has "", which is none'],
  ["a:1 Drain", 'has "Drain", which is none'],
  ["a:1 drain=1", 'has "drain=1", which is none'],
  ["a:1 backup=", 'has "backup=", which is none'],
  ["a:1 drain drain", 'says "drain" twice'],
  ["a:1 weight=1 weight=2", 'says "weight" twice'],
  ["a:1 weight=0", "has the weight 0: write drain"],
  ["a:1 weight=000", "has the weight 0: write drain"],
  ["a:1 weight=-1", 'has the weight "-1": write a number from 1 to 1000'],
  ["a:1 weight=1001", 'has the weight "1001"'],
  [`a:1 weight=${"9".repeat(40)}`, "has the weight"],
  ["a:1 weight=1.5", 'has the weight "1.5"'],
  ["a:1 weight=1e2", 'has the weight "1e2"'],
  ["a:1 weight=", 'has the weight ""'],
  ["a:1 weight", 'has the weight ""'],
  ["a:1 weight=1=2", 'has the weight "1=2"'],
  ["a:1 zone", 'has the zone "": write letters, digits, ., _ and -, up to 64; several joined by +'],
  ["a:1 zone=", 'has the zone ""'],
  ["a:1 zone=a+", 'has the zone ""'],
  ["a:1 zone=+a", 'has the zone ""'],
  ["a:1 zone=a=b", 'has the zone "a=b"'],
  ["a:1 zone=-a", 'has the zone "-a"'],
  ["a:1 zone=a.", 'has the zone "a."'],
  ["a:1 zone=größe", 'has the zone "größe"'],
  [`a:1 zone=${"z".repeat(65)}`, `has the zone "${"z".repeat(65)}"`],
  ["a:1 zone=a+b+a", 'says the zone "a" twice'],
  ["a:1 zone=a zone=b", 'says "zone" twice'],
  ["a:1 country", 'has the country "": write the two letters of ISO 3166-1, as de'],
  ["a:1 country=germany", 'has the country "germany"'],
  ["a:1 country=zz", 'has the country "zz"'],
  ["a:1 country=de+at", 'has the country "de+at"'],
  ["a:1 country=UK", 'has the country "uk": write gb'],
  ["a:1 country=__proto__", 'has the country "__proto__"'],
  ["a:1 country=de country=at", 'says "country" twice'],
  ["a:1 continent=europe", 'has the continent "europe": write one of af, an, as, eu, na, oc, sa'],
  ["a:1 continent=", 'has the continent ""'],
  ["a:1 continent=constructor", 'has the continent "constructor"'],
  ["a:1 Zone=a", 'has "Zone=a", which is none'],
];

Deno.test("parseServer() quotes what it refuses and says why", () => {
  for (const [text, reason] of REFUSALS) {
    assertThrows(() => parseServer(text), ServerListError, `"${text}" ${reason}`);
  }
});

Deno.test("parseServer() keeps its message on one printable line of sensible length", () => {
  const hostile = "a\n\u001b[2J\u2028\u202e\ud800:80";
  for (const text of [hostile, `a:1=http://${hostile}`, `a:1 ${hostile}`, "\0".repeat(100_000)]) {
    const { message } = assertThrows(() => parseServer(text), ServerListError);
    assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(message), JSON.stringify(message));
    assert(message.length < 1500, `${message.length} characters`);
  }
});
