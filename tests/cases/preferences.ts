import type { ContentCoding } from "../../lib/http/negotiation.ts";
import { type Case } from "./case.ts";

/** Field lines, and the coding they get of a file that is there in all of them. */
export interface CodingCase extends Case {
  readonly coding: ContentCoding;
}

/** Field lines, and the form they get of a listing that is there as a page and as JSON. */
export interface TypeCase extends Case {
  readonly mediaType: "text/html" | "application/json";
}

function coding(
  section: string,
  story: string,
  fieldValue: string,
  chosen: ContentCoding,
): CodingCase {
  return { section, story, raw: `Accept-Encoding: ${fieldValue}\r\n`, coding: chosen };
}

/** Our order is br, zstd, gzip. */
export const CODINGS: readonly CodingCase[] = [
  { section: "9110 §12.5.3", story: "no field: as it is", raw: "", coding: "identity" },
  coding("9110 §12.5.3", "an empty field: as it is", "", "identity"),
  coding("9110 §12.5.3", "one", "gzip", "gzip"),
  coding("9110 §12.5.3", "what browsers send", "gzip, deflate, br, zstd", "br"),
  coding("9110 §12.5.3", "what curl sends", "deflate, gzip, br, zstd", "br"),
  coding("9110 §12.5.3", "what older browsers send", "gzip, deflate", "gzip"),
  coding("9110 §12.5.3", "one that we do not know", "compress", "identity"),
  coding("9110 §12.5.3", "one that we do not know, and one that we do", "compress, gzip", "gzip"),
  coding("9110 §8.4.1", "capitals", "GZIP", "gzip"),
  coding("9110 §8.4.1.3", "the old name", "x-gzip", "gzip"),
  coding("9110 §8.4.1.3", "the old name, ruled out", "x-gzip;q=0, *", "br"),
  coding("9110 §12.5.3", "whatever there is", "*", "br"),
  coding("9110 §12.5.3", "whatever there is but one", "*, br;q=0", "zstd"),
  coding("9110 §12.5.3", "the highest weight wins", "br;q=0.5, gzip;q=1.0", "gzip"),
  coding("9110 §12.5.3", "the highest of three", "br;q=0.1, zstd;q=0.2, gzip;q=0.3", "gzip"),
  coding("9110 §12.4.2", "equal weights: ours", "gzip;q=0.5, br;q=0.5", "br"),
  coding("9110 §12.4.2", "three digits count", "br;q=0.998, gzip;q=0.999", "gzip"),
  coding("9110 §12.4.2", "the smallest weight is not none", "gzip;q=0.001", "gzip"),
  coding("9110 §12.4.2", "weight 0 says no", "br;q=0, gzip", "gzip"),
  coding("9110 §12.4.2", "weight 0 in many digits says no", "gzip;q=0.000", "identity"),
  coding("9110 §12.4.2", "a capital Q", "br;Q=0.1, gzip;Q=0.9", "gzip"),
  coding("9110 §12.4.2", "white space around the weight", "br\t; q=0.1 , gzip ;q=0.9", "gzip"),
  coding("9110 §12.5.3", "as it is, and nothing else", "identity", "identity"),
  coding("9110 §12.5.3", "as it is, rather than coded", "identity, gzip;q=0.5", "identity"),
  coding("9110 §12.5.3", "coded, rather than as it is", "identity;q=0.5, gzip", "gzip"),
  coding("9110 §12.5.3", "liked equally: coded", "identity, gzip", "gzip"),
  coding("9110 §12.5.3", "nothing else, in so many words", "identity, *;q=0", "identity"),
  coding("9110 §12.5.3", "the last example", "gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
  coding("9110 §12.5.3", "whatever there is, rather than one", "gzip;q=0.2, *;q=0.5", "br"),
  coding("9110 §12.5.3", "not as it is", "identity;q=0, gzip", "gzip"),
  coding(
    "9110 §12.4.1",
    "not as it is, nor in any way we know",
    "identity;q=0, compress",
    "identity",
  ),
  coding("9110 §12.4.1", "in no way at all", "*;q=0", "identity"),
  coding("9110 §12.5.3", "the first of two lines for one counts", "gzip;q=0, gzip", "identity"),
  coding("9110 §5.6.1.2", "empty members", ",, gzip,,", "gzip"),
  coding("9110 §12.4.2", "a weight over 1 cannot be read", "gzip;q=1.001", "identity"),
  coding("9110 §12.4.2", "a weight of four digits cannot be read", "gzip;q=0.1234", "identity"),
  coding("9110 §12.4.2", "a weight without its zero cannot be read", "gzip;q=.5", "identity"),
  coding("9110 §12.4.2", "a negative weight cannot be read", "gzip;q=-1", "identity"),
  coding("9110 §12.4.2", "a weight of a word cannot be read", "gzip;q=high", "identity"),
  coding("9110 §12.4.2", "no weight behind q cannot be read", "gzip;q=", "identity"),
  coding("9110 §12.4.2", "SP around the equals sign cannot be read", "gzip;q = 1", "identity"),
  coding("9110 §12.4.2", "a comma as the decimal point", "br;q=0,5, gzip", "gzip"),
  coding("9110 §12.5.3", "two words cannot be read", "gzip br", "identity"),
  coding("9110 §12.5.3", "quotes cannot be read", '"gzip"', "identity"),
  coding("9110 §12.5.3", "what cannot be read leaves the rest", "@, br;q=x, gzip", "gzip"),
  {
    section: "9110 §5.3",
    story: "two lines that make one list",
    raw: "Accept-Encoding: gzip;q=0.5\r\nAccept-Encoding: zstd\r\n",
    coding: "zstd",
  },
];

function html(section: string, story: string, fieldValue: string): TypeCase {
  return { section, story, raw: `Accept: ${fieldValue}\r\n`, mediaType: "text/html" };
}

function json(section: string, story: string, fieldValue: string): TypeCase {
  return { section, story, raw: `Accept: ${fieldValue}\r\n`, mediaType: "application/json" };
}

/** A page, unless JSON is liked better. */
export const TYPES: readonly TypeCase[] = [
  { section: "9110 §12.4.1", story: "no field", raw: "", mediaType: "text/html" },
  html("9110 §12.5.1", "an empty field", ""),
  html("9110 §12.5.1", "what curl sends", "*/*"),
  html(
    "9110 §12.5.1",
    "what browsers send",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
  ),
  json("9110 §12.5.1", "JSON", "application/json"),
  json("9110 §8.3.1", "JSON in capitals", "Application/JSON"),
  json("9110 §12.5.1", "what axios sends", "application/json, text/plain, */*"),
  json("9110 §12.5.1", "whatever there is, but not the page", "*/*, text/html;q=0"),
  json("9110 §12.5.1", "JSON rather than the page", "text/html;q=0.5, application/json"),
  html("9110 §12.5.1", "the page rather than JSON", "text/html, application/json;q=0.9"),
  html("9110 §12.4.2", "both alike: ours", "application/json, text/html"),
  json("9110 §12.5.1", "all of its type", "application/*"),
  html("9110 §12.5.1", "all of the page's type", "text/*, application/*;q=0.5"),
  html(
    "9110 §12.5.1",
    "the more specific counts",
    "application/*, application/json;q=0.1, text/html;q=0.2",
  ),
  json(
    "9110 §12.5.1",
    "the more specific counts, whatever the order",
    "text/html;q=0.1, text/*, application/json;q=0.2",
  ),
  json("9110 §12.5.1", "all of a type before all of them", "*/*;q=0.9, text/*;q=0.1"),
  json("9110 §12.5.1", "JSON with a charset", "application/json; charset=utf-8"),
  json("9110 §12.5.1", "a quoted comma", 'text/html;a=",";q=0.1, application/json'),
  json(
    "9110 §12.5.1",
    "a quoted weight is none",
    'text/html;a=";q=1";q=0.1, application/json;q=0.5',
  ),
  json(
    "9110 §12.5.1",
    "a weight before another parameter",
    "text/html;q=0.1;level=1, application/json;q=0.5",
  ),
  json("9110 §5.6.6", "empty parameters", "text/html; ;;q=0.1;, application/json;q=0.5"),
  html("9110 §12.5.1", "JSON is ruled out", "application/json;q=0"),
  html("9110 §12.4.1", "nothing that we have", "image/png"),
  html("9110 §12.4.1", "nothing at all", "*/*;q=0"),
  html("9110 §12.5.1", "another JSON", "application/ld+json"),
  html("9110 §12.5.1", "no subtype", "application"),
  html("9110 §12.5.1", "half a media type", "application/"),
  html("9110 §12.5.1", "all types of a subtype", "*/json"),
  html(
    "9110 §12.5.1",
    "what old Java sends",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
  ),
  html("9110 §12.4.2", "a weight that cannot be read", "application/json;q=2"),
  json("9110 §12.5.1", "what cannot be read leaves the rest", "text/html;q=, @@, application/json"),
];
