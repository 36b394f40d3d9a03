import type { Case } from "./case.ts";

/**
 * Field lines of a request that came from the trusted peer 10.0.0.1, and whose it is. 10.0.0.0/8 and
 * fd00::/8 are trusted.
 */
export interface ForwardedCase extends Case {
  /** The address. */
  readonly client: string;
  readonly isSecure: boolean;
}

function forwardedCase(
  section: string,
  story: string,
  fieldLines: readonly string[],
  client: string,
  isSecure = false,
): ForwardedCase {
  const raw = fieldLines.map((line) => `${line}\r\n`).join("");
  return { section, story, raw, client, isSecure };
}

/** A row about one field line, `Forwarded: VALUE`. */
function element(story: string, value: string, client: string, isSecure = false): ForwardedCase {
  return forwardedCase("7239 §4", story, [`Forwarded: ${value}`], client, isSecure);
}

/** A row about one field line, `X-Forwarded-For: VALUE`. */
function older(story: string, value: string, client: string): ForwardedCase {
  return forwardedCase("7239 §1", story, [`X-Forwarded-For: ${value}`], client);
}

const PEER = "10.0.0.1";
const CLIENT = "192.0.2.43";

const TWENTY_HOPS = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 1}`);

/** Fields by which proxies tell whose a request is. */
export const FORWARDED: readonly ForwardedCase[] = [
  forwardedCase("7239 §1", "nothing is told", ["Host: a"], PEER),

  element("one element", `for=${CLIENT}`, CLIENT),
  element("names in any case", `For=${CLIENT};PROTO=HTTPS`, CLIENT, true),
  element("all parameters", `for=${CLIENT};proto=http;by=203.0.113.43;host=a.example`, CLIENT),
  element("a parameter that is not known", `for=${CLIENT};secret=x`, CLIENT),
  element("https", `for=${CLIENT};proto=https`, CLIENT, true),
  element("a quoted scheme", `for=${CLIENT};proto="https"`, CLIENT, true),
  element("another scheme that begins alike", `for=${CLIENT};proto=httpsx`, CLIENT),
  element("a quoted address", `for="${CLIENT}"`, CLIENT),
  element("escapes in a quoted string", `for="\\1\\92.0.2.43"`, CLIENT),
  element("IPv6", 'for="[2001:DB8:cafe::17]"', "2001:db8:cafe::17"),
  element("a port", `for="${CLIENT}:47011"`, CLIENT),
  element("IPv6 and a port", 'for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
  element("an obfuscated port", `for="${CLIENT}:_p-1"`, CLIENT),
  element("IPv4-mapped", 'for="[::ffff:192.0.2.43]"', CLIENT),
  element("IPv4-mapped in hexadecimal", 'for="[::FFFF:c000:22b]"', CLIENT),
  element("empty pairs", `;for=${CLIENT};;`, CLIENT),
  element("white space around a semicolon", `for=${CLIENT} ; proto=https`, CLIENT, true),
  element("empty members", `, ,for=${CLIENT}, ,`, CLIENT),
  element("no address", "proto=https;by=203.0.113.43", PEER, true),
  element("unknown", "for=unknown;proto=https", PEER, true),
  element("unknown in capitals, with a port", 'for="UNKNOWN:80"', PEER),
  element("an obfuscated identifier", "for=_hidden", PEER),
  element("an obfuscated identifier with a port", 'for="_SEVKISEK:_x"', PEER),
  element("an empty identifier", 'for=""', PEER),
  ...[
    ["IPv6 without brackets", 'for="2001:db8::1"'],
    ["IPv4 in brackets", `for="[${CLIENT}]"`],
    ["a port of six digits", `for="${CLIENT}:123456"`],
    ["a host name", "for=client.example"],
    ["a number above 255", "for=192.0.2.256"],
    ["a number that could be octal", "for=192.0.2.043"],
    ["an address as one number", "for=3221225983"],
    ["a zone", 'for="[fe80::1%25eth0]"'],
  ].map(([story, value]) => element(`no address: ${story}`, `${value};proto=https`, PEER, true)),
  ...[
    ["IPv6 without quotes", "for=[2001:db8::1]"],
    ["a port without quotes", `for=${CLIENT}:80`],
    ["a parameter twice", `for=${CLIENT};for=192.0.2.1`],
    ["a name alone", `for=${CLIENT};secret`],
    ["a space around =", `for= ${CLIENT}`],
    ["no value", "for="],
    ["a quote that is not closed", `for="${CLIENT}`],
    ["a quote that was not opened", `for=${CLIENT}"`],
    ["something behind a quoted string", `for="${CLIENT}"x`],
    ["a control character", `for="${CLIENT}\x01"`],
    ["only an address", CLIENT],
  ].map(([story, value]) => element(`malformed: ${story}`, `${value};proto=https`, PEER)),

  element("the client's proxy lies", `for=127.0.0.1, for=${CLIENT}`, CLIENT),
  element(
    "two trusted proxies",
    `for=${CLIENT};proto=https, for=10.0.0.2;proto=http`,
    CLIENT,
    true,
  ),
  element("the trusted proxy saw http", `for=1.1.1.1;proto=https, for=${CLIENT}`, CLIENT),
  element("trusted IPv6", `for=${CLIENT}, for="[fd00::2]:80"`, CLIENT),
  element("only trusted ones: the first of them", "for=10.0.0.3, for=10.0.0.2", "10.0.0.3"),
  element("a trusted proxy hides its peer", "for=1.1.1.1, for=_x, for=10.0.0.2", "10.0.0.2"),
  element("a trusted proxy tells garbage", "for=1.1.1.1, for, for=10.0.0.2", "10.0.0.2"),
  element("twenty hops", [CLIENT, ...TWENTY_HOPS].map((it) => `for=${it}`).join(", "), CLIENT),
  element("a client opens a quote", `for="1.1.1.1, for=${CLIENT}`, CLIENT),
  element("a client opens a quote, IPv6", 'for="x, for="[2001:db8::1]"', "2001:db8::1"),
  element("a client escapes a quote", `for="\\", for="${CLIENT}"`, CLIENT),
  element("a client's backslash", `for=\\, for="${CLIENT}"`, CLIENT),
  element("a comma in a quoted string", `for=${CLIENT};x="a, for=1.1.1.1"`, CLIENT),
  element("an escaped quote in a quoted string", `for=${CLIENT};x="a\\", for=1.1.1.1"`, CLIENT),
  element("an escaped backslash before a quote", `for=1.1.1.1;x="a\\\\", for=${CLIENT}`, CLIENT),
  forwardedCase(
    "7239 §4",
    "several lines",
    [
      "Forwarded: for=1.1.1.1",
      `Forwarded: for=${CLIENT};proto=https, for=10.0.0.2`,
      "Forwarded: for=10.0.0.3",
    ],
    CLIENT,
    true,
  ),

  older("one address", CLIENT, CLIENT),
  older("IPv6", "2001:DB8::1", "2001:db8::1"),
  older("IPv6 in brackets", "[2001:db8::1]", "2001:db8::1"),
  older("a port", `${CLIENT}:4711`, CLIENT),
  older("IPv6 and a port", "[2001:db8::1]:4711", "2001:db8::1"),
  older("IPv4-mapped", "::ffff:192.0.2.43", CLIENT),
  older("a lie", `127.0.0.1, ${CLIENT}`, CLIENT),
  older("two trusted proxies", `1.1.1.1,${CLIENT},10.0.0.3 , 10.0.0.2`, CLIENT),
  older("only trusted ones: the first of them", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
  older("empty members", `, ${CLIENT}, ,`, CLIENT),
  older("nothing", "", PEER),
  older("twenty hops", [CLIENT, ...TWENTY_HOPS].join(", "), CLIENT),
  ...["unknown", "_x", "client.example", '"192.0.2.43"', "192.0.2", "1", "192.0.2.43:", ":80"]
    .map((value) => older(`${value} is no address`, value, PEER)),
  older("garbage behind a trusted proxy", `${CLIENT}, unknown, 10.0.0.2`, "10.0.0.2"),
  forwardedCase("7239 §1", "several lines of the older field", [
    "X-Forwarded-For: 1.1.1.1",
    `X-Forwarded-For: ${CLIENT}`,
    "X-Forwarded-For: 10.0.0.2",
  ], CLIENT),

  ...([
    ["https", [CLIENT], "https", true],
    ["HTTPS in capitals", [CLIENT], "HTTPS", true],
    ["http", [CLIENT], "http", false],
    ["a scheme for each proxy", [CLIENT, "10.0.0.2"], "https, http", true],
    ["a scheme for each proxy, the other way round", [CLIENT, "10.0.0.2"], "http, https", false],
    ["one scheme for all", [CLIENT, "10.0.0.2"], "https", true],
    ["a client's lie before a proxy's scheme", [CLIENT], "https, http", false],
    ["only trusted proxies", ["10.0.0.2"], "https, http", true],
  ] as const).map(([story, members, schemes, isSecure]) =>
    forwardedCase(
      "7239 §1",
      story,
      [`X-Forwarded-For: ${members.join(", ")}`, `X-Forwarded-Proto: ${schemes}`],
      members[0],
      isSecure,
    )
  ),
  forwardedCase("7239 §1", "a scheme alone", ["X-Forwarded-Proto: http, https"], PEER, true),
  forwardedCase("7239 §1", "Forwarded comes before the others", [
    "X-Forwarded-For: 1.1.1.1",
    "X-Forwarded-Proto: https",
    `Forwarded: for=${CLIENT}`,
  ], CLIENT),
  forwardedCase("7239 §1", "an empty Forwarded tells nothing", [
    "Forwarded: ",
    `X-Forwarded-For: ${CLIENT}`,
  ], CLIENT),
];
