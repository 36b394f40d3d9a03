/**
 * DNS lookups whose results, failures included, are values.
 *
 * @module
 */

import type { ValueParser } from "../../cli/option.ts";
import { authorityOf } from "../../http/grammar.ts";
import { isAddress, parseEndpoint } from "./endpoint.ts";

/** The address of a name server. */
export interface NameServer {
  /** An IPv4 address, or an IPv6 address without brackets. */
  readonly ipAddr: string;
  readonly port: number;
}

/** The value of `--resolver`: an address and maybe a port. */
export const NAME_SERVER: ValueParser<NameServer> = {
  placeholder: "IP[:PORT]",
  expected: "an IP address and maybe a port, such as 192.0.2.53, 192.0.2.53:5353 or [::1]:53,",
  parse: parseNameServer,
};

/** The result of a lookup. */
export type Answer<R> =
  /** At least one. */
  | { readonly kind: "records"; readonly records: readonly R[] }
  /** The name has no such record, or the name server refuses to answer. */
  | { readonly kind: "none" }
  /** There was no answer; the reason is in words. */
  | { readonly kind: "failed"; readonly reason: string };

/** Looks up names. No method rejects. */
export interface Resolver {
  a(name: string): Promise<Answer<string>>;
  /** The IPv6 addresses of a name, without brackets. */
  aaaa(name: string): Promise<Answer<string>>;
  /** The SRV records of a name (RFC 2782), or of the name that it is an alias of. */
  srv(name: string): Promise<Answer<Deno.SrvRecord>>;
}

/** `Deno.resolveDns`. With a signal it gives up after 2 s: one query, and one more after 1 s. */
export type LookUp = typeof Deno.resolveDns;

const DNS_PORT = 53;
const DEADLINE_MS = 5000;
/** Attempts that fit into the deadline, the last one in part. */
const MOST_ATTEMPTS = 3;
/** The most aliases in a chain; a longer one is most likely a loop. */
const MOST_ALIASES = 8;

/** Asks one name server, or those of the system. Needs only --allow-net. */
export class DnsResolver implements Resolver {
  readonly #options: { readonly nameServer?: NameServer };
  readonly #lookUp: LookUp;
  readonly #deadlineMs: number;

  /**
   * @param nameServer undefined for the name servers of the system
   * @param deadlineMs for an answer, all attempts and aliases included
   */
  constructor(
    nameServer: NameServer | undefined,
    lookUp: LookUp = Deno.resolveDns,
    deadlineMs: number = DEADLINE_MS,
  ) {
    this.#options = nameServer === undefined ? {} : { nameServer };
    this.#lookUp = lookUp;
    this.#deadlineMs = deadlineMs;
  }

  a(name: string): Promise<Answer<string>> {
    return this.#answer((signal) => this.#ask("A", name, signal));
  }

  aaaa(name: string): Promise<Answer<string>> {
    return this.#answer((signal) => this.#ask("AAAA", name, signal));
  }

  srv(name: string): Promise<Answer<Deno.SrvRecord>> {
    return this.#answer((signal) => this.#askForServices(name, signal));
  }

  async #answer<R>(ask: (signal: AbortSignal) => Promise<R[]>): Promise<Answer<R>> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#deadlineMs);
    try {
      const records = await ask(controller.signal);
      return records.length > 0 ? { kind: "records", records } : { kind: "none" };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { kind: "none" };
      return { kind: "failed", reason: this.#reasonOf(error, controller.signal) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Follows aliases, since Deno takes an SRV answer that begins with one for none. */
  async #askForServices(name: string, signal: AbortSignal): Promise<Deno.SrvRecord[]> {
    for (let aliases = 0;; aliases++) {
      try {
        return await this.#ask("SRV", name, signal);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound) || aliases === MOST_ALIASES) throw error;
      }
      [name = ""] = await this.#ask("CNAME", name, signal);
    }
  }

  #ask(kind: "A" | "AAAA" | "CNAME", name: string, signal: AbortSignal): Promise<string[]>;
  #ask(kind: "SRV", name: string, signal: AbortSignal): Promise<Deno.SrvRecord[]>;
  /** Asks again after a timeout: the name server may know the answer by then. */
  async #ask(
    kind: "A" | "AAAA" | "CNAME" | "SRV",
    name: string,
    signal: AbortSignal,
  ): Promise<string[] | Deno.SrvRecord[]> {
    const options = { ...this.#options, signal };
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#lookUp(name, kind as "A", options);
      } catch (error) {
        const isSlow = error instanceof Deno.errors.TimedOut && !signal.aborted;
        if (!isSlow || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  #reasonOf(error: unknown, signal: AbortSignal): string {
    const { nameServer } = this.#options;
    const who = nameServer
      ? `the name server ${authorityOf(nameServer.ipAddr, nameServer.port)}`
      : "the name server";
    if (signal.aborted || error instanceof Deno.errors.TimedOut) {
      return `${who} gave no answer within ${this.#deadlineMs / 1000} s`;
    }
    if (error instanceof Deno.errors.NotCapable) {
      return `there is no permission to ask ${who}: add --allow-net`;
    }
    return `${who} could not be asked`;
  }
}

function parseNameServer(text: string): NameServer | undefined {
  try {
    const { hostname, port } = parseEndpoint(text, text, DNS_PORT);
    return isAddress(hostname) ? { ipAddr: hostname, port } : undefined;
  } catch {
    return undefined;
  }
}
