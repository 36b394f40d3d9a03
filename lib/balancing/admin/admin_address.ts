import { isHostAndPort } from "../../http/grammar.ts";
import type { Kind } from "../../option.ts";

/** Where the admin side listens. */
export interface AdminAddress {
  /** A name or an address without brackets, as `Deno.listen` takes it. */
  readonly hostname: string;
  /** 0 to 65535; 0 stands for any free one. */
  readonly port: number;
  /** Whether only this machine can connect to it. */
  readonly isLoopback: boolean;
}

/** A loopback address as URL parsers write it, or a name for one (RFC 6761 §6.3). */
const LOOPBACK = /^(?:(?:.+\.)?localhost\.?|127\.[\d.]+|\[::1\]|\[::ffff:7f[\da-f]*:[\da-f]+\])$/;

/** `HOST:PORT`, or only a port, which means this machine. */
export const ADMIN_ADDRESS: Kind<AdminAddress> = {
  placeholder: "HOST:PORT",
  accepts: "an address such as 127.0.0.1:9000, [::1]:9000 or, for this machine only, :9000",
  parse,
};

function parse(text: string): AdminAddress | undefined {
  const [, host = "", port] = /^(?:(\[[^\]]*\]|[^:[\]]*):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65535) return undefined;
  if (host === "") return { hostname: "127.0.0.1", port: Number(port), isLoopback: true };
  if (!isHostAndPort(host)) return undefined;
  const canonical = URL.parse(`http://${host}/`)?.hostname;
  // What a URL parser takes for a number is an address, but not one that people mean.
  const isNumber = canonical !== undefined && /^[\d.]+$/.test(canonical);
  if (canonical === undefined || (isNumber && canonical !== host)) return undefined;
  const hostname = host.toLowerCase().replace(/^\[|\]$/g, "");
  return { hostname, port: Number(port), isLoopback: LOOPBACK.test(canonical) };
}
