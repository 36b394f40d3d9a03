/**
 * Redirects every client to one of a farm of file servers, more clients to the faster ones.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { AdminServer } from "./lib/balancing/admin/admin.ts";
import { ControlServer } from "./lib/balancing/admin/control.ts";
import {
  BALANCER_COMMAND,
  checkBalancerOptions,
  controlSocket,
} from "./lib/balancing/balancer_options.ts";
import { Farm } from "./lib/balancing/farm.ts";
import { FarmLog } from "./lib/balancing/farm_log.ts";
import { fileChecks, workerFiles } from "./lib/balancing/file_checks/file_checks.ts";
import { createFrontend } from "./lib/balancing/frontend.ts";
import { jitteredInterval } from "./lib/balancing/health_checker.ts";
import { DnsResolver } from "./lib/balancing/list/resolver.ts";
import { ServerSource } from "./lib/balancing/list/server_source.ts";
import { loadChecks } from "./lib/balancing/load_checks/load_checks.ts";
import type { LoadListener } from "./lib/balancing/probe.ts";
import { Redirection } from "./lib/balancing/redirection.ts";
import { openState } from "./lib/balancing/state/state_keeper.ts";
import { stateParts } from "./lib/balancing/state/state_parts.ts";
import { StatusCollector } from "./lib/balancing/status.ts";
import { runWorker } from "./lib/balancing/worker_link.ts";
import { runCommand } from "./lib/cli/arguments.ts";
import { standardOutput } from "./lib/log/access_log.ts";
import { logFaults } from "./lib/log/fault.ts";
import { Logger } from "./lib/log/logger.ts";
import { InTurn } from "./lib/process/in_turn.ts";
import { tryListening } from "./lib/process/listener.ts";
import { fired, ReloadSignal, stopSignals } from "./lib/process/signals.ts";
import { userArguments, workerPort } from "./lib/process/worker_protocol.ts";

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
  const reload = new ReloadSignal(() => {
    logger.info("SIGHUP is acted on once the first round has ended");
  });
  const redirection = await Redirection.open(options, logger);
  const { certificate, chooser: { wantsSizes }, counters } = redirection;
  if (workerPort() !== undefined) {
    const output = standardOutput();
    await runWorker(redirection, workerFiles(options, wantsSizes, output), output);
    return 0;
  }

  const log = new FarmLog(logger.info);
  const onLoad: LoadListener = (server, load) =>
    farm.pool.learnLoad(server, load, performance.now());
  const files = fileChecks(options, wantsSizes, log.versions, logger.error, onLoad);
  const source = await ServerSource.open(operands, SERVERS_TXT, new DnsResolver(options.resolver));
  const frontend = await createFrontend(options, redirection, files, logger);
  const observers = files === undefined ? frontend.observers : [files, ...frontend.observers];
  const farm = new Farm(options, source, {
    ...{ redirection, observers, onLoad, log, onError: logger.error },
  });
  const state = await openState(options, stateParts({ ...farm, counters, files }), logger.info);
  using loads = loadChecks(options, { ...farm, counters, onError: logger.error });
  const drainDelayMs = options["drain-delay"];
  const stop = stopSignals({ drainDelayMs, onSecond: () => frontend.kill() });
  let nextAt: number | undefined;
  const status = new StatusCollector(
    { ...farm, counters, files, loads, frontend, certificate, nextAt: () => nextAt, stop },
    {
      version: config.version,
      startedAt,
      policy: options.policy,
      intervalMs: options.interval,
      workers: options.workers,
    },
  );
  const why = redirection.explainWith(farm.pool, files);
  const { admin: address, "share-port": isShared } = options;
  const openAdmin = address && (() => new AdminServer(address, status, why, logger));
  const onWait = () => logger.info("the farm is shown once the process before gives up that port");
  const admin = openAdmin && new InTurn(openAdmin, isShared, onWait, logger.error);
  const socket = controlSocket(options);
  const operating = { status, explain: why, operations: farm.operations, ticks: !address };
  const control = socket && await ControlServer.open(socket, operating, logger);

  // A port in use, or a key that cannot be used, is reported before the tests.
  tryListening(options, certificate?.credentials);
  const isRoundDue = await Promise.race([farm.start(state), fired(stop.draining)]);
  if (reload.take()) await Promise.race([farm.reload(), fired(stop.draining)]);
  await logger.flush(); // The results are logged before clients can connect.
  if (stop.draining.aborted) return 0;
  if (!farm.isUsable) return 1; // The log says why.
  const failed = await Promise.race([frontend.open(), fired(stop.draining)]);
  if (failed !== undefined) return failed;
  reload.each(() => {
    farm.reload().catch(logger.error);
    frontend.renew();
  });
  state?.begin();
  // Beside the clients, and only while a server is left to test.
  const testAgain = () => farm.round().then(() => state?.save()).catch(logger.error);
  if (isRoundDue) testAgain();
  while (!stop.signal.aborted) {
    const dueMs = jitteredInterval(options.interval, Math.random());
    nextAt = Date.now() + dueMs;
    await frontend.serveUntil(AbortSignal.any([AbortSignal.timeout(dueMs), stop.signal]));
    log.unserved(counters.takeUnserved());
    if (!stop.signal.aborted) testAgain();
  }

  if (isShared) { // The next process waits for these.
    admin?.close().catch(logger.error);
    control?.close().catch(logger.error);
  }
  await frontend.close(stop.signal);
  files?.close();
  await admin?.close();
  await control?.close();
  await state?.close();
  return 0;
}, userArguments());
