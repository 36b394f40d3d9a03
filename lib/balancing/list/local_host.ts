/** 127.0.0.0/8 is loopback (RFC 1122 §3.2.1.3), and 0.0.0.0/8 this host as far as one can connect. */
const LOCAL_IPV4 = /^(?:127|0)\.\d+\.\d+\.\d+$/;

/**
 * Whether a host means the machine that uses it, whichever that is: a loopback address, an
 * unspecified one, or a name for it (RFC 6761 §6.3).
 *
 * @param hostname a name or an address, IPv6 without brackets; in lower case
 */
export function isLocalHost(hostname: string): boolean {
  if (/^(?:.+\.)?localhost\.?$/.test(hostname) || LOCAL_IPV4.test(hostname)) return true;
  if (!hostname.includes(":")) return false;
  // Its one spelling (RFC 5952); with IPv4 in it, that in hexadecimal.
  const address = URL.parse(`http://[${hostname}]`)?.hostname.slice(1, -1) ?? "";
  return address === "::" || address === "::1" || /^::ffff:(?:7f|0:)/.test(address);
}
