import type { HttpVersion } from "../../lib/http/message.ts";
import type { FieldLine } from "../../lib/http/fields.ts";
import { accepted, refused, type Row } from "./case.ts";

/** What a request head says. */
export interface RequestHeadValue {
  readonly method: string;
  readonly requestTarget: string;
  readonly httpVersion: HttpVersion;
  readonly fieldLines: readonly FieldLine[];
}

const GET = { method: "GET", requestTarget: "/", httpVersion: "1.1" } as const;

/** A request line, without its CRLF, in an otherwise faultless head. */
function withLine(requestLine: string): string {
  return `${requestLine}\r\nHost: a\r\n\r\n`;
}

/** Request lines, and what stands before them. */
export const REQUEST_LINES: readonly Row<Partial<RequestHeadValue>>[] = [
  accepted("9112 §3", "the least there is", withLine("GET / HTTP/1.1"), {
    ...GET,
    fieldLines: [["Host", "a"]],
  }),
  accepted("9110 §9.3.2", "HEAD", withLine("HEAD /a HTTP/1.1"), {
    method: "HEAD",
    requestTarget: "/a",
  }),
  accepted("9112 §2.2", "an empty line before it", withLine("\r\nGET / HTTP/1.1"), GET),
  accepted("9112 §2.2", "empty lines before it", withLine("\r\n\r\n\r\nGET / HTTP/1.1"), GET),
  accepted("9112 §2.3", "1.0 needs no Host", "GET / HTTP/1.0\r\n\r\n", {
    ...GET,
    httpVersion: "1.0",
    fieldLines: [],
  }),
  accepted("9112 §2.3", "1.0 may have Host", withLine("GET / HTTP/1.0"), { httpVersion: "1.0" }),
  accepted("9110 §2.5", "a higher minor version", withLine("GET / HTTP/1.2"), GET),
  accepted("9110 §2.5", "the highest minor version", withLine("GET / HTTP/1.9"), GET),
  accepted("9112 §3.1", "POST", withLine("POST / HTTP/1.1"), { method: "POST" }, 405),
  accepted("9110 §9.1", "TRACE is not echoed", withLine("TRACE / HTTP/1.1"), {
    method: "TRACE",
  }, 405),
  accepted("9110 §9.1", "methods are case-sensitive", withLine("get / HTTP/1.1"), {
    method: "get",
  }, 501),
  accepted("9110 §9.1", "an unknown method", withLine("GETT / HTTP/1.1"), { method: "GETT" }, 501),
  accepted("9110 §9.1", "a method of one letter", withLine("G / HTTP/1.1"), { method: "G" }, 501),
  accepted("9110 §5.6.2", "every tchar in a method", withLine("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1"), {
    method: "!#$%&'*+-.^_`|~09azAZ",
  }, 501),

  refused("9112 §3", "an empty request line after SP", withLine(" ")),
  refused("9112 §3", "no method", withLine(" / HTTP/1.1")),
  refused("9112 §3", "SP before the method", withLine(" GET / HTTP/1.1")),
  refused("9112 §3", "HTAB before the method", withLine("\tGET / HTTP/1.1")),
  refused("9112 §3", "two SP before the target", withLine("GET  / HTTP/1.1")),
  refused("9112 §3", "two SP before the version", withLine("GET /  HTTP/1.1")),
  refused("9112 §3", "SP after the version", withLine("GET / HTTP/1.1 ")),
  refused("9112 §3", "HTAB after the version", withLine("GET / HTTP/1.1\t")),
  refused("9112 §3", "HTAB for the first SP", withLine("GET\t/ HTTP/1.1")),
  refused("9112 §3", "HTAB for the second SP", withLine("GET /\tHTTP/1.1")),
  refused("9112 §3", "VT for the first SP", withLine("GET\x0b/ HTTP/1.1")),
  refused("9112 §3", "FF for the second SP", withLine("GET /\x0cHTTP/1.1")),
  refused("9112 §3", "CR for the first SP", withLine("GET\r/ HTTP/1.1")),
  refused("9112 §3", "NBSP for the second SP", withLine("GET /\xa0HTTP/1.1")),
  refused("9112 §3", "no version, as in HTTP/0.9", withLine("GET /")),
  refused("9112 §3", "no version, but its SP", withLine("GET / ")),
  refused("9112 §3", "only a method", withLine("GET")),
  refused("9112 §3.2", "no target", withLine("GET HTTP/1.1")),
  refused("9112 §3.2", "an empty target", withLine("GET  HTTP/1.1")),
  refused("9112 §3", "more behind the version", withLine("GET / HTTP/1.1 HTTP/1.1")),
  refused("9112 §3", "a SP in the target", withLine("GET /a b HTTP/1.1")),
  refused("9112 §3", "a version in the target", withLine("GET /a HTTP/1.1 b HTTP/1.1")),
  refused("9112 §2.2", "SP and CRLF before it", withLine(" \r\nGET / HTTP/1.1")),
  refused("9112 §2.2", "a bare LF before it", withLine("\nGET / HTTP/1.1")),
  refused("9112 §2.2", "a bare CR before it", withLine("\rGET / HTTP/1.1")),
  refused("9112 §2.2", "CR CR LF before it", withLine("\r\r\nGET / HTTP/1.1")),
  refused("9112 §2.2", "CRLF and a bare LF before it", withLine("\r\n\nGET / HTTP/1.1")),
  refused("9112 §2.2", "a byte order mark before it", withLine("\xef\xbb\xbfGET / HTTP/1.1")),
  refused("9112 §2.2", "a NUL before it", withLine("\0GET / HTTP/1.1")),
  refused("9112 §2.2", "a TLS client", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n"),
  refused("9112 §2.2", "a SOCKS client", "\x05\x01\0"),

  refused("9112 §2.3", "a name in lower case", withLine("GET / http/1.1")),
  refused("9112 §2.3", "a name in mixed case", withLine("GET / HTTp/1.1")),
  refused("9112 §2.3", "another name", withLine("GET / XTTP/1.1")),
  refused("9112 §2.3", "HTTPS", withLine("GET / HTTPS/1.1")),
  refused("9112 §2.3", "no name", withLine("GET / 1.1")),
  refused("9112 §2.3", "no number", withLine("GET / HTTP/")),
  refused("9112 §2.3", "no minor version", withLine("GET / HTTP/1")),
  refused("9112 §2.3", "no minor version, but its dot", withLine("GET / HTTP/1.")),
  refused("9112 §2.3", "no major version", withLine("GET / HTTP/.1")),
  refused("9112 §2.3", "two digits behind the dot", withLine("GET / HTTP/1.10")),
  refused("9112 §2.3", "two digits behind the dot, the first a 0", withLine("GET / HTTP/1.01")),
  refused("9112 §2.3", "two digits before the dot", withLine("GET / HTTP/11.1")),
  refused("9112 §2.3", "two digits before the dot, the first a 0", withLine("GET / HTTP/01.1")),
  refused("9112 §2.3", "three numbers", withLine("GET / HTTP/1.1.1")),
  refused("9112 §2.3", "a sign", withLine("GET / HTTP/+1.1")),
  refused("9112 §2.3", "a comma", withLine("GET / HTTP/1,1")),
  refused("9112 §2.3", "a letter", withLine("GET / HTTP/1.x")),
  refused("9112 §2.3", "a superscript", withLine("GET / HTTP/1.\xb9")),
  refused("9112 §2.3", "a backslash", withLine("GET / HTTP\\1.1")),
  refused("9112 §2.3", "a dash", withLine("GET / HTTP-1.1")),
  refused("9112 §2.3", "HTTP/2 with no minor version", withLine("GET / HTTP/2")),
  refused("9110 §15.6.6", "HTTP/2.0", withLine("GET / HTTP/2.0"), 505),
  refused("9110 §15.6.6", "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
  refused("9110 §15.6.6", "HTTP/3.0", withLine("GET / HTTP/3.0"), 505),
  refused("9110 §15.6.6", "HTTP/9.9", withLine("GET / HTTP/9.9"), 505),
  refused("9110 §15.6.6", "HTTP/0.9, written out", withLine("GET / HTTP/0.9"), 505),

  ...[...'"(),/:;<=>?@[\\]{}\x7f\x80\xe9\xff\0\x1b'].map((byte) =>
    refused("9112 §3.1", `${JSON.stringify(byte)} in a method`, withLine(`G${byte}T / HTTP/1.1`))
  ),
  ...[..."#\t\0\x01\x08\x0b\x0c\x1b\x1f\x7f\x80\xa0\xff"].map((byte) =>
    refused(
      "9112 §3.2",
      `${JSON.stringify(byte)} in a target`,
      withLine(`GET /a${byte}b HTTP/1.1`),
    )
  ),
  refused("9112 §3.2", "UTF-8 in a target", withLine("GET /\xc3\xa9 HTTP/1.1")),
  refused("9112 §3.2", "nothing but a fragment", withLine("GET # HTTP/1.1")),
  refused("9112 §2.2", "a CR in a target", withLine("GET /\rX:y HTTP/1.1")),
  refused("9112 §2.2", "a LF in a target", withLine("GET /\nX:y HTTP/1.1")),
];
