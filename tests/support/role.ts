/**
 * The roles as a user starts them: real processes with the permissions that their help asks for.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { type Finished, finished, Process, type ProcessOptions } from "./process.ts";

/** The scripts at the top level. */
export type RoleName = "server" | "balancer" | "client";

/** Where the roles are. */
export const PROJECT: string = fromFileUrl(new URL("../..", import.meta.url));

const PERMISSIONS: Readonly<Record<RoleName, readonly string[]>> = {
  server: ["--allow-net", "--allow-read"],
  balancer: ["--allow-net"],
  client: ["--allow-net", "--allow-read=.", "--allow-write=."],
};

/** How a role is started. */
export interface RoleOptions extends ProcessOptions {
  /** Deno's flags, in place of those that the role's help names. */
  readonly permissions?: readonly string[];
  /** The directory that holds the script; by default this project. */
  readonly project?: string;
}

/** Starts a role. */
export function startRole(
  name: RoleName,
  args: readonly string[],
  options: RoleOptions = {},
): Process {
  const { permissions = PERMISSIONS[name], project = PROJECT } = options;
  const script = join(project, `${name}.ts`);
  return new Process(Deno.execPath(), ["run", "--quiet", ...permissions, script, ...args], options);
}

/** A role that listens on a free port of 127.0.0.1. */
export interface ListeningRole extends AsyncDisposable {
  /** Its process; what it prints after the line that says where it listens is still unseen. */
  readonly process: Process;
  /** The port that it chose. */
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly authority: string;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
}

/** Starts a role that listens, on a free port of 127.0.0.1, and waits until it does. */
export async function listeningRole(
  name: "server" | "balancer",
  args: readonly string[],
  options: RoleOptions = {},
): Promise<ListeningRole> {
  return await listening(startRole(name, ["--host=127.0.0.1", "--port=0", ...args], options));
}

/**
 * Waits until a role listens on 127.0.0.1; when it does not, it is killed.
 *
 * @throws {Error} with all that it said, when it ends instead
 */
export async function listening(process: Process): Promise<ListeningRole> {
  const end = () => process[Symbol.asyncDispose]();
  try {
    const port = await portOf(process);
    const authority = `127.0.0.1:${port}`;
    return { process, port, authority, origin: `http://${authority}`, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw new Error(`It does not listen: ${process.stderr.text}`, { cause: error });
  }
}

/** The port that a role says it listens on, which must be the first thing it prints. */
export async function portOf(process: Process): Promise<number> {
  const line = await process.stdout.next(/^/);
  const port = Number(
    /^listening on https?:\/\/(?:\[[^\]]+\]|[^:[\]]+):([1-9][0-9]*)$/.exec(line)?.[1],
  );
  if (Number.isNaN(port)) throw new Error(`The first line is "${line}"`);
  return port;
}

/** Runs a role to its end. */
export async function runRole(
  name: RoleName,
  args: readonly string[],
  options: RoleOptions = {},
): Promise<Finished> {
  await using process = startRole(name, args, options);
  return await finished(process);
}

/** Asserts that a role ended with a status and, on standard error, one line that matches. */
export function assertRefused(actual: Finished, code: number, line: RegExp): void {
  assertMatch(actual.stderr, line);
  assertEquals(actual.stderr.replace(/[^\n]/g, ""), "\n", `not one line: ${actual.stderr}`);
  assertEquals(actual.stdout, "");
  assertEquals(actual.code, code, actual.stderr);
}

/** A probe path at which `server.ts` has a file so small that its `--limit-rate` hardly matters. */
export const QUICK_PROBE = "--probe-path=/test.bin?bytes=1000";

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether this machine has the loopback address of IPv6; some containers do not. */
export const hasIpv6: boolean = canListen("::1");

function canListen(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
