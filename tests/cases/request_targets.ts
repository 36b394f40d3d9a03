import { accepted, refused, type Row } from "./case.ts";

/** What is made of a target: its path and query, `*`, or the authority for CONNECT. */
export interface TargetValue {
  readonly originForm: string;
}

function request(method: string, requestTarget: string): string {
  return `${method} ${requestTarget} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** A target of GET that comes out as it went in. */
function same(story: string, requestTarget: string): Row<TargetValue> {
  return accepted("9112 §3.2.1", story, request("GET", requestTarget), {
    originForm: requestTarget,
  });
}

/** A target of GET in absolute form. */
function absolute(story: string, requestTarget: string, originForm: string): Row<TargetValue> {
  return accepted("9112 §3.2.2", story, request("GET", requestTarget), { originForm });
}

function other(
  section: string,
  [method, requestTarget]: [method: string, requestTarget: string],
  originForm: string,
  answer: number,
): Row<TargetValue> {
  const story = `${method} ${requestTarget}`;
  return accepted(section, story, request(method, requestTarget), { originForm }, answer);
}

function bad(section: string, story: string, target: string, method = "GET"): Row<TargetValue> {
  return refused(section, `${method}, ${story}`, request(method, target));
}

/** The four forms of the request-target, and targets that have none. */
export const REQUEST_TARGETS: readonly Row<TargetValue>[] = [
  same("the root", "/"),
  same("a path", "/foo.html"),
  same("a path and a query", "/a/b?c=d"),
  same("a query that is empty", "/a?"),
  same("a query of the root", "/?a"),
  same("a query with questions", "/?a=b?c=d&&e?"),
  same("encoded slashes of both cases", "/%2F%2f"),
  same("encoding that is none", "/%zz%"),
  same("encoded twice", "/%252e%25252e"),
  same("encoded controls", "/%00%0d%0aLocation:%20x"),
  same("encoded UTF-8", "/%C3%A9/%e2%82%ac"),
  same("encoded bytes that are no UTF-8", "/%ff%fe"),
  same("reserved bytes", "/;,:@~!$&'()*+=-._"),
  same("bytes that no URI may hold", '/"<>[\\]^`{|}'),
  same("plus", "/a+b?c+d"),
  same("empty segments", "/a//b///"),
  same("what looks like an authority", "//evil.example/x"),
  same("many slashes", "////"),
  same("dots", "/./../a/.."),
  same("encoded dots", "/%2e%2E/%2e%2e%2f"),
  same("a backslash for a slash", "/..\\..\\a"),
  same("a URL in the path", "/http://evil.example/"),
  same("a URL in the query", "/?u=http://evil.example/"),
  same("what would end an authority", "/@evil.example"),
  same("what would be a port", "/:80"),
  same("a star", "/*"),
  same("a long one", `/${"a".repeat(4000)}?${"b".repeat(4000)}`),

  absolute("a path", "http://a/x", "/x"),
  absolute("a path and a query", "http://a:8080/x?y=z", "/x?y=z"),
  absolute("another authority than Host", "http://evil.example/x", "/x"),
  absolute("a scheme in capitals", "HTTP://A/x", "/x"),
  absolute("https", "https://a/x", "/x"),
  absolute("no path", "http://a", "/"),
  absolute("no path, but a port", "http://a:80", "/"),
  absolute("no path, but a query", "http://a?b=/c", "/?b=/c"),
  absolute("an empty query", "http://a/?", "/?"),
  absolute("an empty query and no path", "http://a?", "/?"),
  absolute("an empty port", "http://a:/x", "/x"),
  absolute("an IPv6 address", "http://[::1]:80/x", "/x"),
  absolute("a path that looks like an authority", "http://a//evil.example/x", "//evil.example/x"),
  absolute("a URL in the path", "http://a/http://b/", "/http://b/"),
  absolute("bytes unchanged", "http://a/%2F%2f%zz/../;,:@?&&?", "/%2F%2f%zz/../;,:@?&&?"),

  other("9112 §3.2.4", ["OPTIONS", "*"], "*", 204),
  other("9112 §3.2.4", ["OPTIONS", "http://a"], "*", 204),
  other("9112 §3.2.4", ["OPTIONS", "http://a:80"], "*", 204),
  other("9112 §3.2.2", ["OPTIONS", "http://a/"], "/", 204),
  other("9112 §3.2.2", ["OPTIONS", "http://a?b"], "/?b", 204),
  other("9112 §3.2.1", ["OPTIONS", "/x"], "/x", 204),
  other("9112 §3.2.1", ["POST", "/x"], "/x", 405),
  other("9112 §3.2.1", ["PUT", "/x"], "/x", 405),
  other("9112 §3.2.1", ["DELETE", "/x"], "/x", 405),
  other("9112 §3.2.1", ["PATCH", "/x"], "/x", 405),
  other("9112 §3.2.1", ["TRACE", "/x"], "/x", 405),
  other("9112 §3.2.2", ["POST", "http://a/x"], "/x", 405),
  other("9112 §3.2.1", ["BREW", "/pot"], "/pot", 501),
  other("9112 §3.2.3", ["CONNECT", "a.example:443"], "a.example:443", 405),
  other("9112 §3.2.3", ["CONNECT", "[::1]:443"], "[::1]:443", 405),

  bad("9112 §3.2", "no slash", "index.html"),
  bad("9112 §3.2", "no slash before the path", "a/b"),
  bad("9112 §3.2", "only a query", "?a"),
  bad("9112 §3.2", "dots", ".."),
  bad("9112 §3.2", "an encoded slash", "%2Fa"),
  bad("9112 §3.2", "a backslash", "\\a"),
  bad("9112 §3.2", "what would end an authority", "@evil.example/x"),
  bad("9112 §3.2", "what would be a port", ":80/x"),
  bad("9112 §3.2", "a dot before a domain", ".evil.example/x"),
  bad("9112 §3.2.3", "authority form", "a:80"),
  bad("9112 §3.2.3", "a name alone", "a.example"),
  bad("9112 §3.2.4", "asterisk form", "*"),
  bad("9112 §3.2.4", "asterisk form", "*", "HEAD"),
  bad("9112 §3.2.4", "asterisk form", "*", "POST"),
  bad("9112 §3.2.4", "two stars", "**", "OPTIONS"),
  bad("9112 §3.2.4", "a star and a query", "*?a", "OPTIONS"),
  bad("9112 §3.2.2", "another scheme", "ftp://a/x"),
  bad("9112 §3.2.2", "a scheme for files", "file:///etc/passwd"),
  bad("9112 §3.2.2", "a scheme without authority", "javascript:alert(1)"),
  bad("9112 §3.2.2", "one slash behind the scheme", "http:/a"),
  bad("9112 §3.2.2", "only a scheme", "http:"),
  bad("9112 §3.2.2", "no scheme", "://a/x"),
  bad("9112 §3.2.2", "backslashes", "http:\\\\a\\x"),
  bad("9110 §4.2.1", "no host", "http:///x"),
  bad("9110 §4.2.1", "nothing behind the slashes", "http://"),
  bad("9110 §4.2.1", "no host, but a port", "http://:80/x"),
  bad("9110 §4.2.1", "no host, but a query", "http://?a"),
  bad("9110 §4.2.4", "user information", "http://user@a/x"),
  bad("9110 §4.2.4", "user information with a password", "http://user:pass@a/x"),
  bad("9110 §4.2.4", "an authority that looks like two", "http://a\\@evil.example/x"),
  bad("9112 §3.2.2", "a port of letters", "http://a:b/x"),
  bad("9112 §3.2.2", "a port over 65535", "http://a:65536/x"),
  bad("9112 §3.2.2", "an address without its end", "http://[::1/x"),
  bad("9112 §3.2.2", "a name behind an address", "http://[::1]a/x"),
  bad("9112 §3.2.2", "encoding that is none in the host", "http://%zz/x"),
  bad("9112 §3.2.3", "a path", "/", "CONNECT"),
  bad("9112 §3.2.3", "a URL", "http://a:80", "CONNECT"),
  bad("9112 §3.2.3", "a star", "*", "CONNECT"),
  bad("9112 §3.2.3", "no port", "a", "CONNECT"),
  bad("9112 §3.2.3", "an empty port", "a:", "CONNECT"),
  bad("9112 §3.2.3", "no host", ":80", "CONNECT"),
  bad("9112 §3.2.3", "an address without a port", "[::1]", "CONNECT"),
  bad("9112 §3.2.3", "a port and a path", "a:80/x", "CONNECT"),
  bad("9112 §3.2.3", "user information", "user@a:80", "CONNECT"),
  bad("9112 §3.2.3", "a port over 65535", "a:65536", "CONNECT"),
  bad("9112 §3.2", "a fragment", "/a#b"),
  bad("9112 §3.2", "an empty fragment", "/#"),
  bad("9112 §3.2", "a fragment of a URL", "http://a/#b"),
  bad("9112 §3.2", "a fragment of a star", "*#", "OPTIONS"),
];
