/**
 * The header of HAProxy's PROXY protocol, versions 1 and 2, by which a proxy that passes bytes on tells
 * whose connection it is. It stands once, before all else.
 *
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt; § are of that document.
 *
 * @module
 */

import { encodeLatin1, ProtocolError } from "./grammar.ts";
import { addressOfBytes, canonicalAddress } from "./ip_address.ts";
import { PROXY_HEADER_LIMIT, PROXY_LINE_LIMIT } from "./limits.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** What a PROXY header tells. */
export interface ProxyHeader {
  /**
   * The client's address in the spelling of `canonicalAddress`; undefined if the connection is the
   * proxy's own, such as a health check, or not of TCP over IP: then the peer's address counts.
   */
  readonly source: string | undefined;
}

const VERSION_1 = encodeLatin1("PROXY ");

/** §2.2. */
const VERSION_2 = encodeLatin1("\r\n\r\n\0\r\nQUIT\n");

/** Signature, version and command, family and protocol, length. */
const FIXED_BYTES = 16;

/**
 * Takes a PROXY header from the front of the buffer.
 *
 * @returns undefined if more is needed
 * @throws {ProtocolError} if something else stands there
 */
export function readProxyHeader(buffer: ReceiveBuffer): ProxyHeader | undefined {
  const { bytes } = buffer;
  if (bytes.length === 0) return undefined;
  const isText = bytes[0] === VERSION_1[0];
  const signature = isText ? VERSION_1 : VERSION_2;
  for (let i = 0; i < Math.min(bytes.length, signature.length); i++) {
    if (bytes[i] !== signature[i]) {
      throw new ProtocolError("It does not begin with a PROXY header.");
    }
  }
  return isText ? readLine(buffer) : readBinary(buffer);
}

/** §2.1: one SP between the parts, no leading zeros in the ports. */
const LINE = /^PROXY (TCP[46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) ([0-9]+) ([0-9]+)$/;
const PORT = /^(?:0|[1-9][0-9]{0,4})$/;

/** §2.1: what follows behind UNKNOWN is ignored. */
const UNKNOWN_LINE = /^PROXY UNKNOWN(?: |$)/;

function readLine(buffer: ReceiveBuffer): ProxyHeader | undefined {
  const line = buffer.line(
    PROXY_LINE_LIMIT - "\r\n".length,
    () => new ProtocolError("The PROXY line is too long."),
  );
  if (line === undefined) return undefined;
  if (UNKNOWN_LINE.test(line)) return { source: undefined };
  const [, family, source = "", destination = "", ...ports] = LINE.exec(line) ?? [];
  const areOfFamily = [source, destination].every((it) => it.includes(":") === (family === "TCP6"));
  const arePorts = ports.every((port) => PORT.test(port) && Number(port) <= 65535);
  const address = canonicalAddress(source);
  const isValid = areOfFamily && arePorts && canonicalAddress(destination) !== undefined;
  if (!isValid || address === undefined) throw new ProtocolError("The PROXY line is malformed.");
  return { source: address };
}

/**
 * §2.2: the bytes of one address, by family and protocol; 0 where addresses mean nothing here:
 * unspecified, UDP, Unix.
 */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
  ...[0x00, 0x12, 0x22, 0x31, 0x32].map((kind) => [kind, 0] as const),
]);

function readBinary(buffer: ReceiveBuffer): ProxyHeader | undefined {
  const { bytes } = buffer;
  if (bytes.length <= 12) return undefined;
  const command = bytes[12]! - 0x20; // The version is in the upper half.
  if (command !== 0 && command !== 1) {
    throw new ProtocolError("The PROXY header has an unknown version or command.");
  }
  if (bytes.length <= 13) return undefined;
  // §2.2: of LOCAL, command 0, all that follows is ignored.
  const addressBytes = command === 0 ? 0 : ADDRESS_BYTES.get(bytes[13]!);
  if (addressBytes === undefined) {
    throw new ProtocolError("The PROXY header has an unknown address family or protocol.");
  }
  if (bytes.length < FIXED_BYTES) return undefined;
  const length = bytes[14]! * 256 + bytes[15]!;
  const portBytes = addressBytes === 0 ? 0 : 4;
  if (length < 2 * addressBytes + portBytes || FIXED_BYTES + length > PROXY_HEADER_LIMIT) {
    throw new ProtocolError("The PROXY header has an invalid length.");
  }
  if (bytes.length < FIXED_BYTES + length) return undefined;
  const source = bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes);
  const header = { source: addressBytes === 0 ? undefined : addressOfBytes(source) };
  buffer.take(FIXED_BYTES + length); // With destination, ports and what else the proxy tells.
  return header;
}
