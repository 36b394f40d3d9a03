/**
 * The command line of `server.ts`: the one table of its options.
 *
 * @module
 */

import { choice, option, optional, SIZE, type Values } from "../cli/option.ts";
import { ADMIN_ADDRESS } from "../process/admin_port.ts";
import { listenerOptions } from "../process/listener.ts";
import { PROXY_OPTIONS } from "../process/proxies.ts";
import { WORKERS_OPTION } from "../process/supervisor.ts";
import { TLS_OPTIONS } from "../process/tls.ts";
import { FILE_OPTIONS } from "./file_server.ts";

/** Name, options and help of the command. */
export const SERVER_COMMAND = {
  name: "server",
  permissions: "--allow-net --allow-read",
  synopsis: "[OPTIONS] [ROOT]",
  summary: "Serves the files under the directory ROOT over HTTP/1.1. Names that begin with a dot " +
    "are hidden, except /.well-known/, and nothing outside ROOT is ever sent.",
  operands: { ROOT: "the directory to serve (default: .)" },
  options: {
    ...listenerOptions("8000"),
    ...TLS_OPTIONS,
    ...PROXY_OPTIONS,
    ...WORKERS_OPTION,
    ...FILE_OPTIONS,
    "limit-rate": option(SIZE, "0", "bytes per second to each connection; 0 for no limit"),
    "load-report": option(
      choice(["on", "off"]),
      "on",
      "whether answers to the test file say how busy the server is",
    ),
    admin: optional(
      ADMIN_ADDRESS,
      "address of /healthz, /status.json and /metrics; a port alone: on loopback",
    ),
  },
  notes: `Examples:
  deno run --allow-net --allow-read server.ts public
  deno run --allow-net --allow-read=. server.ts --port=9000 --limit-rate=2M
  deno run --allow-net --allow-read server.ts \\
    --port=8443 --tls-cert=chain.pem --tls-key=key.pem public
  deno run --allow-net --allow-read --allow-run=deno server.ts \\
    --workers=2 public
  deno run --allow-net --allow-read server.ts --listing --etag=content \\
    --header='Access-Control-Allow-Origin: *' public

A request for /test.bin, the performance-test file of the balancer, gets 1 MiB
of built-in bytes unless ROOT has a file of that name; /test.bin?bytes=N gets
as many as it asks for, up to 64 MiB.

Of a file that has a.css.br, a.css.zst or a.css.gz beside it, clients that can
read them are sent these.`,
};

/** The values of all options. */
export type ServerOptions = Values<typeof SERVER_COMMAND.options>;
