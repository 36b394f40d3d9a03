import type { Recipe } from "./contestant.ts";
import type { Name } from "./results.ts";

/** Paths of a certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** nginx with these directives in its `server` block and, where need be, in `http`. */
export function nginx(name: Name, server: string, http = "", tls?: Certificate): Recipe {
  return {
    name,
    program: "nginx",
    ...(tls && { scheme: "https" }),
    args: (port, directory) => {
      const config = `${directory}/nginx.conf`;
      Deno.writeTextFileSync(config, configuration(port, directory, server, http, tls));
      return ["-p", directory, "-e", "stderr", "-c", config];
    },
  };
}

/** One process, which does what a single worker does, and ends when it is killed. */
function configuration(
  port: number,
  directory: string,
  server: string,
  http: string,
  tls?: Certificate,
): string {
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ");
  const encryption = tls === undefined ? "" : `ssl_certificate ${tls.cert};
    ssl_certificate_key ${tls.key};
    ssl_protocols TLSv1.2 TLSv1.3;`;
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
    listen 127.0.0.1:${port} backlog=4096${tls === undefined ? "" : " ssl"};
    ${encryption}
    ${server}
  }
}
`;
}
