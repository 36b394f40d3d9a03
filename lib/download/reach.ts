/**
 * How the jobs of a run reach servers: by which connections, how fast, and with which fields.
 *
 * @module
 */

import { UsageError } from "../cli/command.ts";
import { say } from "../log/console.ts";
import type { AddressFamily } from "../net/dial.ts";
import { type ClientOptions, proxyVariables } from "./client_options.ts";
import type { Job } from "./jobs/jobs.ts";
import { readCertificates } from "../cli/option_file.ts";
import { Connections } from "./requests/connections.ts";
import type { Transport } from "./requests/transport.ts";

/** What all jobs of a run share to reach servers. */
export interface Reach {
  readonly connections: Connections;
  /** The part of a job's transport that the run decides. */
  readonly transportOf: (
    job: Job,
  ) => Pick<Transport, "connections" | "rateLimit" | "userFields">;
}

/**
 * Prepares it as the options say. Modules that only some options need are loaded for these alone.
 *
 * @throws {UsageError} if options exclude each other, or files that they name cannot be used
 */
export async function openReach(options: ClientOptions, jobs: readonly Job[]): Promise<Reach> {
  const { ca, ipv4, ipv6, timeout } = options;
  if (ipv4 && ipv6) throw new UsageError("-4 and -6 exclude each other");
  const family: AddressFamily | undefined = ipv4 ? 4 : ipv6 ? 6 : undefined;
  const caCerts = ca === undefined ? [] : [await readCertificates(ca)];
  const rateLimit = await rateLimitOf(options);
  const proxies = await proxiesOf(options);
  const dialing = { family, inputBytes: rateLimit?.pieceBytes, proxies };
  const connections = new Connections(timeout, { caCerts }, dialing);
  const userFields = await userFieldsFor(options, jobs);
  const transportOf = (job: Job) => ({ connections, rateLimit, userFields: userFields?.(job) });
  return { connections, transportOf };
}

/** The proxies that servers are reached through; undefined for none. */
async function proxiesOf({ proxy }: ClientOptions) {
  const variables = proxyVariables(proxy !== undefined);
  if (variables === undefined) return undefined;
  const { Proxies } = await import("./requests/proxy.ts");
  return new Proxies(proxy, variables);
}

/** Keeps all connections together within `--limit-rate`; undefined without one. */
async function rateLimitOf({ "limit-rate": rate }: ClientOptions) {
  if (rate === 0) return undefined;
  const { RateLimit } = await import("./requests/rate_limit.ts");
  return new RateLimit(rate, () => performance.now());
}

/** What the user wants sent with the requests of each job; undefined for nothing. */
async function userFieldsFor(options: ClientOptions, jobs: readonly Job[]) {
  const { header, "header-everywhere": isEverywhere, user, netrc, quiet } = options;
  const isNone = header.length === 0 && !isEverywhere && user === undefined && netrc === undefined;
  if (isNone && jobs.every(({ uri }) => uri.userinfo === undefined)) return undefined;
  const { prepareUserFields } = await import("./requests/user_fields.ts");
  const fields = await prepareUserFields(options, (text) => quiet || say(text));
  return (job: Job): Transport["userFields"] => (uri) => fields.fieldsFor(uri, job.uri);
}
