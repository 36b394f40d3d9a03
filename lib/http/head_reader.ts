import { Fields } from "./fields.ts";
import { FieldSectionReader, type ObsFold } from "./field_section_reader.ts";
import {
  HTTP_VERSION,
  isHostAndPort,
  type OctetClass,
  SP,
  TARGET_OCTET,
  TCHAR,
} from "./grammar.ts";
import { HEAD_LIMIT, START_LINE_LIMIT } from "./limits.ts";
import { LineReader } from "./line_reader.ts";
import type { HttpVersion, RequestHead, ResponseHead } from "./message.ts";
import { decodeOctets, encodeOctets } from "./octets.ts";
import { ProtocolError } from "./protocol_error.ts";

type StartLine<Head> = Omit<Head, "fields">;

/** What differs between the heads of requests and of responses. */
interface HeadSyntax<Head> {
  readonly parseStartLine: (octets: Uint8Array, start: number, end: number) => StartLine<Head>;
  /** Empty lines before the start line: a server is to bear them (RFC 9112 §2.2). */
  readonly emptyLinesBefore: boolean;
  readonly obsFold: ObsFold;
  /** A last look at the whole head; throws ProtocolError. */
  readonly check: (head: Head) => void;
}

/**
 * Octets in; a head, undefined for "more octets are needed", or ProtocolError. The verdict is the
 * same however the octets are split, limits included. One reader serves one connection: after a
 * head it begins anew.
 */
export class HeadReader<Head extends { readonly fields: Fields }> {
  readonly #syntax: HeadSyntax<Head>;
  readonly #lines = new LineReader();
  #start = 0;
  #emptyOctets = 0;
  #startLine: StartLine<Head> | undefined;
  #section: FieldSectionReader | undefined;

  /** For `requestHeadReader` and `responseHeadReader`, which know the syntax of each. */
  constructor(syntax: HeadSyntax<Head>) {
    this.#syntax = syntax;
  }

  /**
   * Reads on, as far as the octets go.
   *
   * @param octets all that has arrived, from the message's first octet on
   * @returns the head and how many octets it took, or undefined when more are needed
   * @throws {ProtocolError} as soon as the octets cannot become a head any more
   */
  read(octets: Uint8Array): { head: Head; consumed: number } | undefined {
    if (this.#startLine === undefined && !this.#readStartLine(octets)) return undefined;
    const consumed = this.#section!.read(octets, this.#start);
    if (consumed === undefined) return undefined;
    const head = { ...this.#startLine, fields: this.#section!.fields } as Head;
    this.#syntax.check(head);
    this.#startLine = undefined;
    this.#emptyOctets = 0;
    this.#beginAtFront();
    return { head, consumed };
  }

  /**
   * After `read` gave undefined: how many octets of empty lines stand before the head. They may be
   * taken away, so that a connection on which nothing else stands is known to be idle.
   */
  takeEmptyLines(): number {
    if (this.#startLine !== undefined || this.#start === 0) return 0;
    const emptyOctets = this.#start;
    this.#beginAtFront();
    return emptyOctets;
  }

  #beginAtFront(): void {
    this.#start = 0;
    this.#lines.reset();
  }

  #readStartLine(octets: Uint8Array): boolean {
    for (;;) {
      const end = this.#lines.find(octets, this.#start, START_LINE_LIMIT, startLineTooLong);
      if (end === undefined) return false;
      const start = this.#start;
      this.#start = end + 2;
      if (start === end && this.#syntax.emptyLinesBefore) {
        this.#emptyOctets += 2;
        if (this.#emptyOctets <= HEAD_LIMIT) continue;
        throw new ProtocolError("There are nothing but empty lines.", 431);
      }
      this.#startLine = this.#syntax.parseStartLine(octets, start, end);
      this.#section = new FieldSectionReader(this.#lines, this.#syntax.obsFold, new Fields());
      return true;
    }
  }
}

/** A reader of request heads, as a server reads them. */
export function requestHeadReader(): HeadReader<RequestHead> {
  return new HeadReader({
    parseStartLine: parseRequestLine,
    emptyLinesBefore: true,
    obsFold: "refused",
    check: checkHost,
  });
}

/** A reader of response heads, as a user agent reads them. */
export function responseHeadReader(): HeadReader<ResponseHead> {
  return new HeadReader({
    parseStartLine: parseStatusLine,
    emptyLinesBefore: false,
    obsFold: "joined",
    check: () => {},
  });
}

/** RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`. */
function parseRequestLine(octets: Uint8Array, start: number, end: number): StartLine<RequestHead> {
  const methodEnd = endOf(TCHAR, octets, start, end);
  if (methodEnd === start || octets[methodEnd] !== SP) {
    throw new ProtocolError("The method is not a token with one space behind it.");
  }
  const targetEnd = endOf(TARGET_OCTET, octets, methodEnd + 1, end);
  if (targetEnd === methodEnd + 1 || octets[targetEnd] !== SP) {
    throw new ProtocolError("The request-target holds what only an encoded one may hold.");
  }
  return {
    method: decodeOctets(octets, start, methodEnd),
    requestTarget: decodeOctets(octets, methodEnd + 1, targetEnd),
    httpVersion: parseVersion(octets, targetEnd + 1, end),
  };
}

/** RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`. */
function parseStatusLine(octets: Uint8Array, start: number, end: number): StartLine<ResponseHead> {
  const line = decodeOctets(octets, start, end);
  // Without a reason phrase many servers leave the second SP out as well; no harm can come of it.
  const [, version, statusCode, phrase] = /^(\S+) ([1-9][0-9]{2})(?: (.*))?$/.exec(line) ?? [];
  if (version === undefined) throw new ProtocolError("There is no status line.");
  return {
    httpVersion: parseVersion(octets, start, start + version.length),
    statusCode: Number(statusCode),
    reasonPhrase: phrase ?? "",
  };
}

const HTTP_1_1 = encodeOctets("HTTP/1.1");

function parseVersion(octets: Uint8Array, start: number, end: number): HttpVersion {
  if (end - start === 8 && isHttp11(octets, start)) return "1.1";
  const [, major, minor] = HTTP_VERSION.exec(decodeOctets(octets, start, end)) ?? [];
  if (major === undefined) throw new ProtocolError("The HTTP version is malformed.");
  if (major !== "1") throw new ProtocolError("Only HTTP/1.0 and HTTP/1.1 are spoken here.", 505);
  return minor === "0" ? "1.0" : "1.1";
}

function isHttp11(octets: Uint8Array, start: number): boolean {
  for (let i = 0; i < 8; i++) {
    if (octets[start + i] !== HTTP_1_1[i]) return false;
  }
  return true;
}

/** Where the octets of a class end. */
function endOf(octetClass: OctetClass, octets: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && octetClass[octets[at]!] === 1) at++;
  return at;
}

/** The last that was found to be a host: most clients of a server name the same. */
let knownHost: string | undefined;

/** RFC 9112 §3.2: Host exactly once on 1.1, at most once on 1.0, and a host it must be. */
function checkHost({ httpVersion, fields }: RequestHead): void {
  const host = fields.get("host");
  if (host === undefined && httpVersion === "1.1") {
    throw new ProtocolError("The Host field is missing.");
  }
  if (host === undefined || host === knownHost) return;
  // Two Host lines are joined by a comma and a space, which stand in no host.
  if (!isHostAndPort(host)) throw new ProtocolError("The Host field does not name one host.");
  knownHost = host;
}

function startLineTooLong(): ProtocolError {
  return new ProtocolError("The start line is too long.", 414);
}
