import { DownloadError } from "./download_error.ts";

/** A URI that can be asked for over HTTP (RFC 9110 §7.1). */
export interface TargetUri {
  /** The whole of it, without a fragment. */
  readonly href: string;
  /** A name or an address; IPv6 without brackets. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Host, and port where it is not 80: the value of a Host field (RFC 9110 §7.2). */
  readonly authority: string;
  /** Path and query, in origin form. */
  readonly requestTarget: string;
}

/**
 * The URI that a user typed.
 *
 * @throws {DownloadError} `url`, when it is none that this client can ask for
 */
export function parseTypedUri(text: string): TargetUri {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new DownloadError("url", `"${text}" has no scheme: write http://${text}`);
  }
  return targetUri(parseUrl(text, undefined, "url"), "url");
}

/**
 * The URI that a Location field refers to (RFC 9110 §10.2.2).
 *
 * @param location its value, which may be relative
 * @param base the URI that was asked for
 * @throws {DownloadError} `network`, when it refers to none that this client can ask for
 */
export function parseLocation(location: string, base: TargetUri): TargetUri {
  if (location === "") {
    throw new DownloadError("network", `${base.href}: the redirect has an empty Location`);
  }
  // Octets beyond ASCII should have been encoded; they stand for themselves, whatever the charset.
  const encoded = location.replace(
    /[\x80-\xff]/g,
    (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return targetUri(parseUrl(encoded, base.href, "network"), "network");
}

function parseUrl(text: string, base: string | undefined, failure: "url" | "network"): URL {
  const url = URL.parse(text, base);
  if (url === null) throw new DownloadError(failure, `"${text}" is not a valid URL`);
  return url;
}

function targetUri(url: URL, failure: "url" | "network"): TargetUri {
  if (url.protocol === "https:") {
    throw new DownloadError(failure, `${url.href}: https is not supported yet, only http`);
  }
  if (url.protocol !== "http:") {
    throw new DownloadError(failure, `${url.href}: ${url.protocol} is not supported, only http:`);
  }
  if (url.username !== "" || url.password !== "") {
    const message = `${url.host}: a user name or password in the URL is not supported`;
    throw new DownloadError(failure, message);
  }
  if (url.port === "0") throw new DownloadError(failure, `${url.href}: there is no port 0`);
  url.hash = "";
  return {
    href: url.href,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 80),
    authority: url.host,
    // Not `pathname + search`: that would lose the "?" of an empty query.
    requestTarget: url.href.slice(url.origin.length),
  };
}
