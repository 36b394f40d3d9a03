import { fromFileUrl, join } from "@std/path";
import { PROJECT } from "../support/role.ts";
import type { Recipe } from "./contestant.ts";
import { nginx } from "./nginx.ts";
import type { Name } from "./results.ts";

/** Our balancer before some servers. */
export function balancer(name: Name, log: "none" | "common", servers: readonly string[]): Recipe {
  return {
    name,
    program: "deno",
    args: (port) => [
      ...["run", "--allow-net", join(PROJECT, "balancer.ts"), `--log=${log}`, "--interval=1h"],
      ...["--host=127.0.0.1", `--port=${port}`, ...servers],
    ],
  };
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

/** A loop on Deno.listen that does no more than redirect to one of the servers. */
export function floor(servers: readonly string[]): Recipe {
  const args = ["run", "--allow-net", script("floor.ts")];
  return { name: "floor", program: "deno", args: (port) => [...args, `${port}`, ...servers] };
}

/** Deno's own HTTP server, which picks one of the servers at random. */
export function denoServe(servers: readonly string[]): Recipe {
  const args = ["run", "--allow-net", script("deno_redirect.ts")];
  return { name: "Deno.serve", program: "deno", args: (port) => [...args, `${port}`, ...servers] };
}

/** Node's HTTP server, which picks one of the servers at random. */
export function nodeHttp(servers: readonly string[]): Recipe {
  const args = [script("node_redirect.mjs")];
  return { name: "node:http", program: "node", args: (port) => [...args, `${port}`, ...servers] };
}

function script(name: string): string {
  return fromFileUrl(new URL(name, import.meta.url));
}
