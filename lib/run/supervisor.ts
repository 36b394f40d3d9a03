/**
 * The process above the workers of a role: it listens on nothing, starts them, replaces those that
 * end, and passes signals on.
 *
 * @module
 */

import { Crew, type CrewOptions } from "./crew.ts";
import { count, type Option, option } from "../option.ts";
import type { Notices } from "../notices.ts";
import { workerPort } from "../orders.ts";
import { fired, onHangup, stopSignal } from "./stop.ts";

/** The option of a role that can have workers. */
export interface WorkersOption {
  /** How many processes listen. */
  readonly workers: Option<number>;
}

/** The option of a role that can have workers. */
export const WORKERS_OPTION: WorkersOption = {
  workers: option(count(1, 256), "1", "processes that listen on the same port (Linux)"),
};

/** Whether this process is to start workers instead of serving by itself. */
export function isSupervisor({ workers }: { readonly workers: number }): boolean {
  return workers > 1 && workerPort === undefined;
}

/**
 * Runs workers of this role until a signal stops them; at SIGHUP replaces them one by one.
 *
 * @param paths what they read, where not everything may be read
 * @param notices told what happens to them, and what they say
 * @returns the exit status
 * @throws {CommandError} when they cannot be started
 */
export async function supervise(
  options: CrewOptions,
  paths: readonly string[],
  { tell, relay }: Pick<Notices, "tell" | "relay">,
): Promise<number> {
  const crew = await Crew.of(options, paths, { tell, relay });
  const stop = stopSignal(() => crew.kill());
  onHangup(() => void crew.renew());
  const failure = await Promise.race([crew.start(), fired(stop)]);
  if (failure !== undefined && !stop.aborted) return failure.code;
  await fired(stop);
  await crew.stop();
  return 0;
}
