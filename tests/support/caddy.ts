import type { Nginx } from "./peer.ts";
import { Process, type ProcessOptions } from "./process.ts";
import { freePort } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** Caddy on a free port of 127.0.0.1, found as nginx is. */
export type Caddy = Nginx;

/**
 * Starts Caddy and waits until it listens.
 *
 * @param directives what stands in its site block, such as `root * /srv`
 */
export async function startCaddy(
  directives: string,
  options: ProcessOptions = {},
): Promise<Caddy> {
  const port = freePort();
  const authority = `127.0.0.1:${port}`;
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await TemporaryDirectory.with());
  await directory.write(
    "Caddyfile",
    `{
  admin off
  auto_https off
  storage file_system ${directory.path}
}
http://:${port} {
  bind 127.0.0.1
  ${directives}
}
`,
  );
  const process = stack.use(startProcess(directory, options));
  await process.stderr.next(/"serving initial configuration"/);
  const owned = stack.move();
  const end = () => owned.disposeAsync();
  return { authority, origin: `http://${authority}`, [Symbol.asyncDispose]: end };
}

/** Whatever it keeps goes with that directory. */
function startProcess(directory: TemporaryDirectory, options: ProcessOptions): Process {
  const config = directory.join("Caddyfile");
  const homes = ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"]
    .map((name) => `${name}=${directory.path}`);
  const args = ["caddy", "run", "--adapter", "caddyfile", "--config", config];
  if (!isInstalled()) throw new Error('caddy is missing: install it with "apt-get install caddy"');
  return new Process("env", [...homes, ...args], options);
}

/** Whether this machine has Caddy. */
export function isInstalled(): boolean {
  try {
    return new Deno.Command("caddy", { args: ["version"], stdout: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
