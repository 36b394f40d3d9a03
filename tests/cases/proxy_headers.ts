import type { ProxyHeader } from "../../lib/http/proxy_header.ts";
import { accepted, incomplete, refused, type Row } from "./case.ts";

/** The addresses of a binary header: 192.0.2.1:80 to 192.0.2.2:443. */
const IPV4 = "\xc0\0\x02\x01\xc0\0\x02\x02\0\x50\x01\xbb";

/** The same: [2001:db8::1]:80 to [2001:db8::2]:443. */
const IPV6 = `\x20\x01\x0d\xb8${"\0".repeat(11)}\x01\x20\x01\x0d\xb8${
  "\0".repeat(11)
}\x02\0\x50\x01\xbb`;

/** The same: [::ffff:192.0.2.1]:80, and the same once more. */
const MAPPED = `${"\0".repeat(10)}\xff\xff\xc0\0\x02\x01`.repeat(2) + "\0\x50\0\x50";

/** A binary header of these bytes. */
export function binaryHeader(command: number, kind: number, rest: string, length = rest.length) {
  const fixed = String.fromCharCode(command, kind, length >> 8, length & 0xff);
  return `\r\n\r\n\0\r\nQUIT\n${fixed}${rest}`;
}

/** A part of a binary header that may follow the addresses. */
function tlv(type: number, value: string): string {
  return String.fromCharCode(type, value.length >> 8, value.length & 0xff) + value;
}

/** The longest line there can be is 107 bytes, with its CRLF. */
const LONGEST = `PROXY UNKNOWN ${"f".repeat(91)}\r\n`;

const LONGEST_IPV6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

/** Headers of the PROXY protocol. Sections are those of its document. */
export const PROXY_HEADERS: readonly Row<ProxyHeader>[] = [
  accepted("PROXY §2.1", "TCP over IPv4", "PROXY TCP4 192.0.2.1 192.0.2.2 80 443\r\n", {
    source: "192.0.2.1",
  }),
  accepted("PROXY §2.1", "TCP over IPv6", "PROXY TCP6 2001:DB8::1 ::1 80 443\r\n", {
    source: "2001:db8::1",
  }),
  accepted("PROXY §2.1", "IPv4-mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::1 80 443\r\n", {
    source: "192.0.2.1",
  }),
  accepted(
    "PROXY §2.1",
    "the longest line of IPv6",
    `PROXY TCP6 ${LONGEST_IPV6} ${LONGEST_IPV6} 65535 65535\r\n`,
    { source: LONGEST_IPV6 },
  ),
  accepted(
    "PROXY §2.1",
    "the least and the greatest port",
    "PROXY TCP4 0.0.0.0 1.1.1.1 0 65535\r\n",
    {
      source: "0.0.0.0",
    },
  ),
  accepted("PROXY §2.1", "UNKNOWN alone", "PROXY UNKNOWN\r\n", { source: undefined }),
  accepted("PROXY §2.1", "UNKNOWN with what is ignored", "PROXY UNKNOWN 1.2.3.4 x 99999\r\n", {
    source: undefined,
  }),
  accepted("PROXY §2.1", "107 bytes", LONGEST, { source: undefined }),
  refused("PROXY §2.1", "108 bytes", LONGEST.replace("f", "ff")),
  refused("PROXY §2.1", "107 bytes without an end", `PROXY UNKNOWN ${"f".repeat(93)}`),
  incomplete("PROXY §2.1", "no CRLF yet", "PROXY TCP4 192.0.2.1 192.0.2.2 80 443"),
  incomplete("PROXY §2.1", "no LF yet", "PROXY TCP4 192.0.2.1 192.0.2.2 80 443\r"),
  incomplete("PROXY §2", "nothing yet", ""),
  ...[
    ["a bare LF", "PROXY TCP4 192.0.2.1 192.0.2.2 80 443\n"],
    ["a bare CR", "PROXY TCP4 192.0.2.1\r 192.0.2.2 80 443\r\n"],
    ["NUL", "PROXY TCP4 192.0.2.1\0 192.0.2.2 80 443\r\n"],
    ["lower case", "proxy TCP4 192.0.2.1 192.0.2.2 80 443\r\n"],
    ["a family in lower case", "PROXY tcp4 192.0.2.1 192.0.2.2 80 443\r\n"],
    ["another family", "PROXY UDP4 192.0.2.1 192.0.2.2 80 443\r\n"],
    ["UNKNOWN as the start of a word", "PROXY UNKNOWNS\r\n"],
    ["an IPv6 address as one of IPv4", "PROXY TCP4 ::1 ::1 80 443\r\n"],
    ["an IPv4 address as one of IPv6", "PROXY TCP6 192.0.2.1 192.0.2.2 80 443\r\n"],
    ["addresses of both families", "PROXY TCP4 192.0.2.1 ::1 80 443\r\n"],
    ["a number above 255", "PROXY TCP4 192.0.2.256 192.0.2.2 80 443\r\n"],
    ["a number that could be octal", "PROXY TCP4 192.0.2.010 192.0.2.2 80 443\r\n"],
    ["three numbers", "PROXY TCP4 192.0.2 192.0.2.2 80 443\r\n"],
    ["an invalid destination", "PROXY TCP6 ::1 ::1:: 80 443\r\n"],
    ["a zone", "PROXY TCP6 fe80::1%eth0 ::1 80 443\r\n"],
    ["a port above 65535", "PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n"],
    ["a port with a leading zero", "PROXY TCP4 192.0.2.1 192.0.2.2 080 443\r\n"],
    ["a port with a sign", "PROXY TCP4 192.0.2.1 192.0.2.2 +80 443\r\n"],
    ["no ports", "PROXY TCP4 192.0.2.1 192.0.2.2\r\n"],
    ["one port", "PROXY TCP4 192.0.2.1 192.0.2.2 80\r\n"],
    ["two spaces", "PROXY TCP4  192.0.2.1 192.0.2.2 80 443\r\n"],
    ["a tab", "PROXY TCP4\t192.0.2.1 192.0.2.2 80 443\r\n"],
    ["a space at the end", "PROXY TCP4 192.0.2.1 192.0.2.2 80 443 \r\n"],
    ["something more at the end", "PROXY TCP4 192.0.2.1 192.0.2.2 80 443 x\r\n"],
    ["nothing behind the word", "PROXY \r\n"],
    ["a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a request that begins alike", "POST / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["an empty line before it", "\r\nPROXY TCP4 192.0.2.1 192.0.2.2 80 443\r\n"],
    ["a TLS handshake", "\x16\x03\x01\x02\0\x01\0"],
  ].map(([story, raw]) => refused("PROXY §2.1", story!, raw!)),

  accepted("PROXY §2.2", "TCP over IPv4", binaryHeader(0x21, 0x11, IPV4), { source: "192.0.2.1" }),
  accepted("PROXY §2.2", "TCP over IPv6", binaryHeader(0x21, 0x21, IPV6), {
    source: "2001:db8::1",
  }),
  accepted("PROXY §2.2", "IPv4-mapped", binaryHeader(0x21, 0x21, MAPPED), { source: "192.0.2.1" }),
  accepted(
    "PROXY §2.2.1",
    "further values are skipped",
    binaryHeader(0x21, 0x11, `${IPV4}${tlv(0x02, "files.example")}${tlv(0x04, "")}`),
    { source: "192.0.2.1" },
  ),
  accepted(
    "PROXY §2.2.1",
    "bytes that are no value are skipped",
    binaryHeader(0x21, 0x11, `${IPV4}\x02\xff`),
    { source: "192.0.2.1" },
  ),
  accepted("PROXY §2.2", "4096 bytes", binaryHeader(0x21, 0x11, IPV4.padEnd(4080, "\0")), {
    source: "192.0.2.1",
  }),
  refused("PROXY §2.2", "4097 bytes", binaryHeader(0x21, 0x11, IPV4.padEnd(4081, "\0"))),
  refused("PROXY §2.2", "64 KiB, without waiting for them", binaryHeader(0x21, 0x11, "", 65535)),
  accepted("PROXY §2.2", "LOCAL", binaryHeader(0x20, 0x00, ""), { source: undefined }),
  accepted("PROXY §2.2", "LOCAL with addresses", binaryHeader(0x20, 0x11, IPV4), {
    source: undefined,
  }),
  accepted("PROXY §2.2", "LOCAL of any family", binaryHeader(0x20, 0xff, "x"), {
    source: undefined,
  }),
  ...[[0x00, "unspecified"], [0x12, "UDP over IPv4"], [0x22, "UDP over IPv6"], [0x31, "Unix"], [
    0x32,
    "Unix datagrams",
  ]].map(([kind, story]) =>
    accepted("PROXY §2.2", `${story}`, binaryHeader(0x21, Number(kind), IPV6), {
      source: undefined,
    })
  ),
  ...[0x01, 0x02, 0x10, 0x13, 0x20, 0x41, 0xf1].map((kind) =>
    refused("PROXY §2.2", `an unknown kind ${kind}`, binaryHeader(0x21, kind, IPV6))
  ),
  ...[0x01, 0x11, 0x22, 0x2f, 0x31, 0xff].map((command) =>
    refused(
      "PROXY §2.2",
      `an unknown version or command ${command}`,
      binaryHeader(command, 0x11, IPV4),
    )
  ),
  refused("PROXY §2.2", "too short for IPv4", binaryHeader(0x21, 0x11, IPV4.slice(1))),
  refused("PROXY §2.2", "too short for IPv6", binaryHeader(0x21, 0x21, IPV6.slice(1))),
  refused("PROXY §2.2", "no addresses", binaryHeader(0x21, 0x11, "")),
  refused("PROXY §2.2", "another signature", "\r\n\r\n\0\r\nQUIT\r"),
  incomplete("PROXY §2.2", "the signature alone", "\r\n\r\n\0\r\nQUIT\n"),
  incomplete("PROXY §2.2", "addresses that are cut", binaryHeader(0x21, 0x11, IPV4).slice(0, -1)),
];
