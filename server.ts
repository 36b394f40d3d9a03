/**
 * Serves the files under a directory over HTTP/1.1.
 *
 * @module
 */

import { runCommand } from "./lib/args.ts";
import { CommandError, UsageError } from "./lib/command.ts";
import { Root } from "./lib/files/root.ts";
import { StaticFiles } from "./lib/files/static_files.ts";
import { isTestFile, testFile } from "./lib/files/test_file.ts";
import type { Reply } from "./lib/http/reply.ts";
import { announce, listen, listenerOptions, stopSignal } from "./lib/listener.ts";
import { AccessLog, LOG_FLUSH_MS, say } from "./lib/log.ts";
import { Acceptor } from "./lib/net/accept.ts";
import { Service } from "./lib/net/service.ts";
import type { Handler } from "./lib/net/handler.ts";
import { option, SIZE } from "./lib/option.ts";

const command = {
  name: "server",
  permissions: "--allow-net --allow-read",
  synopsis: "[OPTIONS] [ROOT]",
  summary: "Serves the files under the directory ROOT over HTTP/1.1. Names that begin with a dot " +
    "are hidden, and nothing outside ROOT is ever sent.",
  operands: { ROOT: "the directory to serve (default: .)" },
  options: {
    ...listenerOptions("8000"),
    "limit-rate": option(SIZE, "0", "bytes per second to each connection; 0 for no limit"),
  },
  notes: `Examples:
  deno run --allow-net --allow-read server.ts public
  deno run --allow-net --allow-read=. server.ts --port=9000 --limit-rate=2M

A request for /test.bin, the performance-test file of the balancer, gets 1 MiB
of built-in bytes unless ROOT has a file of that name.`,
};

await runCommand(command, async (options, operands) => {
  const root = await realRoot(operands);
  const log = new AccessLog(options.log, Deno.stdout);
  const service = new Service({
    handler: filesUnder(new Root(root)),
    limitRate: options["limit-rate"],
    maxConnections: options["max-connections"],
    onServed: options.log === "none" ? undefined : (served) => log.record(served),
    onError: (error) => tell(error instanceof Error ? error.message : String(error)),
    onFull: () => tell(`${options["max-connections"]} connections are open; others have to wait`),
  });

  const stop = stopSignal();
  const listener = listen(options.host, options.port);
  const acceptor = new Acceptor(listener, {
    onError: (error) => tell(`cannot accept for now: ${error.message}`),
    room: () => service.room(),
  });
  announce(listener);
  for await (const conn of acceptor.until(stop)) service.serve(conn);

  acceptor.close();
  await service.drain(options.grace);
  await log.flush(LOG_FLUSH_MS);
  if (log.dropped > 0) tell(`${log.dropped} lines of the access log were not taken by its reader`);
  return 0;
});

/** Replies with files; with the built-in test file where there is none of its name. */
function filesUnder(root: Root): Handler {
  const files = new StaticFiles(root, () => performance.now());
  const orTestFile = (reply: Reply) => reply.statusCode === 404 ? testFile() : reply;
  return ({ target }) => {
    const reply = files.reply(target);
    if (!isTestFile(target)) return reply;
    return reply instanceof Promise ? reply.then(orTestFile) : orTestFile(reply);
  };
}

/** The real path of the directory that is to be served. */
async function realRoot(operands: readonly string[]): Promise<string> {
  if (operands.length > 1) throw new UsageError("only one ROOT can be served");
  const [root = "."] = operands;
  try {
    const path = await Deno.realPath(root);
    if ((await Deno.stat(path)).isDirectory) return path;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`${root}: no such directory`);
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

function tell(message: string): void {
  say(`server: ${message}`);
}
