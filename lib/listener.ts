/**
 * What the roles that listen have in common: where, and until when.
 *
 * @module
 */

import { CommandError } from "./command.ts";
import { print } from "./log.ts";

/** Connections that the system keeps for us until we accept them; it may allow fewer. */
const BACKLOG = 4096;

/**
 * Listens for TCP connections.
 *
 * @param hostname an address of this machine, or a name for one
 * @param port 0 for any free one
 * @throws {CommandError} status 1, when that is not possible
 */
export function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port, tcpBacklog: BACKLOG });
  } catch (error) {
    const reason = reasonOf(error, hostname, port);
    throw new CommandError(reason, 1, { cause: error });
  }
}

function reasonOf(error: unknown, hostname: string, port: number): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return `port ${port} is taken: choose another with --port, or --port=0 for any free one`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `port ${port} is for privileged users: choose one from 1024 with --port`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return "there is no permission to listen: run it with --allow-net";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `--host=${hostname} is no address of this machine`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `cannot listen on --host=${hostname} --port=${port}: ${message}`;
}

/** The first line on standard output: where clients can connect, with the real port. */
export function announce(listener: Deno.TcpListener): void {
  const { hostname, port } = listener.addr;
  print(`listening on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
}

/**
 * A signal that fires at the first SIGINT or SIGTERM. A second one ends the process at once, with
 * the status that a shell gives it: 128 and the signal's number.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const exitStatuses = { SIGINT: 130, ...(Deno.build.os !== "windows" && { SIGTERM: 143 }) };
  for (const [signal, exitStatus] of Object.entries(exitStatuses)) {
    Deno.addSignalListener(signal as Deno.Signal, () => {
      if (controller.signal.aborted) Deno.exit(exitStatus);
      controller.abort();
    });
  }
  return controller.signal;
}
