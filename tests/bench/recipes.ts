/**
 * The contestants: our roles and their peers, each with the configuration that it takes part with.
 *
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { PROJECT } from "../support/role.ts";
import { SERVER } from "../support/tls.ts";
import type { Name } from "./results.ts";

/** How a contestant is started. */
export interface Recipe {
  readonly name: Name;
  /** Looked for in PATH. */
  readonly program: "deno" | "node" | "nginx" | "haproxy" | "lighttpd" | "caddy";
  /** Its arguments, for a port of 127.0.0.1 and a directory of its own to write files into. */
  readonly args: (port: number, directory: string) => string[];
  /** Variables that it needs, for that directory. */
  readonly env?: (directory: string) => Readonly<Record<string, string>>;
  /** By default `http`. */
  readonly scheme?: "http" | "https";
}

/** A role of ours. */
function role(
  name: Name,
  script: "server" | "balancer",
  permissions: readonly string[],
  args: readonly string[],
): Recipe {
  const words = ["run", ...permissions, join(PROJECT, `${script}.ts`), "--host=127.0.0.1"];
  return { name, program: "deno", args: (port) => [...words, `--port=${port}`, ...args] };
}

/** Our server, with further options; also what stands behind our balancer. */
export function server(name: Name, root: string, options: readonly string[] = []): Recipe {
  const permissions = ["--allow-net", "--allow-read"];
  return role(name, "server", permissions, ["--log=none", ...options, root]);
}

/** Our balancer before some servers. */
export function balancer(name: Name, log: "none" | "common", servers: readonly string[]): Recipe {
  return role(name, "balancer", ["--allow-net"], [`--log=${log}`, "--interval=1h", ...servers]);
}

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

/** nginx that sends every client to the same server. */
export function nginxReturn([server]: readonly string[]): Recipe {
  return nginx("nginx return 301", `return 301 http://${server}$request_uri;`);
}

/** nginx that picks one of three at random, like for like; the key differs at every request. */
export function nginxRandom([first, second, third]: readonly string[]): Recipe {
  const split = `split_clients "$msec.$connection.$connection_requests" $picked {
    33.33% ${first};
    33.33% ${second};
    * ${third};
  }`;
  return nginx("nginx random of three", "return 301 http://$picked$request_uri;", split);
}

/** HAProxy that sends every client to the same server. */
export function haproxyRedirect([server]: readonly string[]): Recipe {
  return haproxy("HAProxy redirect", `http-request redirect prefix http://${server} code 301`);
}

/** HAProxy with servers that it redirects to: a 302, after which it closes the connection. */
export function haproxyRedir(servers: readonly string[]): Recipe {
  const lines = servers.map((server, i) => `server s${i} ${server} redir http://${server}`);
  return haproxy("HAProxy redir", ["balance random", ...lines].join("\n  "));
}

function haproxy(name: Name, proxy: string): Recipe {
  return {
    name,
    program: "haproxy",
    args: (port, directory) => {
      const config = `${directory}/haproxy.cfg`;
      Deno.writeTextFileSync(config, haproxyConfiguration(port, proxy));
      return ["-db", "-f", config];
    },
  };
}

function haproxyConfiguration(port: number, proxy: string): string {
  return `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout client 300s
  timeout server 300s
  timeout connect 5s
  timeout http-keep-alive 300s
listen redirect
  bind 127.0.0.1:${port} backlog 4096
  ${proxy}
`;
}

/** lighttpd, with the files under a root. */
export function lighttpd(root: string): Recipe {
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

/** Caddy's file server; it uses as many threads as it has cores, here one. */
export function caddy(root: string): Recipe {
  return {
    name: "Caddy",
    program: "caddy",
    scheme: "https",
    // It saves its configuration in the user's directory.
    env: (directory) => ({ XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory }),
    args: (port, directory) => {
      const config = `${directory}/Caddyfile`;
      Deno.writeTextFileSync(
        config,
        `{
  admin off
  auto_https off
  storage file_system ${directory}
  log {
    level ERROR
  }
}
https://:${port} {
  bind 127.0.0.1
  tls ${SERVER.cert} ${SERVER.key}
  root * ${root}
  file_server
}
`,
      );
      return ["run", "--adapter", "caddyfile", "--config", config];
    },
  };
}

/** A program of this folder, with the arguments that follow its port. */
function program(
  name: Name,
  words: readonly string[],
  args: readonly string[],
  runtime: "deno" | "node" = "deno",
): Recipe {
  return { name, program: runtime, args: (port) => [...words, `${port}`, ...args] };
}

/** A loop on Deno.listen that does no more than redirect to one of the servers. */
export function floor(servers: readonly string[]): Recipe {
  return program("floor", ["run", "--allow-net", pathOf("floor.ts")], servers);
}

/** Deno's own HTTP server, which redirects to one of the servers at random. */
export function denoRedirect(servers: readonly string[]): Recipe {
  const words = ["run", "--allow-net", pathOf("deno_serve.ts")];
  return program("Deno.serve", words, ["redirect", ...servers]);
}

/** Deno's own HTTP server, with the files under a root. */
export function denoFiles(root: string): Recipe {
  const words = ["run", "--allow-net", "--allow-read", pathOf("deno_serve.ts")];
  return program("Deno.serve", words, ["files", root]);
}

/** Node's HTTP server, which redirects to one of the servers at random. */
export function nodeRedirect(servers: readonly string[]): Recipe {
  return program("node:http", [pathOf("node_redirect.mjs")], servers, "node");
}

/** The path of a program that benchmarks start. */
export function pathOf(name: string): string {
  return fromFileUrl(new URL(`programs/${name}`, import.meta.url));
}
