/** One number of an IPv4 address; a leading zero would be octal for some readers. */
const IPV4_PART = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

const IPV4 = new RegExp(`^${IPV4_PART}(?:\\.${IPV4_PART}){3}$`);

const IPV6_CHARACTERS = /^[0-9A-Fa-f:.]{2,45}$/;

/** RFC 4291 §2.5.5.2, as URL parsers write it. */
const IPV4_MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * An IP address in the one spelling that is compared and logged: that of RFC 5952, and of an IPv4
 * address for an IPv4-mapped one.
 *
 * @param text without brackets, port or zone
 * @returns undefined if it is no address
 */
export function canonicalAddress(text: string): string | undefined {
  if (IPV4.test(text)) return text;
  if (!text.includes(":") || !IPV6_CHARACTERS.test(text)) return undefined;
  const address = URL.parse(`http://[${text}]`)?.hostname.slice(1, -1);
  const mapped = address === undefined ? null : IPV4_MAPPED.exec(address);
  if (mapped === null) return address;
  const [high, low] = [parseInt(mapped[1]!, 16), parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The same of an address in network byte order: 4 bytes or 16. */
export function addressOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  return canonicalAddress(groups.join(":"))!;
}
