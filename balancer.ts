/**
 * Redirects every client to one of a farm of file servers, more clients to the faster ones.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { ADMIN_ADDRESS, AdminServer } from "./lib/balancing/admin/admin_server.ts";
import { Chooser } from "./lib/balancing/chooser.ts";
import { Farm } from "./lib/balancing/farm.ts";
import { type Frontend, OwnFrontend, WorkerFrontend } from "./lib/balancing/frontend.ts";
import { jitteredInterval } from "./lib/balancing/health_checker.ts";
import { type AskSize, askSize, KnownSizes } from "./lib/balancing/known_sizes.ts";
import { DnsResolver, NAME_SERVER } from "./lib/balancing/list/resolver.ts";
import { ServerSource } from "./lib/balancing/list/server_source.ts";
import { POLICIES, POLICY_NAMES, type PolicyName } from "./lib/balancing/policies.ts";
import { Pool } from "./lib/balancing/pool.ts";
import { PROBE_BYTES, probeWith } from "./lib/balancing/probe_size.ts";
import { Redirector } from "./lib/balancing/redirector.ts";
import { PickedShares, RequestCounters } from "./lib/balancing/request_counters.ts";
import { StatusCollector } from "./lib/balancing/status.ts";
import { runWorker } from "./lib/balancing/worker_link.ts";
import { runCommand } from "./lib/cli/arguments.ts";
import { UsageError } from "./lib/cli/command.ts";
import {
  choice,
  count,
  duration,
  option,
  optional,
  SIZE,
  type ValueParser,
  type Values,
} from "./lib/cli/option.ts";
import { REQUEST_TARGET } from "./lib/http/grammar.ts";
import { logFaults } from "./lib/log/fault.ts";
import type { LineWriter } from "./lib/log/line_writer.ts";
import { Logger } from "./lib/log/logger.ts";
import { pausedMs } from "./lib/net/deadlines.ts";
import { HttpServer } from "./lib/process/http_server.ts";
import { listen, listenerOptions } from "./lib/process/listener.ts";
import { fired, ReloadSignal, stopSignal } from "./lib/process/signals.ts";
import { isSupervisor, WORKERS_OPTION } from "./lib/process/supervisor.ts";
import { type Credentials, readCredentials, TLS_OPTIONS } from "./lib/process/tls.ts";
import { userArguments, workerPort } from "./lib/process/worker_protocol.ts";

const PATH: ValueParser<string> = {
  placeholder: "PATH",
  accepts: "a path that begins with / and is encoded as in a URL",
  parse: (text) => text.startsWith("/") && REQUEST_TARGET.test(text) ? text : undefined,
};

const POLICY: ValueParser<PolicyName> = { ...choice(POLICY_NAMES), placeholder: "NAME" };

const command = {
  name: "balancer",
  permissions: "--allow-net",
  synopsis: "[OPTIONS] SERVER...",
  summary:
    "Times the transfer of a test file from each SERVER, then redirects every client to one " +
    "of them, more clients to the faster ones. The test is repeated every interval; a server " +
    "that fails it gets no more clients.",
  operands: {
    SERVER: "host:port, [v6]:port or https://host/path; srv:_service._tcp.domain or " +
      "dns:name:port for what DNS says; a file that lists one a line; or - for such a list on " +
      "standard input",
  },
  options: {
    ...listenerOptions("8080"),
    interval: option(duration(), "5m", "time between performance tests"),
    "probe-path": option(PATH, "/test.bin", "the file whose transfer is timed"),
    "probe-bytes": option(PROBE_BYTES, "auto", "how much to transfer, where ?bytes= is obeyed"),
    "probe-timeout": option(duration(), "10s", "time for a transfer; without content it failed"),
    "probe-concurrency": option(count(1, 1000), "4", "performance tests at a time"),
    "min-speed": option(SIZE, "0", "bytes per second; a transfer that is slower has failed"),
    fall: option(count(1, 1000), "1", "failed tests in a row before a server is out"),
    rise: option(count(0, 1000), "0", "passed tests in a row before it returns; 0: never"),
    policy: option(POLICY, "rank", `how servers are chosen: ${POLICY_NAMES.join(", ")}`),
    alternatives: option(count(0, 10), "0", "other servers that a redirect names as well"),
    status: option(choice([301, 302, 303, 307, 308]), "301", "the status code of the redirect"),
    resolver: optional(NAME_SERVER, "who is asked about names in DNS (default: as the system)"),
    admin: optional(
      ADMIN_ADDRESS,
      "where to show how the farm stands; a port alone: for this machine (default: nowhere)",
    ),
    ...TLS_OPTIONS,
    ...WORKERS_OPTION,
  },
  notes: `Examples:
  deno run --allow-net balancer.ts localhost:8001 localhost:8002
  deno run --allow-net balancer.ts servers.txt
  deno run --allow-net --allow-read balancer.ts /etc/farm.txt

A list named servers.txt beside balancer.ts needs no --allow-read. Lists in
files that it may read are read again at SIGHUP; DNS is asked before each test.

Clients can be sent elsewhere than the tests: host:port=https://files.example.
A server may be marked with weight=N, drain or backup, behind a comma:
  deno run --allow-net balancer.ts web1:8000,weight=2 web2:8000,backup

How all of it stands is shown to browsers, and as /status.json, /metrics and
/healthz, at an address of its own:
  deno run --allow-net balancer.ts --admin=:9000 servers.txt`,
};

/** Clients that nobody can serve may ask again after the next round, or sooner. */
const LONGEST_RETRY_MS = 60_000;

/** Servers that leave within so many ms are one update of the policy. */
const UPDATE_MS = 100;

const clock = () => performance.now();

type BalancerOptions = Values<typeof command.options>;

/** A list beside this file. */
const SERVERS_TXT = {
  path: `${import.meta.dirname}/servers.txt`,
  load: () => import("./servers.txt", { with: { type: "text" } }),
};

await runCommand(command, async (options, operands) => {
  if (options["probe-bytes"] !== "auto" && options["probe-path"].includes("?")) {
    throw new UsageError("--probe-bytes adds ?bytes=SIZE to --probe-path, which has a query");
  }
  await using logger = new Logger("balancer", options.log === "json", Date.now);
  const { tell, tellError } = logger;
  logFaults(logger);
  const startedAt = Date.now();
  const counters = new RequestCounters();
  const picked = new PickedShares(counters);
  const chooser = new Chooser(POLICIES[options.policy](options.workers), picked);
  const serverWith = (credentials: Credentials | undefined) =>
    redirectingServer(options, credentials, chooser, counters, logger);
  if (workerPort() !== undefined) {
    await runWorker(chooser, counters, serverWith(await readCredentials(options, Date.now())));
    return 0;
  }

  const hangups = new ReloadSignal(() => tell("SIGHUP is acted on once the first round has ended"));
  const credentials = await readCredentials(options, Date.now());
  const source = await ServerSource.open(operands, SERVERS_TXT, new DnsResolver(options.resolver));
  const front = isSupervisor(options)
    ? await WorkerFrontend.of(options, counters, logger)
    : new OwnFrontend(serverWith(credentials), options);
  const farm = farmOf(options, source, front, chooser, picked, counters, tell);
  const stop = stopSignal(() => front.kill());
  let nextAt: number | undefined;
  const { policy, interval: intervalMs, workers } = options;
  const facts = { version: config.version, startedAt, policy, intervalMs, workers };
  const scene = { farm, chooser, counters, front, nextAt: () => nextAt, stop };
  const admin = options.admin &&
    new AdminServer(options.admin, new StatusCollector(scene, facts), logger);

  // A taken port, or a key that cannot be used, is better known before the test.
  listen(options.host, options.port, credentials).close();
  const failed = await testAtFirst(farm, hangups, stop, logger) ??
    await Promise.race([front.open(), fired(stop)]);
  if (failed !== undefined) return failed;
  hangups.each(() => {
    farm.reload().catch(tellError);
    front.renew();
  });
  while (!stop.aborted) {
    const dueMs = jitteredInterval(intervalMs, Math.random());
    nextAt = Date.now() + dueMs;
    await front.serveUntil(AbortSignal.any([AbortSignal.timeout(dueMs), stop]));
    // Beside the clients, never two at a time, and not when no server is left to test.
    if (!stop.aborted && farm.isTestable) farm.round().catch(tellError);
  }

  await front.close(stop);
  await admin?.close();
  return 0;
}, userArguments());

/** All servers, and how they are tested. */
function farmOf(
  options: BalancerOptions,
  source: ServerSource,
  { observers }: Frontend,
  chooser: Chooser,
  picked: PickedShares,
  counters: RequestCounters,
  tell: Logger["tell"],
): Farm {
  const thresholds = { fall: options.fall, rise: options.rise };
  const pool = new Pool([], [chooser, ...observers], thresholds, after(UPDATE_MS));
  return new Farm(source, pool, chooser, {
    thresholds,
    probe: probeWith({
      path: options["probe-path"],
      bytes: options["probe-bytes"],
      timeoutMs: options["probe-timeout"],
      minSpeed: options["min-speed"],
    }),
    concurrency: options["probe-concurrency"],
    clock,
    pausedMs,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    epochMs: Date.now,
    onRound: () => picked.endRound(),
    counters,
    tell,
  });
}

/** Before the first client: the first round. @returns the exit status, if that is to be the end */
async function testAtFirst(
  farm: Farm,
  hangups: ReloadSignal,
  stop: AbortSignal,
  logger: Logger,
): Promise<number | undefined> {
  await Promise.race([farm.begin().then(() => farm.firstRound()), fired(stop)]);
  if (hangups.take()) await Promise.race([farm.reload(), fired(stop)]);
  await logger.flush(); // What was found is said before where clients can come.
  if (stop.aborted) return 0;
  return farm.isOpen || farm.mayRecover ? undefined : 1; // The reasons have been told.
}

/** Calls back after so many ms. */
function after(ms: number): (call: () => void) => void {
  return (call) => setTimeout(call, ms);
}

/** How to open a server that redirects. */
function redirectingServer(
  options: BalancerOptions,
  credentials: Credentials | undefined,
  chooser: Chooser,
  counters: RequestCounters,
  { tell, tellError }: Logger,
): (output?: LineWriter) => HttpServer {
  const ask: AskSize = (...asked) => askSize(...asked).catch((error) => void tellError(error));
  const sizes = chooser.wantsSizes ? new KnownSizes(ask, clock, options.workers) : undefined;
  const redirector = new Redirector(chooser, {
    statusCode: options.status,
    alternatives: options.alternatives,
    retryAfterSeconds: Math.ceil(Math.min(options.interval, LONGEST_RETRY_MS) / 1000),
    ...{ sizes, counters, tell },
  });
  const parts = { handler: redirector.handle, credentials, isAnnotated: true, tell, tellError };
  return (output) => new HttpServer(options, { ...parts, output });
}
