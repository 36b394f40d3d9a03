import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type CountryRecord,
  countryRecordOf,
  GeoIp,
} from "../../../lib/balancing/location/geoip.ts";
import { UsageError } from "../../../lib/cli/command.ts";
import { control, encode, mmdbFile, type MmdbValue, pointer } from "../../support/mmdb_file.ts";
import { randomInteger, seededRandom } from "../../support/random.ts";

const NAMES = { names: { en: "Germany", de: "Deutschland", ja: "ドイツ連邦共和国" } };

/** Records as databases have them, and what is read of each. */
const RECORDS: readonly (readonly [record: MmdbValue, found: CountryRecord])[] = [
  // MaxMind's GeoLite2-Country and GeoLite2-City.
  [{
    continent: { code: "EU", geoname_id: 6255148, ...NAMES },
    country: { geoname_id: 2921044, iso_code: "DE", is_in_european_union: true, ...NAMES },
    registered_country: { iso_code: "FR" },
    city: NAMES,
    subdivisions: [{ iso_code: "BE" }],
  }, { country: "de", continent: "eu" }],
  [{ continent: { code: "EU" }, registered_country: { iso_code: "FR" } }, { continent: "eu" }],
  [{ registered_country: { iso_code: "FR" } }, {}],
  [{ country: { iso_code: "TR" } }, { country: "tr", continent: "as" }],
  [{ continent: { code: "AS" }, country: { iso_code: "CY" } }, { country: "cy", continent: "as" }],
  // DB-IP's Country Lite.
  [
    { continent: { code: "OC", geoname_id: 6255151 }, country: { iso_code: "AU" } },
    { country: "au", continent: "oc" },
  ],
  // ip-location-db.
  [{ country_code: "JP" }, { country: "jp", continent: "as" }],
  // IPinfo, as it was and as it is.
  [
    {
      country: "US",
      country_name: "United States",
      continent: "NA",
      continent_name: "North America",
    },
    { country: "us", continent: "na" },
  ],
  [{
    ...{ asn: "AS15169", country: "United States", country_code: "US" },
    ...{ continent: "North America", continent_code: "NA" },
  }, { country: "us", continent: "na" }],
  // Codes of no country, and other types than are expected.
  [{ country: { iso_code: "EU" }, continent: { code: "EU" } }, { continent: "eu" }],
  [{ country_code: "ZZ" }, {}],
  [{ country_code: "" }, {}],
  [{ country_code: "DEU" }, {}],
  [{ country: { iso_code: 49 }, continent: ["EU"] }, {}],
  [{ country: { iso_code: { iso_code: "DE" } } }, {}],
  [{ country_code: "xk" }, { country: "xk", continent: "eu" }],
  [{ autonomous_system_number: 1, autonomous_system_organization: "DE" }, {}],
  [["DE"], {}],
  ["DE", {}],
  [7, {}],
];

function open(bytes: Uint8Array<ArrayBuffer>): GeoIp {
  return new GeoIp(bytes, "--geoip=x.mmdb", (reason) => {
    throw new Error(`damaged: ${reason}`);
  });
}

Deno.test("GeoIp.lookUp() reads records of every shape, in trees of every kind", () => {
  for (const ipVersion of [4, 6] as const) {
    for (const recordSize of [24, 28, 32] as const) {
      const networks = RECORDS.map(([record], i) => [`10.0.${i}.0/24`, record] as const);
      const records = { ...Object.fromEntries(networks), "11.0.0.0/8": { country_code: "DE" } };
      const database = open(mmdbFile(records, { ipVersion, recordSize }));
      for (let times = 0; times < 2; times++) { // The second time it is remembered.
        for (const [i, [record, found]] of RECORDS.entries()) {
          assertEquals(database.lookUp(`10.0.${i}.7`), found, JSON.stringify(record));
        }
      }
      assertEquals(database.lookUp("12.0.0.1"), {});
    }
  }
});

Deno.test("countryRecordOf() takes no member for one that a record inherits", () => {
  for (const record of [undefined, null, [], () => {}, { country: null }, new Map()]) {
    assertEquals(countryRecordOf(record), {});
  }
});

Deno.test("GeoIp.lookUp() tells IPv4 from IPv6", () => {
  const records = {
    "2001:db8::/32": { country_code: "FR" },
    "32.1.0.0/16": { country_code: "US" },
  };
  const both = open(mmdbFile(records));
  assertEquals(both.lookUp("2001:db8::1").country, "fr");
  assertEquals(both.lookUp("32.1.2.3").country, "us");
  const { "2001:db8::/32": _, ...ipv4Records } = records;
  const ipv4 = open(mmdbFile(ipv4Records, { ipVersion: 4 }));
  assertEquals(ipv4.lookUp("32.1.2.3").country, "us");
  assertEquals(ipv4.lookUp("2001:db8::1"), {}); // Its first 32 bits are those of 32.1.13.184.
});

Deno.test("GeoIp describes its database", () => {
  const records = { "10.0.0.0/8": { country_code: "DE" } };
  const described = (type: string, metadata = {}) =>
    open(mmdbFile(records, { type, metadata })).description;
  assertEquals(described("GeoLite2-Country"), '"GeoLite2-Country" of 2026-11-20');
  assertEquals(described("a\n\u001b[2J"), '"a\\u{a}\\u{1b}[2J" of 2026-11-20');
  assertEquals(described("x", { build_epoch: "soon" }), '"x" of unknown age');
});

const GOOD = mmdbFile({
  "10.0.0.0/8": { country_code: "DE" },
  "11.0.0.0/8": { country_code: "FR" },
});

const NO_FORMAT = "--geoip=x.mmdb is no database in MaxMind's format, or is cut off";
const SIZES = "--geoip=x.mmdb is damaged: its sizes do not fit together";

function withMetadata(metadata: Record<string, MmdbValue>): Uint8Array<ArrayBuffer> {
  return mmdbFile({ "10.0.0.0/8": { country_code: "DE" } }, { metadata });
}

/** The marker, and then something else than it should be. */
function withEnd(...bytes: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...GOOD.subarray(0, markerAt(GOOD) + 14), ...bytes]);
}

function markerAt(bytes: Uint8Array): number {
  return String.fromCharCode(...bytes).lastIndexOf("\xAB\xCD\xEFMaxMind.com");
}

/** Records of networks without countries: 1.0.0.0/8 and so on. */
function networkRecords(count: number): Record<string, MmdbValue> {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  return Object.fromEntries(
    numbers.map((it) => [`${it}.0.0.0/8`, { autonomous_system_number: it }]),
  );
}

const DAMAGED = "--geoip=x.mmdb is damaged: ";

/** Files that are refused, and the message. */
const REFUSED:
  readonly (readonly [story: string, bytes: Uint8Array<ArrayBuffer>, message: string])[] = [
    ["empty", new Uint8Array(), NO_FORMAT],
    ["a text", new TextEncoder().encode("10.0.0.0/8 campus\n"), NO_FORMAT],
    [
      "cut off in the metadata",
      GOOD.slice(0, -20),
      `${DAMAGED}a value lies outside of its section`,
    ],
    ["cut off behind the marker", GOOD.slice(0, markerAt(GOOD) + 14), `${DAMAGED}its metadata is`],
    ["cut off in the marker", GOOD.slice(0, markerAt(GOOD) + 13), NO_FORMAT],
    ["its beginning is missing", GOOD.slice(30), SIZES],
    ["a byte too many at the beginning", Uint8Array.from([0, ...GOOD]), SIZES],
    ["128 KiB behind the marker", Uint8Array.from([...GOOD, ...Array(131_072).fill(0)]), NO_FORMAT],
    ["version 3", withMetadata({ binary_format_major_version: 3 }), "its format has the version 3"],
    ["records of 20 bits", withMetadata({ record_size: 20 }), `${DAMAGED}Unsupported record size`],
    ["records of text", withMetadata({ record_size: "24" }), `${DAMAGED}Unsupported record size`],
    ["IPv5", withMetadata({ ip_version: 5 }), SIZES],
    ["no nodes", withMetadata({ node_count: 0 }), DAMAGED],
    ["more nodes than bytes", withMetadata({ node_count: 2 ** 32 - 1 }), DAMAGED],
    ["fewer nodes", withMetadata({ node_count: 3 }), DAMAGED],
    ["nodes in words", withMetadata({ node_count: "many" }), DAMAGED],
    ["nodes in a map", withMetadata({ node_count: {} }), DAMAGED],
    ["metadata of one text", withEnd(...encode("MaxMind")), `${DAMAGED}its metadata is unknown`],
    ["metadata of 15 members", withEnd(0xef), `${DAMAGED}its metadata is unknown`],
    ["no members", withEnd(...encode({})), `${DAMAGED}Unsupported record size`],
    [
      "members that never end",
      withEnd(...control(7, 14), ...pointer(0)),
      `${DAMAGED}a name is no text`,
    ],
    [
      "a member that is itself",
      withEnd(...control(7, 1), ...encode("a"), ...pointer(0)),
      "too many levels",
    ],
    [
      "a database of networks",
      mmdbFile(networkRecords(20), { type: "GeoLite2-ASN" }),
      '--geoip=x.mmdb is "GeoLite2-ASN" of 2026-11-20, which knows no countries',
    ],
  ];

Deno.test("GeoIp refuses what is no database of countries, in one line", () => {
  for (const [story, bytes, message] of REFUSED) {
    const error = assertThrows(() => open(bytes), UsageError, message);
    assert(error.message.startsWith("--geoip=x.mmdb is ") && !error.message.includes("\n"), story);
  }
});

Deno.test("GeoIp accepts a database that knows few addresses, or none of a country", () => {
  open(mmdbFile({ "10.0.0.0/24": { country_code: "DE" } }));
  open(mmdbFile(networkRecords(19)));
  open(mmdbFile({ ...networkRecords(100), "101.0.0.0/8": { country_code: "DE" } }));
});

/** A map of two members that are both the map behind it, and so on: 2^n values from n records. */
function bomb(levels: number): number[] {
  const bytes: number[] = [];
  const size = control(7, 2).length + 2 * (encode("a").length + pointer(0).length);
  for (let level = 1; level <= levels; level++) {
    bytes.push(...control(7, 2));
    for (const name of ["a", "b"]) bytes.push(...encode(name), ...pointer(level * size));
  }
  return [...bytes, ...encode("end")];
}

/** Hostile records; each is at the offset 0 of the data. */
const HOSTILE: Readonly<Record<string, readonly number[]>> = {
  "a pointer to itself": pointer(0),
  "a pointer to the end": pointer(2 ** 31),
  "a pointer before the data": [0x20, 0xff],
  "a map that holds itself": [...control(7, 1), ...encode("a"), ...pointer(0)],
  "maps of maps, 2^25 values": bomb(25),
  "an array of 16 million": control(11, 2 ** 24),
  "arrays within arrays": Array(1000).fill(control(11, 1)).flat(),
  "an array of 20,000 texts": [...control(11, 20_000), ...Array(20_000).fill(0x40)],
  "a text of 16 MB": control(2, 2 ** 24),
  "a text of 300 KB": [...control(2, 300_000), ...Array(300_000).fill(0x61)],
  "a text of 60 KB, five times": [
    ...control(11, 5),
    ...control(2, 60_000),
    ...Array(60_000).fill(0x61),
    ...Array(4).fill(pointer(control(11, 5).length)).flat(),
  ],
  "a name that is a map": [...control(7, 1), ...encode({}), ...encode("a")],
  "a double of two bytes": [...control(3, 2), 0, 0],
  "an integer of 20 bytes": [...control(9, 20), ...Array(20).fill(1)],
  "an unknown type": [0, 0],
  "a container": [0, 12 - 7],
  "an end marker": [0, 13 - 7],
  "a boolean of 31": [31, 14 - 7, 0, 0, 0],
  "nothing more": [],
};

Deno.test("GeoIp.lookUp() knows nothing of hostile records, and says that once", () => {
  for (const [story, bytes] of Object.entries(HOSTILE)) {
    const reasons: string[] = [];
    const records = {
      "10.9.9.0/24": Uint8Array.from(bytes),
      ...(bytes.length > 0 && { "11.0.0.0/8": { country_code: "DE" } }),
    };
    const database = new GeoIp(mmdbFile(records), "x", (reason) => reasons.push(reason));
    for (let times = 0; times < 3; times++) assertEquals(database.lookUp("10.9.9.9"), {}, story);
    if (bytes.length > 0) assertEquals(database.lookUp("11.0.0.1").country, "de", story);
    assertEquals(reasons.length, 1, `${story}: ${reasons}`);
  }
});

Deno.test("GeoIp.lookUp() does not let a record change what others inherit", () => {
  const record = [...control(7, 1), ...encode("__proto__"), ...encode({ country_code: "FR" })];
  const database = open(mmdbFile({
    "10.9.9.0/24": Uint8Array.from(record),
    "11.0.0.0/8": { x: "y" },
    "12.0.0.0/8": { country_code: "DE" },
  }));
  database.lookUp("10.9.9.9");
  assertEquals(database.lookUp("11.0.0.1"), {});
  assertEquals(({} as Record<string, unknown>).country_code, undefined);
});

const ADDRESSES = ["1.1.1.1", "10.0.0.1", "10.0.3.9", "11.2.3.4", "255.255.255.255", "0.0.0.0"]
  .concat(["2001:db8::1", "2001:db8:ffff::", "::", "ffff::"]);

Deno.test("GeoIp survives any change of bytes", () => {
  const random = seededRandom(18);
  const records = Object.fromEntries([
    ...RECORDS.map(([record], i) => [`10.0.${i}.0/24`, record] as const),
    ["2001:db8::/32", { country: { iso_code: "FR" }, names: NAMES }],
    ["11.0.0.0/8", Uint8Array.from([...control(7, 1), ...encode("country_code"), ...pointer(0)])],
  ]);
  let opened = 0;
  for (let i = 0; i < 3000; i++) {
    const recordSize = ([24, 28, 32] as const)[i % 3]!;
    const bytes = mmdbFile(records, { ipVersion: i % 2 === 0 ? 4 : 6, recordSize });
    // Half of the changes are in the metadata, which decides over all else.
    const from = random() < 0.5 ? markerAt(bytes) : 0;
    for (let changes = 1 + randomInteger(random, 4); changes > 0; changes--) {
      const at = from + randomInteger(random, bytes.length - from);
      bytes[at] = random() < 0.5 ? randomInteger(random, 256) : bytes[at]! ^ (1 << (i % 8));
    }
    const cut = random() < 0.1 ? bytes.slice(0, randomInteger(random, bytes.length)) : bytes;
    let database: GeoIp;
    try {
      database = new GeoIp(cut, "x", () => {});
    } catch (error) {
      assert(error instanceof UsageError && !error.message.includes("\n"), `${i}: ${error}`);
      continue;
    }
    opened++;
    for (const address of ADDRESSES) {
      const { country = "de", continent = "eu" } = database.lookUp(address);
      assert(/^[a-z]{2}$/.test(country) && /^[a-z]{2}$/.test(continent), `${i}: ${address}`);
    }
  }
  assert(opened > 500, `${opened} were opened`);
});
