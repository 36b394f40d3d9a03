import { assertEquals } from "@std/assert";
import { continentOf, isContinent, isSamePlace } from "../../../lib/balancing/list/place.ts";
import { parseServer } from "../../../lib/balancing/list/server.ts";

/** One of each continent, and some that tables differ about or leave out. */
const CONTINENTS: Readonly<Record<string, string | undefined>> = {
  ...{ za: "af", aq: "an", jp: "as", de: "eu", us: "na", nz: "oc", br: "sa" },
  ...{ cy: "eu", ru: "eu", tr: "as", ge: "as", xk: "eu", eg: "af", gf: "sa", um: "oc", ss: "af" },
  ...{ uk: undefined, eu: undefined, ap: undefined, an: undefined, DE: undefined, "": undefined },
  ...{ "de at": undefined, constructor: undefined },
};

Deno.test("continentOf() knows the countries of ISO 3166-1 and no other code", () => {
  for (const [country, continent] of Object.entries(CONTINENTS)) {
    assertEquals(continentOf(country), continent, country);
  }
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  const known = codes.map(continentOf).filter((it) => it !== undefined);
  assertEquals(known.length, 250); // 249, and Kosovo.
  assertEquals(new Set(known).size, 7);
  assertEquals(known.every(isContinent), true);
});

Deno.test("isSamePlace() compares what lists say", () => {
  const options = ["", "zone=a", "zone=b", "zone=a+b", "country=de", "country=de zone=a"];
  for (const one of options) {
    for (const other of options) {
      const servers = [
        parseServer(`a:1 ${one}`.trim()),
        parseServer(`a:1 ${other}`.trim()),
      ] as const;
      assertEquals(isSamePlace(...servers), one === other, `${one} and ${other}`);
    }
  }
  const order = isSamePlace(
    parseServer("a:1 country=de zone=a"),
    parseServer("a:1,zone=a,country=DE"),
  );
  assertEquals(order, true);
});
