/**
 * Host and port as URLs have them: an IPv6 address stands in brackets.
 *
 * @param hostname a name or an address, without brackets
 */
export function authorityOf(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
