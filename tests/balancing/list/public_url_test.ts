import { assertEquals, assertThrows } from "@std/assert";
import {
  looksLikeUrl,
  parsePublicUrl,
  ServerListError,
} from "../../../lib/balancing/list/endpoint.ts";

/** Text, then the URL it means and its port. */
const URLS: readonly [string, string, number][] = [
  ["http://files.example", "http://files.example", 80],
  ["HTTPS://Files.Example/Pub", "https://files.example/Pub", 443],
  ["http://files.example:8080/", "http://files.example:8080", 8080],
  ["https://[2001:DB8::1]:8443/a/b/", "https://[2001:db8::1]:8443/a/b", 8443],
  ["http://a:80/%7Euser/x.y;v@1:(2)", "http://a:80/%7Euser/x.y;v@1:(2)", 80],
  ["http://a/...", "http://a/...", 80],
];

Deno.test("parsePublicUrl() keeps what a request-target is appended to", () => {
  for (const [text, href, port] of URLS) {
    const url = parsePublicUrl(text);
    assertEquals([url.href, url.port], [href, port]);
    assertEquals(`${url.scheme}://${url.authority}${url.prefix}`, href);
  }
});

/** Text, then how the refusal goes on after quoting it. */
const REFUSALS: readonly [string, string][] = [
  ["", 'has "" where a URL for clients, http://… or https://…, must be'],
  ["files.example", 'has "files.example" where a URL'],
  ["ftp://files.example", 'has "ftp://files.example" where a URL'],
  ["http:/files.example", 'has "http:/files.example" where a URL'],
  ["javascript://%0aalert(1)", 'has "javascript:'],
  ["http://", "has no host before the port"],
  ["http:///x", "has no host before the port"],
  ["http://:80/", "has no host before the port"],
  ["http://user@a/", "has a user name in its URL"],
  ["http://user:secret@a/", "has a user name in its URL"],
  ["http://a/?x", "has a query or a fragment in its URL"],
  ["http://a?x", "has a query or a fragment in its URL"],
  ["http://a/#x", "has a query or a fragment in its URL"],
  ["http://a:0/", "has a port out of range"],
  ["http://a:99999", "has a port out of range"],
  ["http://a:/", "has no port"],
  ["http://1.2.3/", "ends its host in a number"],
  ["http://::1/", "is an IPv6 address without brackets"],
  ["http://[::1%25eth0]/", "has a zone id"],
  ["http://bücher.example", 'has the host "bücher.example"'],
  ["http://a/b//c", 'has the path "/b//c"'],
  ["http://a//", 'has the path "//"'],
  ["http://a/./b", 'has the path "/./b"'],
  ["http://a/b/..", 'has the path "/b/.."'],
  ["http://a/%zz", 'has the path "/%zz"'],
  ["http://a/é", 'has the path "/é"'],
  ['http://a/<"', 'has the path "/<""'],
  ["http://a\\b", 'has the path "\\b"'],
  ["http://a/b=c", 'has the path "/b=c"'],
];

Deno.test("parsePublicUrl() quotes what it refuses and says why", () => {
  for (const [text, reason] of REFUSALS) {
    assertThrows(() => parsePublicUrl(text), ServerListError, `"${text}" ${reason}`);
  }
});

Deno.test("looksLikeUrl() knows a URL by its scheme", () => {
  assertEquals(["http://a", "HTTPS://", "a:1", "ftp://a"].map(looksLikeUrl), [
    ...[true, true, false, false],
  ]);
});
