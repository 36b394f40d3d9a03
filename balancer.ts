/**
 * Redirects every client to one of a farm of file servers, more clients to the faster ones.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { AdminServer } from "./lib/balancing/admin/admin.ts";
import type { Explain } from "./lib/balancing/admin/why_reply.ts";
import { BALANCER_COMMAND, checkBalancerOptions } from "./lib/balancing/balancer_options.ts";
import { Chooser } from "./lib/balancing/chooser.ts";
import { FarmLog } from "./lib/balancing/farm_log.ts";
import { fileChecks, workerFiles } from "./lib/balancing/file_checks/file_checks.ts";
import { createFrontend, fileRouter, redirectingServer } from "./lib/balancing/frontend.ts";
import { HealthChecker, jitteredInterval } from "./lib/balancing/health_checker.ts";
import { DnsResolver } from "./lib/balancing/list/resolver.ts";
import { ServerSource } from "./lib/balancing/list/server_source.ts";
import { loadChecks } from "./lib/balancing/load_checks/load_checks.ts";
import { Locator } from "./lib/balancing/location/location.ts";
import { POLICIES } from "./lib/balancing/policies.ts";
import { Pool } from "./lib/balancing/pool.ts";
import type { LoadListener } from "./lib/balancing/probe.ts";
import { probeWith } from "./lib/balancing/probe_size.ts";
import { PickedShares, RequestCounters } from "./lib/balancing/request_counters.ts";
import { ServerList } from "./lib/balancing/server_list.ts";
import { StatusCollector } from "./lib/balancing/status.ts";
import { explain } from "./lib/balancing/why.ts";
import { runWorker } from "./lib/balancing/worker_link.ts";
import { runCommand } from "./lib/cli/arguments.ts";
import { standardOutput } from "./lib/log/access_log.ts";
import { logFaults } from "./lib/log/fault.ts";
import { Logger } from "./lib/log/logger.ts";
import { pausedMs } from "./lib/net/deadlines.ts";
import { listen } from "./lib/process/listener.ts";
import { readProxies } from "./lib/process/proxies.ts";
import { fired, ReloadSignal, stopSignal } from "./lib/process/signals.ts";
import { readCredentials } from "./lib/process/tls.ts";
import { userArguments, workerPort } from "./lib/process/worker_protocol.ts";

/** Servers that leave within so many ms are one update of the policy. */
const UPDATE_MS = 100;

/** The list that may stand beside this file. */
const SERVERS_TXT = {
  path: `${import.meta.dirname}/servers.txt`,
  load: () => import("./servers.txt", { with: { type: "text" } }),
};

await runCommand(BALANCER_COMMAND, async (options, operands) => {
  checkBalancerOptions(options);
  await using logger = new Logger("balancer", options.log === "json", Date.now);
  logFaults(logger);
  const startedAt = Date.now();
  const counters = new RequestCounters();
  const policy = POLICIES[options.policy](options.workers);
  const reload = new ReloadSignal(() => {
    logger.info("SIGHUP is acted on once the first round has ended");
  });
  const credentials = await readCredentials(options, Date.now());
  const port = { credentials, proxies: await readProxies(options) };
  const locator = await Locator.open(options, logger.info);
  const tiers = locator &&
    { places: locator, least: options["tier-min"], onPick: counters.redirectedIn };
  const chooser = new Chooser(policy, new PickedShares(counters), tiers);
  const log = new FarmLog(logger.info);
  if (workerPort() !== undefined) {
    const output = standardOutput();
    const files = workerFiles(options, chooser.wantsSizes, output);
    const openServer = redirectingServer(options, port, chooser, files, counters, logger);
    await runWorker(output, chooser, counters, files, openServer);
    return 0;
  }
  const onLoad: LoadListener = (server, load) => pool.learnLoad(server, load, performance.now());
  const files = fileChecks(options, chooser.wantsSizes, log.versions, logger.error, onLoad);
  const openServer = redirectingServer(options, port, chooser, files, counters, logger);

  const source = await ServerSource.open(operands, SERVERS_TXT, new DnsResolver(options.resolver));
  const frontend = await createFrontend(options, openServer, counters, files, logger);
  const pool = new Pool(chooser, {
    thresholds: { fall: options.fall, rise: options.rise },
    observers: files === undefined ? frontend.observers : [files, ...frontend.observers],
    callSoon: (call) => setTimeout(call, UPDATE_MS),
  });
  const clock = () => performance.now();
  const list = new ServerList(source, { pool, counters, locator, log, clock });
  const checker = new HealthChecker(pool, {
    probe: probeWith({
      path: options["probe-path"],
      bytes: options["probe-bytes"],
      timeoutMs: options["probe-timeout"],
      minSpeed: options["min-speed"],
      onLoad,
    }),
    concurrency: options["probe-concurrency"],
    beforeRound: () => list.update(),
    clock,
    epochMs: Date.now,
    pausedMs,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    log,
  });
  using loads = loadChecks(options, { pool, checker, counters, onError: logger.error });
  const stop = stopSignal(() => frontend.kill());
  let nextAt: number | undefined;
  const status = new StatusCollector(
    { pool, list, checker, counters, files, loads, frontend, nextAt: () => nextAt, stop },
    {
      version: config.version,
      startedAt,
      policy: options.policy,
      intervalMs: options.interval,
      workers: options.workers,
    },
  );
  const redirecting = { pool, chooser, files: files && fileRouter(options, chooser, files) };
  const why: Explain = (client, target) => explain(client, target, redirecting);
  const admin = options.admin && new AdminServer(options.admin, status, why, logger);
  const reloadAll = async () => {
    await list.reload();
    await checker.newcomers();
  };

  // A port in use, or a key that cannot be used, is reported before the tests.
  listen(options.host, options.port, credentials).close();
  await Promise.race([list.load().then(() => checker.firstRound()), fired(stop)]);
  if (reload.take()) await Promise.race([reloadAll(), fired(stop)]);
  await logger.flush(); // The results are logged before clients can connect.
  if (stop.aborted) return 0;
  if (!pool.isAvailable && !list.mayRecover) return 1; // The log says why.
  const failed = await Promise.race([frontend.open(), fired(stop)]);
  if (failed !== undefined) return failed;
  reload.each(() => {
    reloadAll().catch(logger.error);
    frontend.renew();
  });
  while (!stop.aborted) {
    const dueMs = jitteredInterval(options.interval, Math.random());
    nextAt = Date.now() + dueMs;
    await frontend.serveUntil(AbortSignal.any([AbortSignal.timeout(dueMs), stop]));
    log.unserved(counters.takeUnserved());
    // Beside the clients, and only while a server is left to test.
    if (!stop.aborted && list.isTestable) checker.round().catch(logger.error);
  }

  await frontend.close(stop);
  files?.close();
  await admin?.close();
  return 0;
}, userArguments());
