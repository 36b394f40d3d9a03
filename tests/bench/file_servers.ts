import { fromFileUrl, join } from "@std/path";
import { PROJECT } from "../support/role.ts";
import type { Recipe } from "./contestant.ts";
import { nginx } from "./nginx.ts";
import type { Name } from "./results.ts";

/** Everyone who can serve the files under a root. */
export function fileServers(root: string): Recipe[] {
  const cache = "open_file_cache max=100 inactive=300s; open_file_cache_valid 300s;";
  return [
    server("ours", root),
    nginx("nginx", `root ${root};`),
    nginx("nginx open_file_cache", `root ${root};`, cache),
    lighttpd(root),
    denoServe(root),
  ];
}

/** Our server, with further options; also what stands behind our balancer. */
export function server(name: Name, root: string, options: readonly string[] = []): Recipe {
  return {
    name,
    program: "deno",
    args: (port) => [
      ...["run", "--allow-net", "--allow-read", join(PROJECT, "server.ts"), "--log=none"],
      ...["--host=127.0.0.1", `--port=${port}`, ...options, root],
    ],
  };
}

function lighttpd(root: string): Recipe {
  return {
    name: "lighttpd",
    program: "lighttpd",
    args: (port, directory) => {
      const config = `${directory}/lighttpd.conf`;
      Deno.writeTextFileSync(
        config,
        `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.listen-backlog = 4096
server.max-fds = 20000
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 300
mimetype.assign = ("" => "application/octet-stream")
`,
      );
      return ["-D", "-f", config];
    },
  };
}

/** Deno's own HTTP server. */
function denoServe(root: string): Recipe {
  const script = fromFileUrl(new URL("deno_files.ts", import.meta.url));
  const args = ["run", "--allow-net", "--allow-read", script];
  return { name: "Deno.serve", program: "deno", args: (port) => [...args, `${port}`, root] };
}
