import { DownloadError } from "../download_error.ts";

/** A URI that can be asked for over HTTP (RFC 9110 §7.1). */
export interface TargetUri {
  /** Whether it is asked for over TLS (RFC 9110 §4.2.2). */
  readonly isSecure: boolean;
  /** The whole of it, without a fragment. */
  readonly href: string;
  /** A name or an address; IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Host and port, the port always, IPv6 in brackets: the server, whatever the scheme. */
  readonly server: string;
  /** Host, and port where it is not the scheme's own: the value of a Host field (RFC 9110 §7.2). */
  readonly authority: string;
  /** Path and query, in origin form. */
  readonly requestTarget: string;
  /** What a typed URI holds before its host; it is not in any of the others. */
  readonly userinfo?: Userinfo;
}

/** A user name, and a password where it is known. Neither is ever shown. */
export interface Userinfo {
  readonly name: string;
  readonly password: string | undefined;
}

/** Whether two URIs have one origin: scheme, host and port (RFC 9110 §4.3.1). */
export function isSameOrigin(a: TargetUri, b: TargetUri): boolean {
  return a.isSecure === b.isSecure && a.server === b.server;
}

/** Whether Basic credentials can hold a text: no control characters (RFC 7617 §2). */
export function isCredential(text: string): boolean {
  // deno-lint-ignore no-control-regex -- it is them that are refused
  return !/[\x00-\x1f\x7f-\x9f]/.test(text);
}

/** A reference as messages show it: without user name and password, wherever they may end. */
function withoutUserinfo(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:[/\\]{2,})?[^]*@/i, "$1…@");
}

/**
 * The URI that a user typed.
 *
 * @throws {DownloadError} `url`, when it is none that this client can ask for
 */
export function parseTypedUri(text: string): TargetUri {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new DownloadError("url", noScheme(text));
  }
  const url = parseUrl(text, undefined, "url");
  const uri = targetUri(url, targetOf(url, text), "url");
  if (url.username === "" && url.password === "") return uri;
  // Of control characters, URL passes over some.
  const userinfo = isCredential(BEFORE_PATH.exec(text)?.[0] ?? "") ? userinfoOf(url) : undefined;
  if (userinfo !== undefined) return { ...uri, userinfo };
  const fault = "the user name or password in the URL cannot be sent";
  throw new DownloadError("url", `${url.host}: ${fault}`);
}

function noScheme(text: string): string {
  const shown = withoutUserinfo(text);
  return `"${shown}" has no scheme: write http://${shown}`;
}

/**
 * User name and password of a URL, decoded; undefined where they are not what Basic credentials can
 * hold: no name has a colon (RFC 7617 §2).
 */
export function userinfoOf({ username, password }: URL): Userinfo | undefined {
  try {
    const name = decodeURIComponent(username);
    const decoded = password === "" ? undefined : decodeURIComponent(password);
    if (!isCredential(name + (decoded ?? "")) || name.includes(":")) return undefined;
    return { name, password: decoded };
  } catch {
    return undefined; // A percent sign that begins no UTF-8.
  }
}

/**
 * The URI that a Location field refers to (RFC 9110 §10.2.2).
 *
 * @param base the URI that was asked for
 * @throws {DownloadError} `protocol`, when it refers to none that this client can ask for
 */
export function parseLocation(location: string, base: TargetUri): TargetUri {
  if (location === "") {
    throw new DownloadError("protocol", `${base.href}: the redirect has an empty Location`);
  }
  // deno-lint-ignore no-control-regex -- where it leads is not to be guessed
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(location)) {
    throw new DownloadError("protocol", `${base.href}: the Location holds a control character`);
  }
  // Bytes beyond ASCII should have been encoded; they stand for themselves, whatever the charset.
  const encoded = location.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const url = parseUrl(encoded, base.href, "protocol");
  return targetUri(url, targetOf(url, encoded, base.requestTarget), "protocol");
}

function parseUrl(text: string, base: string | undefined, failure: "url" | "protocol"): URL {
  const url = URL.parse(text, base);
  if (url === null) {
    throw new DownloadError(failure, `"${withoutUserinfo(text)}" is not a valid URL`);
  }
  return url;
}

/** As it was written; but `http:x`, which only browsers know, as they have it. */
function targetOf(url: URL, text: string, base?: string): string {
  return /^\s*https?:(?![/\\]{2})/i.test(text) ? url.pathname + url.search : rawTarget(text, base);
}

function targetUri(url: URL, target: string, failure: "url" | "protocol"): TargetUri {
  const isSecure = url.protocol === "https:";
  if (!isSecure && url.protocol !== "http:") {
    const shown = withoutUserinfo(url.href);
    const message = `${shown}: ${url.protocol} is not supported, only http: and https:`;
    throw new DownloadError(failure, message);
  }
  if (failure === "protocol" && (url.username !== "" || url.password !== "")) {
    const message = `${url.host}: a user name or password in a redirect is not supported`;
    throw new DownloadError(failure, message);
  }
  if (url.port === "0") throw new DownloadError(failure, `${url.host}: there is no port 0`);
  const port = Number(url.port || (isSecure ? 443 : 80));
  return {
    isSecure,
    href: url.origin + target,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    server: `${url.hostname}:${port}`,
    authority: url.host,
    requestTarget: target,
  };
}

/** Scheme and authority at the start of an absolute or scheme-relative reference, as browsers see them. */
const BEFORE_PATH = /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2,}[^/\\?#]*/;

/**
 * The origin-form target of a URI reference, its bytes as they were written: signatures are made
 * over them, and another spelling is another resource (RFC 3986 §2.2). Only what no request line may
 * hold is percent-encoded. Dot segments are taken out, as RFC 3986 §5.2.4 has it.
 *
 * @param base the target that was asked for; undefined for an absolute reference
 */
function rawTarget(reference: string, base?: string): string {
  const text = reference.replace(/^[\0-\x20]+|[\0-\x20]+$|[\t\r\n]/g, "");
  const before = BEFORE_PATH.exec(text)?.[0];
  const [relative = ""] = text.slice(before?.length ?? 0).split("#", 1);
  const [path, query] = atQuestionMark(relative);
  const [basePath, baseQuery] = atQuestionMark(before === undefined ? base ?? "/" : "/");
  const whole = /^[/\\]/.test(path)
    ? `/${path.slice(1)}`
    : path === ""
    ? basePath
    : basePath.slice(0, basePath.lastIndexOf("/") + 1) + path;
  const target = withoutDots(whole) + (relative === "" ? baseQuery : query);
  return target.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/** A path, and the query with its question mark; "" where there is none. */
function atQuestionMark(text: string): readonly [path: string, query: string] {
  const at = text.indexOf("?");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}

/** RFC 3986 §5.2.4, for a path that begins with a slash. */
function withoutDots(path: string): string {
  if (!/\/\.\.?(?:\/|$)/.test(path)) return path;
  const segments = path.split("/").slice(1);
  const resolved: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") resolved.pop();
    if (!isDot) resolved.push(segment);
    else if (i === segments.length - 1) resolved.push("");
  }
  return `/${resolved.join("/")}`;
}
