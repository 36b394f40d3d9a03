/**
 * Serves the files under a directory over HTTP/1.1.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { runCommand } from "./lib/cli/arguments.ts";
import { CommandError, UsageError } from "./lib/cli/command.ts";
import { openFileServer } from "./lib/files/pages.ts";
import { openServerAdmin } from "./lib/files/server_admin.ts";
import { SERVER_COMMAND } from "./lib/files/server_options.ts";
import { thisProcess } from "./lib/files/server_status.ts";
import { standardOutput } from "./lib/log/access_log.ts";
import { logFaults } from "./lib/log/fault.ts";
import { LAST_LINES_MS } from "./lib/log/line_writer.ts";
import { Logger } from "./lib/log/logger.ts";
import { Certificate } from "./lib/process/certificate.ts";
import { HttpServer } from "./lib/process/http_server.ts";
import { LoadPublisher, serverLoad } from "./lib/process/load_link.ts";
import { readProxies } from "./lib/process/proxies.ts";
import { onHangup, stopSignals } from "./lib/process/signals.ts";
import { isSupervisor, supervise, Supervisor } from "./lib/process/supervisor.ts";
import { credentialFiles } from "./lib/process/tls.ts";
import { userArguments } from "./lib/process/worker_protocol.ts";

await runCommand(SERVER_COMMAND, async (options, operands) => {
  await using logger = new Logger("server", options.log === "json", Date.now);
  const { info, error: logError } = logger;
  logFaults(logger);
  const root = await realRoot(operands);
  const proxies = await readProxies(options);
  const certificate = await Certificate.open(options, info);
  const { admin: adminAddress, workers, "drain-delay": drainDelayMs } = options;
  const constants = { version: config.version, startedAt: Date.now(), workers };

  if (isSupervisor(options)) {
    const loads = new LoadPublisher();
    const { subscribe, onReport } = loads;
    const links = { info, relay: logger.relay, subscribe, onReport };
    const files = [root, ...credentialFiles(options)];
    const supervisor = await Supervisor.of(options, files, links);
    const stop = stopSignals({ drainDelayMs, onSecond: () => supervisor.kill() });
    const sources = { processes: loads, frontend: supervisor, certificate, stop, constants };
    const admin = openServerAdmin(adminAddress, sources, logger);
    const exitStatus = await supervise(supervisor, stop.signal, certificate);
    await admin?.close();
    return exitStatus;
  }

  const isReporting = options["load-report"] === "on";
  const output = standardOutput();
  const load = serverLoad(output);
  const files = await openFileServer(root, options, isReporting ? load.now : undefined);
  const stop = stopSignals({ drainDelayMs, onUpdate: load.learn });
  const server = new HttpServer(options, {
    handler: (request) => files.reply(request),
    replyToError: files.replyToError,
    ...{ certificate, proxies, limitRate: options["limit-rate"], output, info, logError },
    load: isReporting || adminAddress ? load.meter : undefined,
  });
  const processes = thisProcess(server, files, load);
  if (adminAddress) load.reportCounts(() => processes.counts);
  const sources = { processes, frontend: server, certificate, stop, constants };
  const admin = openServerAdmin(adminAddress, sources, logger);
  onHangup(() => {
    if (certificate === undefined) info("there is nothing to be read again");
    else void certificate.renew();
  });
  server.announce();
  await server.serveUntil(stop.signal);
  await server.close(stop.signal);
  load.close();
  await Promise.all([admin?.close(), output.flush(LAST_LINES_MS)]);
  return 0;
}, userArguments());

/** The real path of the directory that is to be served. */
async function realRoot(operands: readonly string[]): Promise<string> {
  if (operands.length > 1) throw new UsageError("only one ROOT can be served");
  const [root = "."] = operands;
  try {
    const path = await Deno.realPath(root);
    if ((await Deno.stat(path)).isDirectory) return path;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) throw notUtf8(root);
    if (error instanceof Deno.errors.NotFound) {
      // Of arguments that are no UTF-8, Deno gives U+FFFD.
      throw root.includes("\ufffd") ? notUtf8(root) : new UsageError(`${root}: no such directory`);
    }
    if (error instanceof Deno.errors.NotCapable) {
      const hint = "run it with --allow-read, or with that of the real path";
      throw new UsageError(`there is no permission to read ${root}: ${hint}`);
    }
    if (!(error instanceof Deno.errors.NotADirectory)) {
      throw new CommandError(`${root} cannot be read`, 1, { cause: error });
    }
  }
  throw new UsageError(`${root} is not a directory`);
}

function notUtf8(root: string): UsageError {
  return new UsageError(`${root}: its path holds a name that is no UTF-8, which Deno cannot open`);
}
