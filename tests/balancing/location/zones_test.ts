import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { ServerListError } from "../../../lib/balancing/list/endpoint.ts";
import { parseAddress, ZoneTable } from "../../../lib/balancing/location/zones.ts";

function zoneAt(table: ZoneTable, address: string): string | undefined {
  return table.zoneOf(parseAddress(address)!.words);
}

/** Rules, then addresses and their zones. */
const RULES: readonly (readonly [rules: string, zones: Record<string, string | undefined>])[] = [
  ["", { "1.2.3.4": undefined, "::1": undefined }],
  ["# 10.0.0.0/8 a\n\n \t\r\n", { "10.0.0.1": undefined }],
  ["\uFEFF10.0.0.0/8 a # ten\r\n  10.1.0.0/16 \t b\r", { "10.0.0.1": "a", "10.1.0.1": "b" }],
  ["10.0.0.0/8 a", {
    ...{ "9.255.255.255": undefined, "10.0.0.0": "a", "10.255.255.255": "a" },
    ...{ "11.0.0.0": undefined, "::10.0.0.1": "a", "::ffff:10.0.0.1": "a", "::ffff:a00:1": "a" },
    ...{ "::a00:1": undefined, "64:ff9b::10.0.0.1": undefined },
  }],
  ["0.0.0.0/0 all", { "0.0.0.0": "all", "255.255.255.255": "all", "::1": undefined }],
  ["::/0 all", {
    "::": "all",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "all",
    "1.1.1.1": undefined,
  }],
  ["::/0 six\n0.0.0.0/0 four\n10.0.0.0/8 ten", {
    ...{ "10.9.9.9": "ten", "::ffff:10.9.9.9": "ten", "11.1.1.1": "four", "::ffff:b00:1": "four" },
    "2001:db8::1": "six",
  }],
  ["10.0.0.0/8 a\n10.0.0.0/16 b\n10.0.0.0/24 a\n10.0.0.0/32 c", {
    ...{
      "10.0.0.0": "c",
      "10.0.0.1": "a",
      "10.0.1.0": "b",
      "10.1.0.0": "a",
      "11.0.0.0": undefined,
    },
  }],
  ["10.0.0.255/32 c\n10.0.0.0/24 a\n10.0.0.0/8 b", {
    ...{ "10.0.0.254": "a", "10.0.0.255": "c", "10.0.1.0": "b" },
  }],
  ["255.255.255.255/32 last\n255.255.255.0/24 net\n255.0.0.0/8 big", {
    ...{ "255.255.255.255": "last", "255.255.255.254": "net", "255.255.254.255": "big" },
    "254.255.255.255": undefined,
  }],
  ["10.0.0.0/25 a\n10.0.0.128/25 a\n10.0.1.0/24 b", {
    ...{ "10.0.0.127": "a", "10.0.0.128": "a", "10.0.1.0": "b", "10.0.2.0": undefined },
  }],
  ["128.0.0.0/1 a\n0.0.0.0/1 b", { "127.255.255.255": "b", "128.0.0.0": "a" }],
  ["2001:db8::/32 doc\n2001:DB8:0:1::/64 one\n2001:db8::ff00:0/104 c\n2001:db8::5/128 five", {
    ...{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": undefined, "2001:db8::": "doc" },
    ...{ "2001:db8::5": "five", "2001:db8::6": "doc", "2001:db8:0:1::": "one" },
    ...{ "2001:db8::ff00:1": "c", "2001:db8::ffff:ffff": "c", "2001:db8:0:0:0:1::": "doc" },
    ...{
      "2001:db8:0:1:ffff:ffff:ffff:ffff": "one",
      "2001:db8:0:2::": "doc",
      "2001:db9::": undefined,
    },
    "2001:db8::5%eth0": "five",
  }],
  ["10.0.0.0/8 a\n10.0.0.0/8 a\n", { "10.0.0.0": "a" }],
  ["::/90 a", { "::1": "a", "1.2.3.4": undefined }],
];

Deno.test("ZoneTable.zoneOf() goes by the rule with the longest prefix", async () => {
  for (const [rules, zones] of RULES) {
    const table = await ZoneTable.parse(rules, "zones.txt");
    for (const [address, zone] of Object.entries(zones)) {
      assertEquals(zoneAt(table, address), zone, `${rules}: ${address}`);
    }
  }
});

const NO_NETWORK = "which is no network such as 192.0.2.0/24 or 2001:db8::/32";

/** A file with one mistake, and what is said of it. */
const MISTAKES: readonly (readonly [text: string, message: string])[] = [
  ["10.0.0.0/8", '1: "10.0.0.0/8" has no zone: write it as in 192.0.2.0/24 campus'],
  ["10.0.0.0/8 # a", "1: "],
  ["\n#\n10.0.0.0/8 a b", '3: "10.0.0.0/8 a b" has more than a network and a zone'],
  ["10.0.0.0/8 a+b", '1: "10.0.0.0/8 a+b" has the zone "a+b": write letters, digits, ., _ and -'],
  ["10.0.0.0/8 zone=a", '1: "10.0.0.0/8 zone=a" has the zone "zone=a"'],
  ["10.0.0.0/8,a", '1: "10.0.0.0/8,a" has no zone'],
  ["campus 10.0.0.0/8", `1: "campus 10.0.0.0/8" has "campus", ${NO_NETWORK}`],
  ["10.0.0.1 a", '1: "10.0.0.1 a" has no prefix length: write 10.0.0.1/32 for one address'],
  ["2001:db8::1 a", "has no prefix length: write 2001:db8::1/128 for one address"],
  ["10.0.0.1/8 a", '"10.0.0.1/8 a" has bits set behind its prefix: write 10.0.0.0/8'],
  ["10.0.0.1/31 a", "write 10.0.0.0/31"],
  ["1.2.3.4/0 a", "write 0.0.0.0/0"],
  ["2001:db8::1/64 a", "write 2001:db8::/64"],
  ["2001:db8:1::/33 a", "write 2001:db8::/33"],
  ["::1/127 a", "write ::/127"],
  ["::ffff:10.0.0.0/104 a", "has IPv4 addresses that are mapped to IPv6: write 10.0.0.0/8"],
  ["::ffff:a00:1/128 a", "write 10.0.0.1/32"],
  ["::ffff:0:0/96 a", "write 0.0.0.0/0"],
  ["::ffff:0:0/90 a", "has bits set behind its prefix: write ::"],
  ...[
    ...["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/08", "10.0.0.0/1e1"],
    ...["10/8", "10.0.0/24", "010.0.0.0/8", "0x0a.0.0.0/8", "256.0.0.0/8", "10.0.0.0.0/8"],
    ...["::/129", "1::2::3/8", ":::/8", "[::]/0", "fe80::%eth0/64", "1:2:3:4:5:6:7:8:9/8", "g::/8"],
    ...["/8", "a/8", "10.0.0.0-10.0.0.255", "10.0.0.*", "*", "all"],
  ].map((cidr) => [`${cidr} a`, `"${cidr} a" has "${cidr}", ${NO_NETWORK}`] as const),
  [
    "10.0.0.0/8 a\n\n11.0.0.0/8 b\n10.0.0.0/8 b",
    "zones.txt:4: gives the zone b to the network of line 1, which has a",
  ],
  ["::/0 a\n0:0::0/0 b", "2: gives the zone b to the network of line 1, which has a"],
  [
    "2.0.0.0/8 a\n1.0.0.0/8 a\n2.0.0.0/8 b\n1.0.0.0/8 b\n2.0.0.0/8 a",
    "3: gives the zone b to the network of line 1, which has a",
  ],
  ["1.0.0.0/8 a\n1.0.0.0/8 b\n1.0.0.0 c", "3: "],
  ["10.0.0.0/8 a\n10.0.0.0/8 A", "2: "],
];

Deno.test("ZoneTable.parse() names the line of a mistake, and what would be right", async () => {
  for (const [text, message] of MISTAKES) {
    const { message: actual } = await assertRejects(
      () => ZoneTable.parse(text, "zones.txt"),
      ServerListError,
      message,
    );
    assert(actual.startsWith("zones.txt:"), actual);
  }
});

Deno.test("ZoneTable.parse() keeps its message on one printable line of sensible length", async () => {
  const hostile = "a\u001b[2J\u2028\u202e\ud800";
  for (const text of [hostile, `${hostile} a`, `::/0 ${hostile}`, "\0".repeat(100_000)]) {
    const error = await assertRejects(() => ZoneTable.parse(text, "z"), ServerListError);
    assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(error.message), JSON.stringify(error.message));
    assert(error.message.length < 500, `${error.message.length} characters`);
  }
});

/** What is no address, of those that other programs read as one. */
const NO_ADDRESSES = [
  "",
  "1",
  "1.2.3",
  "01.2.3.4",
  "1.2.3.256",
  "1.2.3.4.5",
  "0x1.2.3.4",
  " 1.2.3.4",
]
  .concat(["1.2.3.4 ", "1.2.3.4\n", "a.b.c.d", ":", ":::", "[::1]", "::1]", "unknown", "_hidden"])
  .concat([
    "1.2.3.4:80",
    "::g",
    "1::2::3",
    "%eth0",
    "::ffff:1.2.3.256",
    "\0",
    "1:2:3:4:5:6:7",
    "0:".repeat(1e6),
    "1".repeat(1e6),
  ]);

Deno.test("parseAddress() knows addresses from other texts", () => {
  for (const text of NO_ADDRESSES) assertEquals(parseAddress(text), undefined, text.slice(0, 50));
  assertEquals(parseAddress("255.255.255.255")?.words, [2 ** 32 - 1]);
  assertEquals(parseAddress("::FFFF:1.2.3.4"), { words: [0x01020304], text: "1.2.3.4" });
  assertEquals(parseAddress("0000:0000:0000:0000:0000:ffff:255.255.255.255")?.words, [2 ** 32 - 1]);
  assertEquals(parseAddress("fe80::1%2"), { words: [0xfe800000, 0, 0, 1], text: "fe80::1" });
});

/** A network as bits: its prefix, in a space of so many bits. */
const anyNetwork = (bits: 32 | 128) =>
  fc.tuple(
    // Few different bits, so that networks hold each other and stand side by side.
    fc.array(fc.constantFrom("0", "1"), { maxLength: 7 }),
    fc.constantFrom("0", "1"),
    fc.integer({ min: 0, max: bits }),
    fc.constantFrom("a", "b", "c"),
  ).map(([head, filling, length, zone]) => ({
    prefix: head.join("").padEnd(bits, filling).slice(0, length),
    zone,
  }));

function addressOf(bits: string): string {
  if (bits.length === 32) {
    return bits.match(/.{8}/g)!.map((octet) => parseInt(octet, 2)).join(".");
  }
  return bits.match(/.{16}/g)!.map((part) => parseInt(part, 2).toString(16)).join(":");
}

for (const bits of [32, 128] as const) {
  Deno.test(`ZoneTable agrees with a search through all rules (${bits} bits)`, async () => {
    const property = fc.asyncProperty(
      fc.uniqueArray(anyNetwork(bits), { selector: ({ prefix }) => prefix, maxLength: 12 }),
      fc.array(anyNetwork(bits), { maxLength: 20 }),
      async (rules, addresses) => {
        const lines = rules.map(({ prefix, zone }) =>
          `${addressOf(prefix.padEnd(bits, "0"))}/${prefix.length} ${zone}`
        );
        const table = await ZoneTable.parse(lines.join("\n"), "z");
        // The first and the last address of each network, and their neighbours outside.
        const asked = [...rules, ...addresses].flatMap(({ prefix }) => {
          const first = BigInt(`0b0${prefix.padEnd(bits, "0")}`);
          const last = BigInt(`0b0${prefix.padEnd(bits, "1")}`);
          return [first - 1n, first, last, last + 1n];
        }).filter((address) => address >= 0n && address < 1n << BigInt(bits));
        for (const number of asked) {
          const address = number.toString(2).padStart(bits, "0");
          const holding = rules.filter(({ prefix }) => address.startsWith(prefix));
          const best = holding.toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
          const text = addressOf(address);
          const isMapped = text.startsWith("0:0:0:0:0:ffff:");
          if (!isMapped) assertEquals(zoneAt(table, text), best?.zone, text);
        }
      },
    );
    await fc.assert(property, { seed: 18, numRuns: 500 });
  });
}

Deno.test("ZoneTable holds 100,000 rules of each kind, and lets other work go on meanwhile", async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => {
    const [high, low] = [i >> 8, i & 255];
    return `${1 + (high >> 8)}.${high & 255}.${low}.0/24 z${i % 50}\n` +
      `2001:${high.toString(16)}:${low.toString(16)}::/48 z${i % 49}`;
  });
  let turns = 0;
  let isParsed = false;
  const counting = (async () => {
    for (; !isParsed; turns++) await turn();
  })();
  const table = await ZoneTable.parse(lines.join("\n"), "z");
  isParsed = true;
  await counting;
  assertEquals([table.rules, table.zones.size], [200_000, 50]);
  for (let i = 0; i < 100_000; i += 997) {
    const [high, low] = [i >> 8, i & 255];
    const ipv4 = `${1 + (high >> 8)}.${high & 255}.${low}.77`;
    assertEquals(zoneAt(table, ipv4), `z${i % 50}`);
    assertEquals(zoneAt(table, `2001:${high.toString(16)}:${low.toString(16)}::7`), `z${i % 49}`);
  }
  assertEquals(zoneAt(table, "0.255.255.255"), undefined);
  assert(turns > 100, `${turns} turns`);
});
