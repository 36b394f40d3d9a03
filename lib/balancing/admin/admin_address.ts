import type { ValueParser } from "../../cli/option.ts";
import { parseEndpoint } from "../list/endpoint.ts";
import { isLocalHost } from "../list/local_host.ts";
import { ServerListError } from "../list/server_list_error.ts";

/** Where the admin side listens. */
export interface AdminAddress {
  /** A name or an address without brackets, as `Deno.listen` takes it. */
  readonly hostname: string;
  /** 0 to 65535; 0 stands for any free one. */
  readonly port: number;
  /** Whether only this machine can connect to it. */
  readonly isLoopback: boolean;
}

/** `HOST:PORT`, or only a port, which means this machine. */
export const ADMIN_ADDRESS: ValueParser<AdminAddress> = {
  placeholder: "HOST:PORT",
  accepts: "an address such as 127.0.0.1:9000, [::1]:9000 or, for this machine only, :9000",
  parse,
};

function parse(text: string): AdminAddress | undefined {
  const [, host, digits] = /^(?:(\[[^\]]*\]|[^:[\]]*):)?(\d{1,5})$/.exec(text) ?? [];
  if (digits === undefined || Number(digits) > 65535) return undefined;
  const hostname = parseHost(host || "127.0.0.1");
  if (hostname === undefined) return undefined;
  return { hostname, port: Number(digits), isLoopback: isLoopback(hostname) };
}

/** An endpoint has a port other than 0: that of the admin side is read apart from its host. */
function parseHost(host: string): string | undefined {
  try {
    return parseEndpoint(host, host, 0).hostname;
  } catch (error) {
    if (error instanceof ServerListError) return undefined;
    throw error;
  }
}

/** Who listens at an unspecified address, which is all zeros, listens at all. */
function isLoopback(hostname: string): boolean {
  return isLocalHost(hostname) && /[1-9]|localhost/.test(hostname);
}
