/**
 * The proxies that are believed, and what they tell before the first request.
 *
 * @module
 */

import type { IPv4, IPv6 } from "ipaddr.js";
import { ProtocolError } from "../http/grammar.ts";
import { type ProxyHeader, readProxyHeader } from "../http/proxy_header.ts";
import type { Connection } from "./connection.ts";
import { NetworkError, ProxyHeaderError } from "./network_error.ts";

/** Addresses whose answer is remembered. */
const MOST_KNOWN = 1000;

/** A network: its address and the number of bits that its addresses share. */
type Network = [IPv4 | IPv6, number];

/** How proxies tell whose requests they pass on. */
export interface ProxyConfig {
  /** Those that are believed. */
  readonly peers: TrustedPeers;
  /** Whether they begin each connection with a PROXY header. */
  readonly sendHeader: boolean;
}

/** The peers that are believed when they tell for whom they connect: addresses in networks. */
export class TrustedPeers {
  readonly #networks: readonly Network[];
  readonly #parse: (address: string) => IPv4 | IPv6;
  readonly #known = new Map<string, boolean>();

  private constructor(networks: readonly Network[], parse: (address: string) => IPv4 | IPv6) {
    this.#networks = networks;
    this.#parse = parse;
  }

  /**
   * Parses addresses and networks in CIDR notation. An IPv4-mapped IPv6 network of 96 bits or more is
   * one of IPv4.
   *
   * @throws {SyntaxError} if one is malformed, or has bits behind its prefix; quotes it
   */
  static async of(cidrs: readonly string[]): Promise<TrustedPeers> {
    // Imported here only, since it takes 20 ms.
    const { default: library } = await import("ipaddr.js");
    const { IPv4, IPv6, parse } = library;

    function parseNetwork(cidr: string): Network {
      const [, address = "", digits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(cidr) ?? [];
      const isIpv4 = IPv4.isValidFourPartDecimal(address);
      if (!isIpv4 && (!IPv6.isValid(address) || address.includes("%"))) {
        throw new SyntaxError(`"${cidr}" is no address or network`);
      }
      const network = parse(address);
      const bits = network.toByteArray().length * 8;
      const prefix = digits === undefined ? bits : Number(digits);
      if (prefix > bits) throw new SyntaxError(`"${cidr}" has a prefix of more than ${bits} bits`);
      const first = (isIpv4 ? IPv4 : IPv6).networkAddressFromCIDR(`${address}/${prefix}`);
      if (`${first}` !== `${network}`) {
        throw new SyntaxError(`"${cidr}" has bits behind its prefix: write ${first}/${prefix}`);
      }
      const isMapped = network instanceof IPv6 && network.isIPv4MappedAddress() && prefix >= 96;
      return isMapped ? [network.toIPv4Address(), prefix - 96] : [network, prefix];
    }

    return new TrustedPeers(cidrs.map(parseNetwork), parse);
  }

  /**
   * Whether the peer at an address is trusted.
   *
   * @param address a valid one, IPv4-mapped ones as IPv4; in one spelling, so that it is looked up once
   */
  isTrusted(address: string): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const parsed = this.#parse(address);
    const isTrusted = this.#networks.some((network) =>
      network[0].kind() === parsed.kind() && parsed.match(network)
    );
    if (this.#known.size === MOST_KNOWN) this.#known.clear();
    this.#known.set(address, isTrusted);
    return isTrusted;
  }
}

/**
 * Takes a PROXY header from the front of a connection.
 *
 * @param until by `monotonicMs()`; the deadline is that of a handshake
 * @throws {ProxyHeaderError} if something else arrives
 * @throws {NetworkError} as `Connection.fill`, or if the peer closed the connection before
 */
export async function receiveProxyHeader(
  connection: Connection,
  until: number,
): Promise<ProxyHeader> {
  const { input } = connection;
  try {
    for (;;) {
      const header = readProxyHeader(input);
      if (header !== undefined) return header;
      if (await connection.fill("handshake", until)) continue;
      // Some health checks connect and send nothing.
      if (input.length === 0) throw new NetworkError("the connection was closed");
      throw new ProtocolError("The PROXY header is incomplete.");
    }
  } catch (error) {
    throw error instanceof ProtocolError ? new ProxyHeaderError(error.message) : error;
  }
}
