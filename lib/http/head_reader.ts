import { Fields } from "./fields.ts";
import { FieldSectionReader, type ObsFold } from "./field_section_reader.ts";
import { HTTP_VERSION, isHostAndPort, REQUEST_TARGET, TOKEN } from "./grammar.ts";
import { HEAD_LIMIT, START_LINE_LIMIT } from "./limits.ts";
import { LineReader } from "./line_reader.ts";
import type { HttpVersion, RequestHead, ResponseHead } from "./message.ts";
import { decodeOctets } from "./octets.ts";
import { ProtocolError } from "./protocol_error.ts";

/** What differs between the heads of requests and of responses. */
interface HeadSyntax<Head> {
  readonly parseStartLine: (line: string) => Omit<Head, "fields">;
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
  #startLine: Omit<Head, "fields"> | undefined;
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
      const line = decodeOctets(octets, this.#start, end);
      this.#start = end + 2;
      if (line === "" && this.#syntax.emptyLinesBefore) {
        this.#emptyOctets += 2;
        if (this.#emptyOctets > HEAD_LIMIT) {
          throw new ProtocolError("Nothing but empty lines.", 431);
        }
        continue;
      }
      this.#startLine = this.#syntax.parseStartLine(line);
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
function parseRequestLine(line: string): Omit<RequestHead, "fields"> {
  const [method = "", requestTarget = "", version = "", ...rest] = line.split(" ");
  if (rest.length > 0) throw new ProtocolError("The request line has more than three parts.");
  if (!TOKEN.test(method)) throw new ProtocolError("The method is not a token.");
  if (!REQUEST_TARGET.test(requestTarget)) {
    throw new ProtocolError("The request-target holds what only an encoded one may hold.");
  }
  return { method, requestTarget, httpVersion: parseVersion(version) };
}

/** RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`. */
function parseStatusLine(line: string): Omit<ResponseHead, "fields"> {
  // Without a reason phrase many servers leave the second SP out as well; no harm can come of it.
  const [, version, statusCode, phrase] = /^(\S+) ([1-9][0-9]{2})(?: (.*))?$/.exec(line) ?? [];
  if (version === undefined) throw new ProtocolError("The answer is not HTTP: no status line.");
  return {
    httpVersion: parseVersion(version),
    statusCode: Number(statusCode),
    reasonPhrase: phrase ?? "",
  };
}

function parseVersion(version: string): HttpVersion {
  const [, major, minor] = HTTP_VERSION.exec(version) ?? [];
  if (major === undefined) throw new ProtocolError("The HTTP version is malformed.");
  if (major !== "1") throw new ProtocolError("Only HTTP/1.0 and HTTP/1.1 are spoken here.", 505);
  return minor === "0" ? "1.0" : "1.1";
}

/** RFC 9112 §3.2: Host exactly once on 1.1, at most once on 1.0, and a host it must be. */
function checkHost(head: RequestHead): void {
  const hosts = head.fields.values("host");
  if (hosts.length > 1) throw new ProtocolError("There is more than one Host field.");
  if (hosts.length === 0 && head.httpVersion === "1.1") {
    throw new ProtocolError("The Host field is missing.");
  }
  if (hosts[0] !== undefined && !isHostAndPort(hosts[0])) {
    throw new ProtocolError("The Host field does not name a host.");
  }
}

function startLineTooLong(): ProtocolError {
  return new ProtocolError("The start line is too long.", 414);
}
