/**
 * Proxies: which one a URI is reached through, and how. To one with http the request itself is sent,
 * in absolute form (RFC 9112 §3.2.2); for one with https the proxy is asked for a tunnel.
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { UsageError } from "../../cli/command.ts";
import type { FieldLine } from "../../http/fields.ts";
import { reasonPhrase, type ResponseHead } from "../../http/response.ts";
import type { Connection } from "../../net/connection.ts";
import { dial, type DialOptions, type TlsSettings } from "../../net/dial.ts";
import { type ClientRequest, failureReason } from "../../net/exchange.ts";
import {
  HandshakeError,
  LocalError,
  ProxyError,
  UnknownHostError,
} from "../../net/network_error.ts";
import { openTunnel } from "../../net/tunnel.ts";
import type { ProxyVariables } from "../client_options.ts";
import { isCredential, type TargetUri, userinfoOf } from "./target_uri.ts";
import type { Forwarder, Forwarders } from "./connections.ts";
import { basicCredentials } from "./user_fields.ts";

/** A proxy, as a URL names it. */
export class Proxy implements Forwarder {
  readonly #isSecure: boolean;
  readonly #hostname: string;
  readonly #port: number;
  readonly #server: string;
  readonly #credentials: string | undefined;

  /**
   * @param text a URL of http or https, or host and port alone, for http; maybe with a user name
   * @param source what the text came from, such as `--proxy`
   * @throws {UsageError} if it is none; the message does not repeat it, since it may hold a password
   */
  constructor(text: string, source: string) {
    const trimmed = text.trim();
    const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
    // Of control characters, URL passes over some.
    const url = isCredential(whole) ? URL.parse(whole) : null;
    const isKnown = url?.protocol === "http:" || url?.protocol === "https:";
    if (url === null || !isKnown || url.hostname === "" || url.port === "0") {
      const kind = url === null || isKnown ? "" : ` of ${url.protocol.slice(0, -1)}`;
      const expected = "a proxy such as http://host:3128 or https://NAME:PASSWORD@host:3129";
      throw new UsageError(`${source} is no URL${kind} that can be used: ${expected} is accepted`);
    }
    const { name, password } = userinfoOf(url) ?? {};
    if (name === undefined) throw new UsageError(`${source}: its user name cannot be sent`);
    this.#isSecure = url.protocol === "https:";
    this.#hostname = url.hostname.replace(/^\[|\]$/g, "");
    this.#port = portOf(whole) ?? (this.#isSecure ? 443 : 1080);
    this.#server = `${url.hostname}:${this.#port}`;
    const hasUser = url.username !== "" || url.password !== "";
    this.#credentials = hasUser ? basicCredentials({ name, password }) : undefined;
  }

  get fieldLines(): readonly FieldLine[] {
    return this.#credentials === undefined ? [] : [["Proxy-Authorization", this.#credentials]];
  }

  async connect(
    { isSecure, hostname, server }: TargetUri,
    timeoutMs: number,
    tls: TlsSettings,
    options: DialOptions,
    onHead: (head: ClientRequest | ResponseHead) => void,
  ): Promise<Connection> {
    const proxyTls = this.#isSecure ? tls : undefined;
    const connection = await dial(this.#hostname, this.#port, timeoutMs, proxyTls, options)
      .catch((error) => {
        throw this.#error(error);
      });
    if (!isSecure) return connection;
    const usual: readonly FieldLine[] = [["Host", server], ["User-Agent", "client"]];
    const request = (fieldLines: readonly FieldLine[]): ClientRequest => ({
      method: "CONNECT",
      requestTarget: server,
      fieldLines: [...usual, ...fieldLines],
    });
    onHead(request(this.fieldLines.map(([name]) => [name, "(not shown)"])));
    const onAnswer = (head: ResponseHead) => {
      onHead(head);
      const refusal = this.refusalOf(head);
      if (refusal !== undefined) throw refusal;
      if (head.statusCode >= 300) throw this.#noTunnel(head);
    };
    try {
      return await openTunnel(
        connection,
        request(this.fieldLines),
        onAnswer,
        hostname,
        timeoutMs,
        tls,
        options,
      );
    } catch (error) {
      connection.close();
      throw this.#tunnelError(error);
    }
  }

  /** RFC 9110 §15.5.8. */
  refusalOf({ statusCode, fields }: ResponseHead): ProxyError | undefined {
    if (statusCode !== 407) return undefined;
    const challenges = fields.get("proxy-authenticate");
    if (challenges !== undefined && !hasBasic(challenges)) {
      const reason = "asks for another authentication than Basic (407), which alone is supported";
      return new ProxyError(`the proxy ${this.#server} ${reason}`, undefined, "lasting");
    }
    const scheme = this.#isSecure ? "https" : "http";
    const reason = this.#credentials === undefined
      ? "asks for a name and password (407); give them"
      : "does not take this name and password (407); others can be given";
    const how = `by --proxy=${scheme}://NAME:PASSWORD@${this.#server}`;
    return new ProxyError(`the proxy ${this.#server} ${reason} ${how}`, undefined, "lasting");
  }

  /** A tunnel that is refused: a redirect is meant for people, and what is forbidden stays so. */
  #noTunnel({ statusCode, reasonPhrase: received }: ResponseHead): ProxyError {
    const phrase = received || reasonPhrase(statusCode);
    const mayPass = statusCode >= 500 || statusCode === 408 || statusCode === 429;
    const fault = mayPass ? "passing" : statusCode < 400 ? "lasting" : "forServer";
    const message = `the proxy ${this.#server} opens no tunnel: ${statusCode} ${phrase}`.trimEnd();
    return new ProxyError(message, undefined, fault);
  }

  /** The error for what comes of a tunnel: that of the server behind it is its certificate. */
  #tunnelError(error: unknown): unknown {
    if (!(error instanceof HandshakeError && error.isRefusal)) return this.#error(error);
    if (!error.isOtherProtocol) return error;
    // The server, or the proxy with a page of its own: which of them cannot be told.
    const message = `in the tunnel of the proxy ${this.#server} nothing speaks TLS`;
    return new ProxyError(message, { cause: error }, "forServer");
  }

  /** The error for what the proxy itself does; an error that is not the network's as it is. */
  #error(error: unknown): unknown {
    const reason = failureReason(error);
    if (reason === undefined || error instanceof ProxyError) return error;
    const isLasting = error instanceof UnknownHostError ||
      (error instanceof LocalError && error.isLasting) ||
      (error instanceof HandshakeError && error.isRefusal);
    const message = `the proxy ${this.#server}: ${reason}`;
    return new ProxyError(message, { cause: error }, isLasting ? "lasting" : "passing");
  }
}

/** Whether Basic is among challenges, outside of their quoted strings (RFC 9110 §11.6.1). */
function hasBasic(challenges: string): boolean {
  const plain = challenges.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return /(?:^|,)[ \t]*basic(?:[ \t,]|$)/i.test(plain);
}

/** The port as it is written, if one is: a URL drops its scheme's own, but not another scheme's. */
function portOf(url: string): number | undefined {
  const [own, other] = [new URL(url), new URL(url.replace(/^[^:]*/, "ftp"))];
  const port = own.port || other.port;
  return port === "" ? undefined : Number(port);
}

/** The proxies of a run. */
export class Proxies implements Forwarders {
  readonly #forHttp: Proxy | undefined;
  readonly #forHttps: Proxy | undefined;
  readonly #exceptions: readonly Exception[];

  /**
   * @param option the value of `--proxy`, which counts for all URIs
   * @param variables those of the environment, by their names in lower case
   * @throws {UsageError} if one names no proxy
   */
  constructor(option: string | undefined, variables: ProxyVariables) {
    const proxyOf = (name: keyof ProxyVariables) => {
      const text = variables[name];
      return text ? new Proxy(text, name.toUpperCase()) : undefined;
    };
    const given = option === undefined ? undefined : new Proxy(option, "--proxy");
    this.#forHttp = given ?? proxyOf("http_proxy") ?? proxyOf("all_proxy");
    this.#forHttps = given ?? proxyOf("https_proxy") ?? proxyOf("all_proxy");
    this.#exceptions = parseExceptions(variables.no_proxy ?? "");
  }

  for(uri: TargetUri): Proxy | undefined {
    if (this.#exceptions.some((isException) => isException(uri))) return undefined;
    return uri.isSecure ? this.#forHttps : this.#forHttp;
  }
}

/** Whether a server is to be asked directly. */
type Exception = (uri: Pick<TargetUri, "hostname" | "port">) => boolean;

/**
 * Parses `NO_PROXY`: `*`, hosts, which stand for the names below them as well, addresses, and
 * networks in CIDR notation, each maybe with a port, between commas or blanks. As in curl, what is
 * none of them is passed over.
 */
export function parseExceptions(text: string): Exception[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== "").map((entry) => {
    if (entry === "*") return () => true;
    const [host, port] = hostAndPort(entry.toLowerCase());
    const isHost = hostMatcher(host);
    return ({ hostname, port: actual }) =>
      (port === undefined || port === actual) && isHost(withoutDot(hostname));
  });
}

/** `[v6]`, or a host with one colon at most, and a port behind it; else it is all a host. */
function hostAndPort(entry: string): readonly [host: string, port: number | undefined] {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(entry) ?? [];
  return [bracketed ?? plain ?? entry, port === undefined ? undefined : Number(port)];
}

function hostMatcher(host: string): (hostname: string) => boolean {
  const network = networkOf(host);
  if (network !== undefined) {
    const [first] = network;
    return (hostname) => {
      const address = addressOf(hostname);
      return address !== undefined && address.kind() === first.kind() && address.match(network);
    };
  }
  const name = withoutDot(host.replace(/^\*?\./, ""));
  const isBelow = (hostname: string) =>
    hostname.endsWith(`.${name}`) && addressOf(hostname) === undefined;
  return (hostname) => name !== "" && (hostname === name || isBelow(hostname));
}

function networkOf(host: string) {
  if (ipaddr.isValidCIDR(host)) return ipaddr.parseCIDR(host);
  const address = addressOf(host);
  return address && ([address, address.toByteArray().length * 8] as [typeof address, number]);
}

/** IPv4-mapped addresses are of IPv4. */
function addressOf(hostname: string) {
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(hostname) || ipaddr.IPv6.isValid(hostname);
  return isAddress ? ipaddr.process(hostname) : undefined;
}

/** Of a name with a dot at its end, which means the same. */
function withoutDot(name: string): string {
  return name.replace(/\.$/, "");
}
