import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import { parseLocation, parseTypedUri } from "../../../lib/download/requests/target_uri.ts";

Deno.test("parseTypedUri() takes a URI apart", () => {
  assertEquals(parseTypedUri("http://Example.org:8080/a/b?c=d#e"), {
    isSecure: false,
    href: "http://example.org:8080/a/b?c=d",
    hostname: "example.org",
    port: 8080,
    server: "example.org:8080",
    authority: "example.org:8080",
    requestTarget: "/a/b?c=d",
  });
});

Deno.test("parseTypedUri() knows the usual port and the empty path", () => {
  for (const text of ["http://a", "HTTP://a/", "http://a:80", "http://a:/", "http://a/#b"]) {
    const { port, authority, requestTarget, href } = parseTypedUri(text);
    assertEquals([port, authority, requestTarget, href], [80, "a", "/", "http://a/"], text);
  }
});

Deno.test("parseTypedUri() knows https and its port", () => {
  const { isSecure, port, authority } = parseTypedUri("https://a/");
  assertEquals([isSecure, port, authority], [true, 443, "a"]);
  assertEquals(parseTypedUri("https://a:80/").authority, "a:80");
});

Deno.test("parseTypedUri() keeps IPv6 brackets for Host and not for connecting", () => {
  const { hostname, authority, port } = parseTypedUri("http://[::1]:8080/");
  assertEquals([hostname, authority, port], ["::1", "[::1]:8080", 8080]);
});

Deno.test("parseTypedUri() keeps the target as it is encoded", () => {
  const targets = [
    "/%2F%2f",
    "/%zz",
    "/a//b",
    "/a?",
    "/?a=b?c",
    "/a+b",
    "/%00%0d%0a",
    "/%2e%2e%2fa",
    "/it's?a='b'",
    "/a\\b|c^d`e{f}",
    "/?a\\b|c^d`e{f}",
    '/"<>[]?"<>[]',
    "/;a=b,c&d!$()*",
    "/a?../b/./c",
    "/...?",
  ];
  for (const target of targets) {
    assertEquals(parseTypedUri(`http://a${target}`).requestTarget, target);
  }
});

Deno.test("parseTypedUri() encodes what no request-target may hold", () => {
  const { requestTarget } = parseTypedUri("http://a/é b😀\x7f?é b");
  assertEquals(requestTarget, "/%C3%A9%20b%F0%9F%98%80%7F?%C3%A9%20b");
});

Deno.test("parseTypedUri() refuses what cannot be asked for, and says why", () => {
  const refused: readonly [text: string, why: string][] = [
    ["localhost:8080/a", "no scheme: write http://localhost:8080/a"],
    ["example.org/a", "no scheme: write http://example.org/a"],
    ["", "no scheme"],
    ["/a", "no scheme"],
    ["//a/b", "no scheme"],
    ["ftp://a/", "ftp: is not supported"],
    ["file:///etc/passwd", "file: is not supported"],
    ["http://", "not a valid URL"],
    ["http://a:65536/", "not a valid URL"],
    ["http://a:b/", "not a valid URL"],
    ["http://a b/", "not a valid URL"],
    ["http://[::1/", "not a valid URL"],
    ["http://user:secret%00@a/", "user name or password"],
    ["http://user:secret@a:b/", "not a valid URL"],
    ["user:secret@a/", "no scheme"],
    ["ftp://user:secret@a/", "ftp: is not supported"],
  ];
  for (const [text, why] of refused) {
    const error = assertThrows(() => parseTypedUri(text), DownloadError);
    assertEquals(error.failure, "url", text);
    assertStringIncludes(error.message, why);
    assertEquals(error.message.includes("secret"), false, "the password is shown");
    assertEquals(error.message.includes("\n"), false, text);
  }
});

Deno.test("parseTypedUri() takes user name and password out of all that is shown or sent", () => {
  const { userinfo, ...rest } = parseTypedUri("http://al%20ice:s@a/b@c");
  assertEquals(userinfo, { name: "al ice", password: "s" });
  assertEquals(rest, parseTypedUri("http://a/b@c"));
  assertEquals(parseTypedUri("http://u@a/").userinfo, { name: "u", password: undefined });
  assertEquals(parseTypedUri("http://u:p@ss@a/").userinfo, { name: "u", password: "p@ss" });
});

Deno.test("parseTypedUri() refuses port 0, to which nobody can connect", () => {
  assertEquals(assertThrows(() => parseTypedUri("http://a:0/"), DownloadError).failure, "url");
});

Deno.test("parseLocation() resolves a reference against what was asked for", () => {
  const base = parseTypedUri("http://a:8080/b/c?d");
  const references: readonly [location: string, href: string][] = [
    ["http://e/f?", "http://e/f?"],
    ["http://e:80/%2F", "http://e/%2F"],
    ["//e/f", "http://e/f"],
    ["/e", "http://a:8080/e"],
    ["e", "http://a:8080/b/e"],
    ["./e/", "http://a:8080/b/e/"],
    ["../../../e", "http://a:8080/e"],
    ["?e", "http://a:8080/b/c?e"],
    ["#e", "http://a:8080/b/c?d"],
    ["http://e/f#g", "http://e/f"],
    ["http://e", "http://e/"],
    ["http://e?f", "http://e/?f"],
    ["http:/e", "http://a:8080/e"],
    ["?", "http://a:8080/b/c?"],
    ["e/../f/.", "http://a:8080/b/f/"],
    ["/e/..", "http://a:8080/"],
    ["/x?it's&sig=a'b|{c}", "http://a:8080/x?it's&sig=a'b|{c}"],
    ["http://e/it's", "http://e/it's"],
    ["http://e\\@f/g", "http://e/@f/g"],
    ["/a b?c d", "http://a:8080/a%20b?c%20d"],
    ["/\xe9?\xff", "http://a:8080/%E9?%FF"],
    ["/a?b=http://x/y", "http://a:8080/a?b=http://x/y"],
  ];
  for (const [location, href] of references) {
    assertEquals(parseLocation(location, base).href, href, location);
  }
});

Deno.test("parseLocation() refuses what cannot be asked for, as a failure of the protocol", () => {
  const base = parseTypedUri("http://a/");
  const refused: readonly [location: string, why: string][] = [
    ["", "empty Location"],
    ["ftp://a/", "ftp: is not supported"],
    ["javascript:alert(1)", "javascript: is not supported"],
    ["data:,a", "data: is not supported"],
    ["file:///etc/passwd", "file: is not supported"],
    ["http://", "not a valid URL"],
    ["http://a:99999/", "not a valid URL"],
    ["http://user:secret@a/", "user name or password"],
  ];
  for (const [location, why] of refused) {
    const error = assertThrows(() => parseLocation(location, base), DownloadError);
    assertEquals(error.failure, "protocol", location);
    assertStringIncludes(error.message, why);
  }
});
