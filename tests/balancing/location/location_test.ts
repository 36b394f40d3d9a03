import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { parseServer } from "../../../lib/balancing/list/server.ts";
import { Locator } from "../../../lib/balancing/location/location.ts";
import { UsageError } from "../../../lib/cli/command.ts";
import { mmdbFile, type MmdbValue } from "../../support/mmdb_file.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const ZONES = "10.0.0.0/8 campus\n10.1.0.0/16 library\n2001:db8::/32 campus\n";

const COUNTRIES: Readonly<Record<string, MmdbValue>> = {
  "10.0.0.0/9": { country_code: "DE" },
  "192.0.2.0/24": { country: { iso_code: "US" }, continent: { code: "NA" } },
  "198.51.100.0/24": { continent: { code: "AS" } },
  "2001:db8::/32": { country_code: "FR" },
};

/** A locator with both files, and where they are. */
async function both(zones = ZONES, countries = COUNTRIES) {
  const files = { zones, "x.mmdb": mmdbFile(countries) };
  const directory = await TemporaryDirectory.with(files);
  const options = { zones: directory.join("zones"), geoip: directory.join("x.mmdb") };
  const locator = (await Locator.open(options, () => {}))!;
  return {
    directory,
    options,
    locator,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

const DE = { country: "de", continent: "eu" } as const;

/** Addresses of clients and where they are. */
const PLACES: readonly (readonly [address: string, place: object])[] = [
  ["10.0.0.1", { zone: "campus", ...DE }],
  ["10.1.2.3", { zone: "library", ...DE }],
  ["::ffff:10.1.2.3", { zone: "library", ...DE }],
  ["::ffff:0a01:0203", { zone: "library", ...DE }],
  ["10.200.0.1", { zone: "campus" }],
  ["192.0.2.1", { country: "us", continent: "na" }],
  ["198.51.100.1", { continent: "as" }],
  ["2001:db8::1", { zone: "campus", country: "fr", continent: "eu" }],
  ["2001:db8::1%eth0", { zone: "campus", country: "fr", continent: "eu" }],
  ["127.0.0.1", {}],
  ["unknown", {}],
  ["", {}],
];

Deno.test("Locator.placeOf() knows the places of clients, equal ones as one object", async () => {
  await using stage = await both();
  const { locator } = stage;
  for (let times = 0; times < 2; times++) {
    for (const [address, place] of PLACES) assertEquals(locator.placeOf(address), place, address);
  }
  assertStrictEquals(locator.placeOf("10.0.0.1"), locator.placeOf("10.0.9.9"));
  assertStrictEquals(locator.placeOf("unknown"), locator.placeOf("203.0.113.1"));
  assert(locator.placeOf("10.0.0.1") !== locator.placeOf("10.1.0.1"));
});

Deno.test("Locator.placeOf() is the same for a crowd of clients", async () => {
  await using stage = await both();
  const address = (i: number) => `10.${i & 1}.${(i >> 8) & 255}.${i & 255}`;
  const before = [stage.locator.placeOf(address(0)), stage.locator.placeOf(address(1))];
  for (let i = 0; i < 60_000; i++) {
    assertStrictEquals(stage.locator.placeOf(address(i)), before[i & 1]);
  }
});

/** Servers as they are listed, and where they are. */
const SERVERS: readonly (readonly [entry: string, place: object])[] = [
  ["10.1.0.1:80", { zones: ["library"], ...DE }],
  ["10.1.0.1:80,zone=a+b", { zones: ["a", "b"], ...DE }],
  ["10.1.0.1:80,country=us", { zones: ["library"], country: "us", continent: "na" }],
  ["10.1.0.1:80,continent=as", { zones: ["library"], continent: "as" }],
  ["web:80,country=de,continent=as", { zones: [], country: "de", continent: "as" }],
  ["web:80", { zones: [] }],
  ["web:80,zone=a", { zones: ["a"] }],
  ["10.1.0.1:80=http://web", { zones: [] }],
  ["10.1.0.1:80=http://192.0.2.1/pub", { zones: [], country: "us", continent: "na" }],
  ["web:80=https://[2001:DB8::1]:8443", { zones: ["campus"], country: "fr", continent: "eu" }],
  ["[::1]:80", { zones: [] }],
];

Deno.test("Locator.placeOfServer() goes by the list, and then by the public address", async () => {
  await using stage = await both();
  for (const [entry, place] of SERVERS) {
    assertEquals(stage.locator.placeOfServer(parseServer(entry)), place, entry);
  }
});

Deno.test("Locator.open() opens either file, and nothing where there is none", async () => {
  await using stage = await both();
  const { zones, geoip } = stage.options;
  const none = () => {};
  assertEquals(await Locator.open({ zones: undefined, geoip: undefined }, none), undefined);
  const byZones = (await Locator.open({ zones, geoip: undefined }, none))!;
  assertEquals(byZones.placeOf("10.0.0.1"), { zone: "campus" });
  assertEquals(byZones.description, "3 rules for 2 zones");
  assertEquals([...byZones.zones], ["campus", "library"]);
  const byGeoip = (await Locator.open({ zones: undefined, geoip }, none))!;
  assertEquals(byGeoip.placeOf("10.0.0.1"), DE);
  assertEquals(byGeoip.description, 'the database "Test-Country" of 2026-11-20');
  assertEquals(byGeoip.zones.size, 0);
  assertEquals(
    stage.locator.description,
    '3 rules for 2 zones and the database "Test-Country" of 2026-11-20',
  );
});

Deno.test("Locator.reload() goes by the new files, in which equal places are still one object", async () => {
  await using stage = await both();
  const { locator, directory } = stage;
  const [library, revision] = [locator.placeOf("10.1.0.1"), locator.revision];
  await directory.write("zones", "10.0.0.0/8 library\n");
  assertStrictEquals(locator.placeOf("10.0.0.1"), locator.placeOf("10.0.0.1"));
  assertEquals(locator.placeOf("10.0.0.1").zone, "campus");
  await locator.reload();
  assertStrictEquals(locator.placeOf("10.0.0.1"), library);
  assert(locator.revision !== revision);
  await directory.write("x.mmdb", mmdbFile({ "10.0.0.0/8": { country_code: "AT" } }));
  await locator.reload();
  assertEquals(locator.placeOf("10.0.0.1"), { zone: "library", country: "at", continent: "eu" });
});

Deno.test("Locator.reload() leaves both as they were when one has a mistake", async () => {
  await using stage = await both();
  const { locator, directory, options } = stage;
  const { revision } = locator;
  const fails = async (message: string) => {
    await assertRejects(() => locator.reload(), UsageError, message);
    assertEquals([locator.revision, locator.placeOf("10.0.0.1").zone], [revision, "campus"]);
    assertEquals(locator.placeOf("10.0.0.1").country, "de");
  };
  await directory.write("zones", "10.0.0.0/8 other\n");
  await directory.write("x.mmdb", mmdbFile(COUNTRIES).slice(0, -9));
  await fails(`--geoip=${options.geoip} is damaged: `);
  await directory.write("x.mmdb", mmdbFile({ "10.0.0.0/8": { country_code: "AT" } }));
  await directory.write("zones", "10.0.0.0/8 other\n10.0.0.1/8 other\n");
  await fails(`${options.zones}:2: "10.0.0.1/8 other" has bits set behind its prefix`);
  await Deno.remove(options.zones);
  await fails(`--zones=${options.zones} does not exist`);
  await Deno.mkdir(options.zones);
  await fails(`--zones=${options.zones} is a directory`);
});

Deno.test("Locator logs damage that a client comes upon, once for each reading", async () => {
  const damaged = { ...COUNTRIES, "10.9.9.0/24": Uint8Array.from([0x20, 0xff]) };
  await using directory = await TemporaryDirectory.with({ "x.mmdb": mmdbFile(damaged) });
  const geoip = directory.join("x.mmdb");
  const logged: string[] = [];
  const locator = await Locator.open({ zones: undefined, geoip }, (line) => logged.push(line));
  for (const client of ["10.9.9.1", "10.9.9.2", "10.9.9.1"]) {
    assertEquals(locator!.placeOf(client), {});
  }
  assertEquals(logged, [`--geoip=${geoip} is damaged: a value lies outside of its section`]);
  assertEquals(locator!.placeOf("10.0.0.1"), DE);
});
