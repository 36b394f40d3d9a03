import { type ComparedRequest, comparedRequest, HOST, rawRequest } from "./compared_request.ts";

const METHODS = [
  ...["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW", "get"],
];
const METHOD_TARGETS = ["/dated.txt", "/none", "/dir", "/dir/", "/dir/sub/", "/.hidden"];

/** Each method for each kind of target. */
function methodRequests(): ComparedRequest[] {
  return METHODS.flatMap((method) =>
    METHOD_TARGETS.map((target) =>
      comparedRequest("methods", { section: "9110 §9", story: `${method} ${target}` }, target, {
        method,
      })
    )
  );
}

type ContentRow = readonly [story: string, method: string, lines: string, content: string];

const CONTENTS: readonly ContentRow[] = [
  ["a form", "POST", "Content-Length: 3\r\n", "a=b"],
  ["a file", "PUT", "Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n0\r\n\r\n"],
  ["a GET with content", "GET", "Content-Length: 3\r\n", "a=b"],
  ["a GET with chunks", "GET", "Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n0\r\n\r\n"],
  ["a HEAD with content", "HEAD", "Content-Length: 3\r\n", "a=b"],
  ["an OPTIONS with content", "OPTIONS", "Content-Length: 3\r\n", "a=b"],
  ["a GET that expects to go on", "GET", "Expect: 100-continue\r\nContent-Length: 3\r\n", "a=b"],
  ["a GET that expects something else", "GET", "Expect: more\r\n", ""],
];

const END = "Connection: close\r\n\r\n";

/** Requests by their request line, each with a Host. */
const LINES: readonly (readonly [story: string, line: string, method?: string])[] = [
  ["absolute form", `GET http://${HOST}/dated.txt HTTP/1.1`],
  ["absolute form, another host", "GET http://other.test/dated.txt HTTP/1.1"],
  ["absolute form, a directory", `GET http://${HOST}/dir HTTP/1.1`],
  ["absolute form, no path", `GET http://${HOST} HTTP/1.1`],
  ["absolute form, no path, but a query", `GET http://${HOST}?a HTTP/1.1`],
  ["absolute form, https", `GET https://${HOST}/dated.txt HTTP/1.1`],
  ["absolute form, a scheme in capitals", `GET HTTP://${HOST}/dated.txt HTTP/1.1`],
  ["absolute form, user information", `GET http://user@${HOST}/dated.txt HTTP/1.1`],
  ["absolute form, another scheme", "GET ftp://a/dated.txt HTTP/1.1"],
  ["asterisk form", "OPTIONS * HTTP/1.1", "OPTIONS"],
  ["asterisk form, GET", "GET * HTTP/1.1"],
  ["authority form", `CONNECT ${HOST}:80 HTTP/1.1`, "CONNECT"],
  ["authority form, GET", `GET ${HOST}:80 HTTP/1.1`],
  ["no slash", "GET dated.txt HTTP/1.1"],
  ["a fragment", "GET /dated.txt#a HTTP/1.1"],
  ["SP in the target", "GET /odd/a b.txt HTTP/1.1"],
  ["two SP", "GET  /dated.txt HTTP/1.1"],
  ["HTAB for SP", "GET\t/dated.txt HTTP/1.1"],
  ["HTTP/1.2", "GET /dated.txt HTTP/1.2"],
  ["HTTP/1.10", "GET /dated.txt HTTP/1.10"],
  ["HTTP/2.0", "GET /dated.txt HTTP/2.0"],
  ["HTTP/0.9 by its number", "GET /dated.txt HTTP/0.9"],
  ["no version", "GET /dated.txt"],
  ["a version in small letters", "GET /dated.txt http/1.1"],
  ["HTTP/1.0", "GET /dated.txt HTTP/1.0"],
  ["HTTP/1.0, a directory", "GET /dir HTTP/1.0"],
  ["HTTP/1.0, HEAD", "HEAD /dated.txt HTTP/1.0", "HEAD"],
  ["HTTP/1.0, nothing there", "GET /none HTTP/1.0"],
  ["a request line of 9000 octets", `GET /dated.txt?${"a".repeat(9000)} HTTP/1.1`],
];

/** Requests of that file by their field lines. */
const FIELDS: readonly (readonly [story: string, lines: string, version?: string])[] = [
  ["HTTP/1.0 without Host", "", "1.0"],
  ["HTTP/1.0 with a Range", "Range: bytes=0-1\r\n", "1.0"],
  ["no Host", ""],
  ["an empty Host", "Host:\r\n"],
  ["two hosts", `Host: ${HOST}\r\nHost: other.test\r\n`],
  ["the same host twice", `Host: ${HOST}\r\nHost: ${HOST}\r\n`],
  ["a host with a path", "Host: a/b\r\n"],
  ["a host with SP", "Host: a b\r\n"],
  ["another host", "Host: other.test:81\r\n"],
  ["SP before the colon", `Host : ${HOST}\r\n`],
  ["a name with SP", `Host: ${HOST}\r\nA b: c\r\n`],
  ["a line without colon", `Host: ${HOST}\r\nabc\r\n`],
  ["no name", `Host: ${HOST}\r\n: c\r\n`],
  ["a folded line", `Host: ${HOST}\r\nA: b\r\n c\r\n`],
  ["a bare LF", `Host: ${HOST}\nA: b\r\n`],
  ["a bare CR", `Host: ${HOST}\r\nA: b\rc\r\n`],
  ["a NUL", `Host: ${HOST}\r\nA: b\0c\r\n`],
  ["a control", `Host: ${HOST}\r\nA: b\x01c\r\n`],
  ["octets that are no ASCII", `Host: ${HOST}\r\nA: \xff\r\n`],
  ["both lengths", `Host: ${HOST}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n`],
  ["two lengths", `Host: ${HOST}\r\nContent-Length: 0\r\nContent-Length: 1\r\n`],
  ["the same length twice", `Host: ${HOST}\r\nContent-Length: 0\r\nContent-Length: 0\r\n`],
  ["a negative length", `Host: ${HOST}\r\nContent-Length: -1\r\n`],
  ["a length with a sign", `Host: ${HOST}\r\nContent-Length: +0\r\n`],
  ["an unknown transfer coding", `Host: ${HOST}\r\nTransfer-Encoding: x\r\n`],
  ["101 lines more", `Host: ${HOST}\r\n${"A: b\r\n".repeat(101)}`],
  ["a line of 40000 octets", `Host: ${HOST}\r\nA: ${"b".repeat(40_000)}\r\n`],
];

/** Requests that are about methods and messages, not about files. */
export const MESSAGE_REQUESTS: readonly ComparedRequest[] = [
  ...methodRequests(),
  ...CONTENTS.map(([story, method, lines, content]) =>
    comparedRequest("content", { section: "9110 §9.3", story }, "/dated.txt", {
      ...{ method, lines, content },
    })
  ),
  ...LINES.map(([story, line, method]) => {
    const raw = `${line}\r\nHost: ${HOST}\r\n${END}`;
    return rawRequest("request lines", { section: "9112 §3", story, raw }, method);
  }),
  ...FIELDS.map(([story, lines, version = "1.1"]) => {
    const tail = /Transfer-Encoding: chunked/.test(lines) ? "0\r\n\r\n" : "";
    const raw = `GET /dated.txt HTTP/${version}\r\n${lines}${END}${tail}`;
    return rawRequest("field lines", { section: "9112 §5", story, raw });
  }),
  emptyLines(),
];

function emptyLines(): ComparedRequest {
  const raw = `\r\n\r\nGET /dated.txt HTTP/1.1\r\nHost: ${HOST}\r\n${END}`;
  return rawRequest("request lines", { section: "9112 §2.2", story: "two empty lines", raw });
}
