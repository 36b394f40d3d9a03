import { authorityOf } from "../authority.ts";
import { CommandError } from "../command.ts";

/** How worker processes are started. */
export interface WorkerCommand {
  /** The program. */
  readonly program: string;
  /** Its arguments, before those of the worker, when it is to listen on that port. */
  readonly args: (port: number) => readonly string[];
}

/**
 * How workers of this process are started: as itself, with those of its permissions that they need.
 *
 * @param host the address that they listen on
 * @param paths what they read, where not everything may be read
 * @throws {CommandError} status 2, without the permission to run them
 */
export async function workerCommand(
  host: string,
  paths: readonly string[],
): Promise<WorkerCommand> {
  const program = await permittedProgram();
  if (Deno.build.standalone) return { program, args: () => [] };
  const mayReadAll = await isGranted({ name: "read" });
  const mayUseAnyNet = await isGranted({ name: "net" });
  const read = paths.map((path) => path.replaceAll(",", ",,")).join(",");
  const reading = mayReadAll ? ["--allow-read"] : read === "" ? [] : [`--allow-read=${read}`];
  return {
    program,
    args: (port) => [
      ...["run", "--quiet", "--no-prompt", "--unstable-net"],
      mayUseAnyNet ? "--allow-net" : `--allow-net=${authorityOf(host, port)}`,
      ...reading,
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
