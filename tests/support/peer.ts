/**
 * Programs that others wrote, as clients and servers that know nothing of this project.
 *
 * @module
 */

import { type Finished, finished, Process, type ProcessOptions } from "./process.ts";
import { freePort } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** By the name of the program: the Debian package, and where it is besides in PATH. */
const PEERS = {
  curl: { package: "curl", path: "/usr/bin/curl" },
  wget: { package: "wget", path: "/usr/bin/wget" },
  aria2c: { package: "aria2", path: "/usr/bin/aria2c" },
  haproxy: { package: "haproxy", path: "/usr/sbin/haproxy" },
  nginx: { package: "nginx", path: "/usr/sbin/nginx" },
  python3: { package: "python3", path: "/usr/bin/python3" },
  tinyproxy: { package: "tinyproxy-bin", path: "/usr/bin/tinyproxy" },
  chromium: { package: "chromium", path: "/usr/bin/chromium" },
} as const;

/** Starts a peer; where it is missing, the error says what to install. */
export function startPeer(
  name: keyof typeof PEERS,
  args: readonly string[],
  options: ProcessOptions = {},
): Process {
  for (const command of [name, PEERS[name].path]) {
    try {
      return new Process(command, args, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`${name} is missing: install it with "apt-get install ${PEERS[name].package}"`);
}

/** Runs a peer to its end. */
export async function runPeer(
  name: keyof typeof PEERS,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  await using process = startPeer(name, args, options);
  return await finished(process);
}

/** nginx that listens. */
export interface Nginx extends AsyncDisposable {
  /** `HOST:PORT`. */
  readonly authority: string;
  /** `http://HOST:PORT`. */
  readonly origin: string;
}

/**
 * Starts nginx and waits until it listens.
 *
 * @param directives what stands in its `server` block, such as `root /srv;`
 * @param authority where it listens; by default on a free port of 127.0.0.1
 */
export async function startNginx(
  directives: string,
  authority = `127.0.0.1:${freePort()}`,
  options: ProcessOptions = {},
): Promise<Nginx & { readonly process: Process }> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await TemporaryDirectory.with());
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory.join(name)};`).join("\n");
  await directory.write(
    "nginx.conf",
    `daemon off;
master_process off;
pid ${directory.join("pid")};
error_log stderr notice;
events {}
http {
  access_log off;
  types { text/html html; text/plain txt; }
  ${temporaryPaths}
  server {
    listen ${authority};
    ${directives}
  }
}
`,
  );
  const config = directory.join("nginx.conf");
  const process = stack.use(
    startPeer("nginx", ["-p", directory.path, "-e", "stderr", "-c", config], options),
  );
  // It says so once its sockets are open.
  await process.stderr.next(/\[notice\] .* event method/);
  const owned = stack.move();
  const end = () => owned.disposeAsync();
  return { process, authority, origin: `http://${authority}`, [Symbol.asyncDispose]: end };
}
