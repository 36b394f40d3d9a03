/**
 * The command line of `balancer.ts`: the one table of its options, and the values that only it has.
 *
 * @module
 */

import { UsageError } from "../cli/command.ts";
import {
  choice,
  count,
  duration,
  option,
  optional,
  SIZE,
  text,
  type ValueParser,
  type Values,
} from "../cli/option.ts";
import { REQUEST_TARGET } from "../http/grammar.ts";
import { ADMIN_ADDRESS } from "../process/admin_port.ts";
import { listenerOptions } from "../process/listener.ts";
import { PROXY_OPTIONS } from "../process/proxies.ts";
import type { UnixSocketOptions } from "../process/unix_socket.ts";
import { WORKERS_OPTION } from "../process/supervisor.ts";
import { TLS_OPTIONS } from "../process/tls.ts";
import { NAME_SERVER } from "./list/resolver.ts";
import { CHECK_MODES } from "./file_checks/file_router.ts";
import { POLICY_NAMES, type PolicyName } from "./policies.ts";
import { PROBE_BYTES } from "./probe_size.ts";

const PATH: ValueParser<string> = {
  placeholder: "PATH",
  expected: "a path that begins with / and is encoded as in a URL",
  parse: (text) => text.startsWith("/") && REQUEST_TARGET.test(text) ? text : undefined,
};

/** Permission bits of a file. */
const MODE: ValueParser<number> = {
  placeholder: "MODE",
  expected: "an octal mode such as 0600, 0660 or 0666",
  parse: (text) => /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined,
};

/** Only the user of the process. */
const DEFAULT_CONTROL_MODE = 0o600;

const POLICY: ValueParser<PolicyName> = { ...choice(POLICY_NAMES), placeholder: "NAME" };

/** Name, options and help of the command. */
export const BALANCER_COMMAND = {
  name: "balancer",
  permissions: "--allow-net",
  synopsis: "[OPTIONS] SERVER...",
  summary:
    "Times the transfer of a test file from each SERVER, then redirects every client to one " +
    "of them, more clients to the faster ones. The test is repeated every interval; a server " +
    "that fails it gets no more clients.",
  operands: {
    SERVER: "host:port, [v6]:port or https://host/path; srv:_service._tcp.domain or " +
      "dns:name:port for servers found in DNS; a file with one a line; or - for such a list on " +
      "standard input",
  },
  options: {
    ...listenerOptions("8080"),
    interval: option(duration(), "5m", "time between performance tests"),
    "probe-path": option(PATH, "/test.bin", "the file whose transfer is timed"),
    "probe-bytes": option(PROBE_BYTES, "auto", "bytes to transfer, if the server supports ?bytes="),
    "probe-timeout": option(
      duration(),
      "10s",
      "limit for a transfer; without content by then it fails",
    ),
    "probe-concurrency": option(count(1, 1000), "4", "performance tests at a time"),
    "min-speed": option(SIZE, "0", "least throughput in bytes per second; a slower transfer fails"),
    fall: option(count(1, 1000), "1", "failed tests in a row before a server is out"),
    rise: option(count(0, 1000), "0", "passed tests in a row before it returns; 0 for never"),
    policy: option(POLICY, "rank", `how servers are chosen: ${POLICY_NAMES.join(", ")}`),
    alternatives: option(count(0, 10), "0", "other servers that a redirect names as well"),
    "check-files": option(
      choice(CHECK_MODES),
      "off",
      "whether servers are asked if they have a file: after a client is redirected, or before",
    ),
    "check-rate": option(count(1, 10_000), "50", "questions about files a second, to all servers"),
    "check-expiry": option(duration(), "10m", "how long it is known that a server has a file"),
    "check-timeout": option(duration(), "1s", "how long a client waits for such an answer"),
    "load-checks": option(
      count(0, 10_000),
      "1000",
      "questions to servers about their load for each 100 redirects, if --policy uses it",
    ),
    zones: optional(text("FILE"), "zones of clients: lines such as 192.0.2.0/24 campus"),
    geoip: optional(text("FILE"), "countries of clients: a database in MaxMind's format (.mmdb)"),
    "tier-min": option(
      count(1, 1000),
      "1",
      "available servers that a zone, country or continent needs to be used alone",
    ),
    status: option(choice([301, 302, 303, 307, 308]), "301", "the status code of the redirect"),
    resolver: optional(NAME_SERVER, "name server for DNS entries (default: the system's)"),
    state: optional(text("FILE"), "file that keeps what is known of servers for the next start"),
    admin: optional(
      ADMIN_ADDRESS,
      "address of the status page; a port alone: on loopback (default: none)",
    ),
    control: optional(text("PATH"), "Unix socket at which actions on servers are taken"),
    "control-mode": optional(MODE, "who may connect there (default: 0600)"),
    ...TLS_OPTIONS,
    ...PROXY_OPTIONS,
    ...WORKERS_OPTION,
  },
  notes: `Examples:
  deno run --allow-net balancer.ts localhost:8001 localhost:8002
  deno run --allow-net balancer.ts servers.txt
  deno run --allow-net --allow-read balancer.ts /etc/farm.txt

A list named servers.txt beside balancer.ts needs no --allow-read. Lists in
files that it may read are read again at SIGHUP; DNS is looked up before each
round of tests.

Clients can get another URL than the tests: host:port=https://files.example.
Options of a server follow behind a comma: weight=N, drain, backup,
zone=NAME, country=CODE or continent=CODE:
  deno run --allow-net balancer.ts web1:8000,weight=2 web2:8000,backup

The status of all servers is served as a page, /status.json, /metrics and
/healthz, at an address of its own:
  deno run --allow-net balancer.ts --admin=:9000 servers.txt`,
};

/** The values of all options. */
export type BalancerOptions = Values<typeof BALANCER_COMMAND.options>;

/** The socket of `--control`; undefined without it. */
export function controlSocket(
  { control: path, "control-mode": mode = DEFAULT_CONTROL_MODE, "share-port": waitsForOther }:
    BalancerOptions,
): Omit<UnixSocketOptions, "name"> | undefined {
  return path === undefined ? undefined : { path, mode, waitsForOther };
}

/** Checks options that depend on each other. @throws {UsageError} */
export function checkBalancerOptions(options: BalancerOptions): void {
  if (options["tier-min"] > 1 && options.zones === undefined && options.geoip === undefined) {
    throw new UsageError("--tier-min needs --zones or --geoip, by which clients have tiers");
  }
  if (options["control-mode"] !== undefined && options.control === undefined) {
    throw new UsageError("--control-mode is that of the socket of --control, which is missing");
  }
  if (options["probe-bytes"] !== "auto" && options["probe-path"].includes("?")) {
    throw new UsageError("--probe-bytes adds ?bytes=SIZE to --probe-path, which has a query");
  }
}
