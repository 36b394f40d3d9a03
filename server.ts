/**
 * Serves the files under a directory over HTTP/1.1.
 *
 * @module
 */

import { userArguments } from "./lib/process/worker_protocol.ts";
import { runCommand } from "./lib/cli/arguments.ts";
import { CommandError, UsageError } from "./lib/cli/command.ts";
import { choice, option, SIZE } from "./lib/cli/option.ts";
import { FILE_OPTIONS, fileHandler } from "./lib/files/file_server.ts";
import { standardOutput } from "./lib/log/access_log.ts";
import { logFaults } from "./lib/log/fault.ts";
import { Logger } from "./lib/log/logger.ts";
import { Certificate } from "./lib/process/certificate.ts";
import { HttpServer } from "./lib/process/http_server.ts";
import { listenerOptions } from "./lib/process/listener.ts";
import { LoadPublisher, serverLoad } from "./lib/process/load_link.ts";
import { PROXY_OPTIONS, readProxies } from "./lib/process/proxies.ts";
import { onHangup, stopSignal } from "./lib/process/signals.ts";
import { isSupervisor, supervise, WORKERS_OPTION } from "./lib/process/supervisor.ts";
import { credentialFiles, TLS_OPTIONS } from "./lib/process/tls.ts";

const command = {
  name: "server",
  permissions: "--allow-net --allow-read",
  synopsis: "[OPTIONS] [ROOT]",
  summary: "Serves the files under the directory ROOT over HTTP/1.1. Names that begin with a dot " +
    "are hidden, except /.well-known/, and nothing outside ROOT is ever sent.",
  operands: { ROOT: "the directory to serve (default: .)" },
  options: {
    ...listenerOptions("8000"),
    ...TLS_OPTIONS,
    ...PROXY_OPTIONS,
    ...WORKERS_OPTION,
    ...FILE_OPTIONS,
    "limit-rate": option(SIZE, "0", "bytes per second to each connection; 0 for no limit"),
    "load-report": option(
      choice(["on", "off"]),
      "on",
      "whether answers to the test file say how busy the server is",
    ),
  },
  notes: `Examples:
  deno run --allow-net --allow-read server.ts public
  deno run --allow-net --allow-read=. server.ts --port=9000 --limit-rate=2M
  deno run --allow-net --allow-read server.ts \\
    --port=8443 --tls-cert=chain.pem --tls-key=key.pem public
  deno run --allow-net --allow-read --allow-run=deno server.ts \\
    --workers=2 public
  deno run --allow-net --allow-read server.ts --listing --etag=content \\
    --header='Access-Control-Allow-Origin: *' public

A request for /test.bin, the performance-test file of the balancer, gets 1 MiB
of built-in bytes unless ROOT has a file of that name; /test.bin?bytes=N gets
as many as it asks for, up to 64 MiB.

Of a file that has a.css.br, a.css.zst or a.css.gz beside it, clients that can
read them are sent these.`,
};

await runCommand(command, async (options, operands) => {
  await using logger = new Logger("server", options.log === "json", Date.now);
  const { info, error: logError } = logger;
  logFaults(logger);
  const root = await realRoot(operands);
  const proxies = await readProxies(options);
  const certificate = await Certificate.open(options, info);
  const isReporting = options["load-report"] === "on";
  if (isSupervisor(options)) {
    const loads = isReporting ? new LoadPublisher() : undefined;
    const paths = [root, ...credentialFiles(options)];
    return await supervise(options, paths, logger, { ...loads, certificate });
  }
  const output = standardOutput();
  const load = isReporting ? serverLoad(output) : undefined;
  const handler = await fileHandler(root, options, load?.now);

  const stop = stopSignal(undefined, load?.learn);
  const limitRate = options["limit-rate"];
  const server = new HttpServer(options, {
    ...{ handler, certificate, proxies, limitRate, output, load: load?.meter, info, logError },
  });
  onHangup(() => {
    if (certificate === undefined) info("there is nothing to be read again");
    else void certificate.renew();
  });
  server.announce();
  await server.serveUntil(stop);
  await server.close(stop);
  load?.close();
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
