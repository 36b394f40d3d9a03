/**
 * Where a server is, as a list says it: zones of the operator's own, country and continent.
 *
 * @module
 */

import { quote, refuse } from "./endpoint.ts";

/** Where a server is; what is not listed is absent. */
export interface PlaceOptions {
  /** Names of zones, as in the rules of `--zones`. */
  readonly zones?: readonly string[];
  /** ISO 3166-1 alpha-2, in lower case. */
  readonly country?: string;
  readonly continent?: Continent;
}

/** The continents as GeoNames and MaxMind write them, in lower case. */
export type Continent = "af" | "an" | "as" | "eu" | "na" | "oc" | "sa";

/**
 * All countries of ISO 3166-1, and `xk` for Kosovo, by the continents of GeoNames. A table, since
 * the packages that have it weigh fifty times as much and bring names, languages and currencies.
 */
const COUNTRIES: Readonly<Record<Continent, string>> = {
  af: "ao bf bi bj bw cd cf cg ci cm cv dj dz eg eh er et ga gh gm gn gq gw ke km lr ls ly ma " +
    "mg ml mr mu mw mz na ne ng re rw sc sd sh sl sn so ss st sz td tg tn tz ug yt za zm zw",
  an: "aq bv gs hm tf",
  as: "ae af am az bd bh bn bt cc cn cx ge hk id il in io iq ir jo jp kg kh kp kr kw kz la lb " +
    "lk mm mn mo mv my np om ph pk ps qa sa sg sy th tj tm tr tw uz vn ye",
  eu: "ad al at ax ba be bg by ch cy cz de dk ee es fi fo fr gb gg gi gr hr hu ie im is it je " +
    "li lt lu lv mc md me mk mt nl no pl pt ro rs ru se si sj sk sm ua va xk",
  na: "ag ai aw bb bl bm bq bs bz ca cr cu cw dm do gd gl gp gt hn ht jm kn ky lc mf mq ms mx " +
    "ni pa pm pr sv sx tc tt us vc vg vi",
  oc: "as au ck fj fm gu ki mh mp nc nf nr nu nz pf pg pn pw sb tk tl to tv um vu wf ws",
  sa: "ar bo br cl co ec fk gf gy pe py sr uy ve",
};

const CONTINENT_NAMES = Object.keys(COUNTRIES) as Continent[];

const CONTINENT_BY_COUNTRY: ReadonlyMap<string, Continent> = new Map(
  CONTINENT_NAMES.flatMap((continent) =>
    COUNTRIES[continent].split(" ").map((country) => [country, continent] as const)
  ),
);

/** The continent of a country in lower case; undefined if there is no such country. */
export function continentOf(country: string): Continent | undefined {
  return CONTINENT_BY_COUNTRY.get(country);
}

/** Whether a text names a continent, in lower case. */
export function isContinent(text: string): text is Continent {
  return Object.hasOwn(COUNTRIES, text);
}

const ZONE = /^[a-z\d](?:[\w.-]{0,62}[a-z\d])?$/i;

/** The names of zones that are accepted, in words. */
export const ZONE_NAMES = "letters, digits, ., _ and -, up to 64";

/** Whether a text can name a zone; upper and lower case differ. */
export function isZone(text: string): boolean {
  return ZONE.test(text);
}

/** How a list names the options of a place. */
export type PlaceOptionName = "zone" | "country" | "continent";

/** Whether an option tells of a place. */
export function isPlaceOption(name: string): name is PlaceOptionName {
  return name === "zone" || name === "country" || name === "continent";
}

/**
 * Parses the value of one option of a place: of `zone` names joined by `+`, of `country` and
 * `continent` a code in either case.
 *
 * @param whole the entry, which errors quote
 * @throws {ServerListError} if the value is malformed
 */
export function parsePlaceOption(
  name: PlaceOptionName,
  value: string,
  whole: string,
): PlaceOptions {
  if (name === "zone") return { zones: parseZones(value, whole) };
  const code = value.toLowerCase();
  if (name === "country") {
    if (code === "uk") refuse(whole, 'has the country "uk": write gb for the United Kingdom');
    if (continentOf(code) === undefined) {
      refuse(whole, `has the country ${quote(value)}: write the two letters of ISO 3166-1, as de`);
    }
    return { country: code };
  }
  if (!isContinent(code)) {
    const names = CONTINENT_NAMES.join(", ");
    refuse(whole, `has the continent ${quote(value)}: write one of ${names}`);
  }
  return { continent: code };
}

function parseZones(value: string, whole: string): string[] {
  const zones = value.split("+");
  for (const [index, zone] of zones.entries()) {
    if (!isZone(zone)) {
      refuse(whole, `has the zone ${quote(zone)}: write ${ZONE_NAMES}; several joined by +`);
    }
    if (zones.indexOf(zone) !== index) refuse(whole, `says the zone ${quote(zone)} twice`);
  }
  return zones;
}

/** Whether two lists say the same of a place. */
export function isSamePlace(a: PlaceOptions, b: PlaceOptions): boolean {
  return placeText(a) === placeText(b);
}

/** The options of a place as a list has them; empty for none. */
export function placeText({ zones, country, continent }: PlaceOptions): string {
  return [
    ...(zones === undefined ? [] : [`zone=${zones.join("+")}`]),
    ...(country === undefined ? [] : [`country=${country}`]),
    ...(continent === undefined ? [] : [`continent=${continent}`]),
  ].join(" ");
}
