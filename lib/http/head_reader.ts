import { Fields } from "./fields.ts";
import { FieldSectionReader } from "./field_section_reader.ts";
import {
  HTTP_VERSION,
  isHostAndPort,
  LINE_OCTET,
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
import { LENIENT, type Reading, STRICT } from "./reading.ts";

/** How many octets may be decoded beyond a head: with more there, they are content. */
const DECODED_AT_ONCE = 4096;

/** Makes a head of a start line that was found right, given the text of the whole head. */
type MakeHead<Head> = (text: string, fields: Fields) => Head;

/** What differs between the heads of requests and of responses. */
interface HeadSyntax<Head> {
  readonly readStartLine: (octets: Uint8Array, start: number, end: number) => MakeHead<Head>;
  /** Empty lines before the start line: a server is to bear them (RFC 9112 §2.2). */
  readonly emptyLinesBefore: boolean;
  /** What is borne, and how much. */
  readonly reading: Reading;
  /** A last look at the whole head; throws ProtocolError. */
  readonly check: (head: Head) => void;
}

/**
 * Octets in; a head, undefined for "more octets are needed", or ProtocolError. The verdict is the
 * same however the octets are split, limits included. One reader serves one connection: after a
 * head it begins anew.
 */
export class HeadReader<Head> {
  readonly #syntax: HeadSyntax<Head>;
  readonly #lines: LineReader;
  /** Where the message begins. */
  #from = 0;
  /** Where what was not read yet begins. */
  #start = 0;
  /** Of empty lines that were taken away from before the head. */
  #takenOctets = 0;
  #makeHead: MakeHead<Head> | undefined;
  #section: FieldSectionReader | undefined;
  #decoded: { readonly octets: Uint8Array; readonly text: string } | undefined;

  /** For `requestHeadReader` and `responseHeadReader`, which know the syntax of each. */
  constructor(syntax: HeadSyntax<Head>) {
    this.#syntax = syntax;
    this.#lines = new LineReader(syntax.reading);
  }

  /**
   * Reads on, as far as the octets go.
   *
   * @param octets all that has arrived; more of it comes in another view, never in the same
   * @param from where the message begins in them; when that has changed, it is read anew
   * @returns the head and how many octets it took, or undefined when more are needed
   * @throws {ProtocolError} as soon as the octets cannot become a head any more
   */
  read(octets: Uint8Array, from = 0): { head: Head; consumed: number } | undefined {
    if (from !== this.#from) this.#begin(from);
    if (from === octets.length) this.#decoded = undefined; // What waits keeps no old head.
    const makeHead = this.#makeHead ??= this.#readStartLine(octets);
    if (makeHead === undefined) return undefined;
    const { fields } = this.#section!;
    const end = this.#section!.read(octets, this.#start);
    if (end === undefined) return undefined;
    const text = this.#textUpTo(end, octets);
    fields.settle(text);
    const head = makeHead(text, fields);
    this.#syntax.check(head);
    this.#section = undefined; // A connection that waits for its next request keeps little.
    this.#begin(end);
    this.#takenOctets = 0;
    return { head, consumed: end - from };
  }

  /**
   * After `read` gave undefined: how many octets of empty lines stand before the head. They may be
   * taken away, so that a connection on which nothing else stands is known to be idle.
   */
  takeEmptyLines(): number {
    if (this.#makeHead !== undefined) return 0;
    const count = this.#start - this.#from;
    this.#from = this.#start;
    this.#takenOctets += count;
    return count;
  }

  #begin(from: number): void {
    this.#from = from;
    this.#start = from;
    this.#makeHead = undefined;
    this.#lines.reset();
  }

  #readStartLine(octets: Uint8Array): MakeHead<Head> | undefined {
    for (;;) {
      const end = this.#lines.find(
        octets,
        this.#start,
        START_LINE_LIMIT,
        startLineTooLong,
        LINE_OCTET, // What speaks no HTTP is known by its first octets.
      );
      if (end === undefined) return undefined;
      const start = this.#start;
      this.#start = this.#lines.behind(octets, end);
      if (start === end && this.#syntax.emptyLinesBefore) {
        if (this.#takenOctets + this.#start - this.#from <= HEAD_LIMIT) continue;
        throw new ProtocolError("There are nothing but empty lines.", 431);
      }
      this.#section = new FieldSectionReader(
        this.#lines,
        this.#syntax.reading,
        new Fields(),
        this.#from,
      );
      return this.#syntax.readStartLine(octets, start, end);
    }
  }

  /** The octets as text: all in one call where they are pipelined heads, since one costs 90 ns. */
  #textUpTo(end: number, octets: Uint8Array): string {
    const isDecoded = octets === this.#decoded?.octets && end <= this.#decoded.text.length;
    if (!isDecoded) {
      const until = octets.length <= DECODED_AT_ONCE ? octets.length : end;
      this.#decoded = { octets, text: decodeOctets(octets, 0, until) };
    }
    return this.#decoded!.text;
  }
}

/** A reader of request heads, as a server reads them. */
export function requestHeadReader(): HeadReader<RequestHead> {
  return new HeadReader(REQUEST_SYNTAX);
}

/** A reader of response heads, as a user agent reads them. */
export function responseHeadReader(): HeadReader<ResponseHead> {
  return new HeadReader(RESPONSE_SYNTAX);
}

const REQUEST_SYNTAX: HeadSyntax<RequestHead> = {
  readStartLine: readRequestLine,
  emptyLinesBefore: true,
  reading: STRICT,
  check: checkHost,
};

const RESPONSE_SYNTAX: HeadSyntax<ResponseHead> = {
  readStartLine: readStatusLine,
  emptyLinesBefore: false,
  reading: LENIENT,
  check: () => {},
};

/** RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`. */
function readRequestLine(octets: Uint8Array, start: number, end: number): MakeHead<RequestHead> {
  const methodEnd = endOf(TCHAR, octets, start, end);
  if (methodEnd === start || octets[methodEnd] !== SP) {
    throw new ProtocolError("The method is not a token with one space behind it.");
  }
  const targetEnd = endOf(TARGET_OCTET, octets, methodEnd + 1, end);
  if (targetEnd === methodEnd + 1 || octets[targetEnd] !== SP) {
    throw new ProtocolError("The request-target holds what only an encoded one may hold.");
  }
  const httpVersion = parseVersion(octets, targetEnd + 1, end);
  return (text, fields) => ({
    method: text.slice(start, methodEnd),
    requestTarget: text.slice(methodEnd + 1, targetEnd),
    httpVersion,
    fields,
  });
}

/** RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`. */
function readStatusLine(octets: Uint8Array, start: number, end: number): MakeHead<ResponseHead> {
  const line = decodeOctets(octets, start, end);
  // Without a reason phrase many servers leave the second SP out as well; no harm can come of it.
  const [, version, statusCode, phrase] = /^(\S+) ([1-9][0-9]{2})(?: (.*))?$/.exec(line) ?? [];
  if (version === undefined) throw new ProtocolError("There is no status line.");
  const httpVersion = parseVersion(octets, start, start + version.length);
  const reasonPhrase = phrase ?? "";
  return (_, fields) => ({ httpVersion, statusCode: Number(statusCode), reasonPhrase, fields });
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
