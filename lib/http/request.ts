import {
  HeadReader,
  type HeadSyntax,
  type HttpVersion,
  LastSection,
  parseVersion,
} from "./message.ts";
import { type FieldLine, type Fields, fieldSection } from "./fields.ts";
import { isHostAndPort, ProtocolError, REQUEST_TARGET, TOKEN } from "./grammar.ts";
import { STRICT } from "./limits.ts";

/** RFC 9112 §3. */
export interface RequestLine {
  /** Case-sensitive token (RFC 9110 §9). */
  readonly method: string;
  /** As received, of any form (RFC 9112 §3.2): visible ASCII without a fragment. */
  readonly requestTarget: string;
  readonly httpVersion: HttpVersion;
}

/** Request line and header section (RFC 9112 §3, §5). */
export interface RequestHead extends RequestLine {
  readonly fields: Fields;
}

/** A reader of request heads. */
export function requestHeadReader(): HeadReader<RequestLine, RequestHead> {
  return new HeadReader(REQUEST_SYNTAX);
}

/** Nearly all request lines: one pattern instead of four saves 5 % of a pipelined request. */
const USUAL_LINE = /^(?:GET|HEAD) [\x21\x22\x24-\x7e]+ HTTP\/1\.1$/;

/** RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`. */
function parseRequestLine(line: string): RequestLine {
  if (USUAL_LINE.test(line)) {
    const method = line[0] === "G" ? "GET" : "HEAD";
    const requestTarget = line.slice(method.length + 1, -" HTTP/1.1".length);
    return { method, requestTarget, httpVersion: "1.1" };
  }
  const methodEnd = line.indexOf(" ");
  const method = line.slice(0, Math.max(0, methodEnd));
  if (!TOKEN.test(method)) {
    throw new ProtocolError("The method is not a token with one space behind it.");
  }
  const targetEnd = line.indexOf(" ", methodEnd + 1);
  const requestTarget = line.slice(methodEnd + 1, Math.max(methodEnd + 1, targetEnd));
  if (!REQUEST_TARGET.test(requestTarget)) {
    throw new ProtocolError("The request-target holds what only an encoded one may hold.");
  }
  return { method, requestTarget, httpVersion: parseVersion(line.slice(targetEnd + 1)) };
}

function requestHead(
  { method, requestTarget, httpVersion }: RequestLine,
  fields: Fields,
): RequestHead {
  if (fields !== checkedFields) checkHost(httpVersion, fields);
  return { method, requestTarget, httpVersion, fields };
}

/** RFC 9112 §3.2: a valid Host, exactly once in HTTP/1.1, at most once in 1.0. */
function checkHost(httpVersion: HttpVersion, fields: Fields): void {
  const host = fields.get("host");
  if (host === undefined && httpVersion === "1.1") {
    throw new ProtocolError("The Host field is missing.");
  }
  if (host === undefined) return;
  // Two Host lines are joined by a comma and a space, which no host contains.
  if (host !== knownHost && !isHostAndPort(host)) {
    throw new ProtocolError("The Host field does not name one host.");
  }
  knownHost = host;
  checkedFields = fields;
}

/** The last valid host: most clients of a server name the same. */
let knownHost: string | undefined;
/** The last section with one valid Host, which is enough in either version. */
let checkedFields: Fields | undefined;

const REQUEST_SYNTAX: HeadSyntax<RequestLine, RequestHead> = {
  startLine: parseRequestLine,
  hasEmptyLinesBefore: true,
  reading: STRICT,
  head: requestHead,
  last: new LastSection(),
};

/** RFC 9112 §3.2.2: `absolute-form = absolute-URI`, with the schemes of a web server. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)(.*)$/i;

/**
 * Path and query of a request-target, byte for byte as the client sent them. The authority of an
 * absolute-form target is validated and ignored.
 *
 * @param method decides which forms are allowed (RFC 9112 §3.2)
 * @returns begins with `/`; `*` for OPTIONS of the whole server; the authority for CONNECT
 * @throws {ProtocolError} if the form is not allowed
 */
export function originForm(method: string, requestTarget: string): string {
  if (method === "CONNECT") {
    if (isHostAndPort(requestTarget) && /:[0-9]+$/.test(requestTarget)) return requestTarget;
    throw new ProtocolError("The target of CONNECT is not a host and a port.");
  }
  if (requestTarget.startsWith("/")) return requestTarget;
  if (requestTarget === "*" && method === "OPTIONS") return "*";
  const [, authority, rest = ""] = ABSOLUTE_FORM.exec(requestTarget) ?? [];
  if (authority === undefined) throw new ProtocolError("The request-target has no known form.");
  // User information is refused as well: RFC 9110 §4.2.4 warns of it.
  if (!isHostAndPort(authority)) {
    throw new ProtocolError("The request-target names no valid host.");
  }
  if (rest.startsWith("/")) return rest;
  // RFC 9112 §3.2.4: OPTIONS with neither path nor query means the server as a whole.
  return rest === "" && method === "OPTIONS" ? "*" : `/${rest}`;
}

/**
 * Whether the client waits for 100 (Continue) before it sends its content (RFC 9110 §10.1.1).
 *
 * @throws {ProtocolError} 417 for other expectations
 */
export function expectsContinue({ httpVersion, fields }: RequestHead): boolean {
  if (httpVersion === "1.0" || !fields.has("expect")) return false;
  const expectations = fields.tokens("expect");
  if (expectations.every((it) => it === "100-continue")) return expectations.length > 0;
  throw new ProtocolError("The expectation cannot be met.", 417);
}

/**
 * The text of a request head of HTTP/1.1, in ASCII.
 *
 * @throws {TypeError} if a part is not valid
 */
export function writeRequestHead(
  method: string,
  requestTarget: string,
  fieldLines: Iterable<FieldLine>,
): string {
  if (!TOKEN.test(method)) throw new TypeError(`Cannot write the method "${method}"`);
  if (!REQUEST_TARGET.test(requestTarget)) {
    throw new TypeError(`Cannot write the request-target "${requestTarget}"`);
  }
  return `${method} ${requestTarget} HTTP/1.1\r\n${fieldSection(fieldLines)}\r\n`;
}
