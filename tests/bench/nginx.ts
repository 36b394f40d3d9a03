import type { Recipe } from "./contestant.ts";
import type { Name } from "./results.ts";

/** nginx with these directives in its `server` block and, where need be, in `http`. */
export function nginx(name: Name, server: string, http = ""): Recipe {
  return {
    name,
    program: "nginx",
    args: (port, directory) => {
      const config = `${directory}/nginx.conf`;
      Deno.writeTextFileSync(config, configuration(port, directory, server, http));
      return ["-p", directory, "-e", "stderr", "-c", config];
    },
  };
}

/** One process, which does what a single worker does, and ends when it is killed. */
function configuration(port: number, directory: string, server: string, http: string): string {
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ");
  return `daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr error;
events { worker_connections 20000; }
http {
  access_log off;
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  ${temporaryPaths}
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${server}
  }
}
`;
}
