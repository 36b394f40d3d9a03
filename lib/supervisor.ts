/**
 * The process above the workers of a role: it listens on nothing, starts them, replaces those that
 * end, and passes signals on.
 *
 * @module
 */

import { CommandError, UsageError } from "./command.ts";
import { listen } from "./listener.ts";
import { print } from "./log.ts";
import { count, type Option, option } from "./option.ts";
import { stopSignal } from "./stop.ts";
import { SharedSink, type WorkerCommand, WorkerProcess } from "./worker.ts";
import { Workers } from "./workers.ts";
import { workerPort } from "./orders.ts";

/** How long workers may take to end, beyond the grace, before they are killed. */
const LEEWAY_MS = 3000;

/** The option of a role that can have workers. */
export interface WorkersOption {
  /** How many processes listen. */
  readonly workers: Option<number>;
}

/** The option of a role that can have workers. */
export const WORKERS_OPTION: WorkersOption = {
  workers: option(count(1, 256), "1", "processes that listen on the same port (Linux)"),
};

/** What a supervisor is told. */
export interface SupervisorOptions {
  /** The address that its workers listen on. */
  readonly host: string;
  /** Their port; 0 for any free one. */
  readonly port: number;
  /** How many there are. */
  readonly workers: number;
  /** How long they may finish transfers, in ms. */
  readonly grace: number;
}

/** Whether this process is to start workers instead of serving by itself. */
export function isSupervisor({ workers }: { readonly workers: number }): boolean {
  return workers > 1 && workerPort === undefined;
}

/**
 * Runs workers of this role until a signal stops them; at SIGHUP replaces them one by one.
 *
 * @param paths what they read, where not everything may be read
 * @param tell told what happens to them, for people
 * @returns the exit status
 * @throws {CommandError} when they cannot be started
 */
export async function supervise(
  options: SupervisorOptions,
  paths: readonly string[],
  tell: (message: string) => void,
): Promise<number> {
  const { host, port, grace } = options;
  if (Deno.build.os !== "linux") throw new UsageError("--workers needs Linux");
  const command = await workerCommand(host, paths);
  // Where others listen, workers that share their port with anybody would not notice.
  if (port !== 0) listen(host, port).close();
  const announced = Promise.withResolvers<void>();
  const sink = new SharedSink(Deno.stdout, announced.promise);
  const workers = new Workers({
    count: options.workers,
    hire: (port) => new WorkerProcess(command, port, sink),
    tell,
    now: () => performance.now(),
    retireMs: grace + LEEWAY_MS,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const stop = stopSignal(() => workers.kill());
  const isStopped = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
  Deno.addSignalListener("SIGHUP", () => void workers.renew());
  const started = await Promise.race([workers.start(port), isStopped]);
  if (typeof started === "string") print(started);
  announced.resolve();
  if (typeof started === "object") return stop.aborted ? 0 : started.code;
  await isStopped;
  await workers.stop(grace + LEEWAY_MS);
  return 0;
}

/** How workers are started: as this process, with those of its permissions that they need. */
async function workerCommand(host: string, paths: readonly string[]): Promise<WorkerCommand> {
  const program = await permittedProgram();
  if (Deno.build.standalone) return { program, args: () => [] };
  const mayReadAll = await isGranted({ name: "read" });
  const mayUseAnyNet = await isGranted({ name: "net" });
  const read = paths.map((path) => path.replaceAll(",", ",,")).join(",");
  const authority = host.includes(":") ? `[${host}]` : host;
  return {
    program,
    args: (port) => [
      ...["run", "--quiet", "--no-prompt", "--unstable-net"],
      mayUseAnyNet ? "--allow-net" : `--allow-net=${authority}:${port}`,
      mayReadAll ? "--allow-read" : `--allow-read=${read}`,
      Deno.mainModule,
    ],
  };
}

/** This program, by the name under which it may be run. */
async function permittedProgram(): Promise<string> {
  const path = Deno.execPath();
  // A link to it, which the permission may name, is not the same to Deno.
  for (const command of [path, "deno"]) {
    if (await isGranted({ name: "run", command })) return command;
  }
  throw new CommandError(
    `there is no permission to start workers: run it with --allow-run=${path}`,
    2,
  );
}

async function isGranted(permission: Deno.PermissionDescriptor): Promise<boolean> {
  return (await Deno.permissions.query(permission)).state === "granted";
}
