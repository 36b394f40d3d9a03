/**
 * Redirects every client to one of a farm of file servers, more clients to the faster ones.
 *
 * @module
 */

import { runCommand } from "./lib/args.ts";
import { readServers } from "./lib/balancing/list_source.ts";
import { Pool } from "./lib/balancing/pool.ts";
import { probe } from "./lib/balancing/probe.ts";
import { runRound } from "./lib/balancing/round.ts";
import { REQUEST_TARGET } from "./lib/http/grammar.ts";
import { Redirect } from "./lib/http/redirect.ts";
import { htmlReply } from "./lib/http/reply.ts";
import { announce, listen, listenerOptions, stopSignal } from "./lib/listener.ts";
import { AccessLog, LOG_FLUSH_MS, say } from "./lib/log.ts";
import { Acceptor } from "./lib/net/accept.ts";
import { Service } from "./lib/net/service.ts";
import type { Handler } from "./lib/net/handler.ts";
import { choice, duration, type Kind, option } from "./lib/option.ts";

const PATH: Kind<string> = {
  placeholder: "PATH",
  accepts: "a path that begins with / and is encoded as in a URL",
  parse: (text) => text.startsWith("/") && REQUEST_TARGET.test(text) ? text : undefined,
};

const command = {
  name: "balancer",
  permissions: "--allow-net",
  synopsis: "[OPTIONS] SERVER...",
  summary:
    "Times the transfer of a test file from each SERVER, then redirects every client to one " +
    "of them, more clients to the faster ones. The test is repeated every interval; a server " +
    "that fails it gets no more clients.",
  operands: {
    SERVER: "host:port, [v6]:port, a file that lists one a line, or - for such a list on " +
      "standard input",
  },
  options: {
    ...listenerOptions("8080"),
    interval: option(duration(), "5m", "time between performance tests"),
    "probe-path": option(PATH, "/test.bin", "the file whose transfer is timed"),
    "probe-timeout": option(duration(), "10s", "a transfer that takes longer has failed"),
    status: option(choice([301, 302, 303, 307, 308]), "301", "the status code of the redirect"),
  },
  notes: `Examples:
  deno run --allow-net balancer.ts localhost:8001 localhost:8002
  deno run --allow-net balancer.ts servers.txt
  deno run --allow-net --allow-read balancer.ts /etc/farm.txt

A list named servers.txt beside balancer.ts needs no --allow-read.`,
};

const NO_STORE = ["Cache-Control", "no-store"] as const;

/** A list beside this file. */
const SERVERS_TXT = {
  path: `${import.meta.dirname}/servers.txt`,
  load: () => import("./servers.txt", { with: { type: "text" } }),
};

/** Servers that one line about a round names. */
const MOST_LISTED = 10;

/** Tests at a time: few, so that the servers do not share one line while they are timed. */
const PROBES_AT_A_TIME = 4;

await runCommand(command, async (options, operands) => {
  const { servers, duplicates } = await readServers(operands, SERVERS_TXT);
  for (const { authority } of duplicates) tell(`${authority} is listed twice; one is kept`);
  const pool = new Pool(servers);
  const log = new AccessLog(options.log, Deno.stdout);
  const service = new Service({
    handler: redirectInto(pool, options.status),
    maxConnections: options["max-connections"],
    onServed: options.log === "none" ? undefined : (served) => log.record(served),
    onError: tellError,
    onFull: () => tell(`${options["max-connections"]} connections are open; others have to wait`),
  });
  const stop = stopSignal();
  const test = () => testAll(pool, options["probe-path"], options["probe-timeout"]);

  listen(options.host, options.port).close(); // A taken port is better known before the test.
  tell(`testing ${servers.length} ${servers.length === 1 ? "server" : "servers"}`);
  await Promise.race([test(), fired(stop)]);
  if (stop.aborted) return 0;
  if (pool.ranking.length === 0) return 1; // The reasons have been told.

  const listener = listen(options.host, options.port);
  const acceptor = new Acceptor(listener, {
    onError: (error) => tell(`cannot accept for now: ${error.message}`),
    room: () => service.room(),
  });
  announce(listener);
  let round: Promise<void> | undefined;
  while (!stop.aborted) {
    const due = AbortSignal.any([AbortSignal.timeout(options.interval), stop]);
    for await (const conn of acceptor.until(due)) service.serve(conn);
    // Beside the clients, never two at a time, and not when no server is left to test.
    if (stop.aborted || pool.testable.length === 0) continue;
    round ??= test().catch(tellError).finally(() => round = undefined);
  }

  acceptor.close();
  await service.drain(options.grace);
  await log.flush(LOG_FLUSH_MS);
  if (log.dropped > 0) tell(`${log.dropped} lines of the access log were not taken by its reader`);
  return 0;
});

/** One redirect for each request, to a server picked by its share. */
function redirectInto(pool: Pool, statusCode: number): Handler {
  // A 301 may be cached for ever (RFC 9110 §15.4.2), and would pin a client to one server, dead or
  // not.
  const redirect = new Redirect(statusCode, "The file is here:", [NO_STORE]);
  const retryLater = [["Retry-After", "60"], NO_STORE] as const;
  return ({ target }) => {
    const server = pool.pick(Math.random());
    // The target stands as it was received: validated, never decoded (§10.2.2).
    if (server !== undefined) return redirect.to(`http://${server.authority}${target}`);
    return htmlReply(503, "No server is available now. Please try again later.", retryLater);
  };
}

/** One round of performance tests, told on standard error. */
async function testAll(pool: Pool, path: string, timeoutMs: number): Promise<void> {
  await runRound(pool, async (server) => {
    const outcome = await probe(server, { path, timeoutMs });
    if (outcome.kind === "failed") tell(`${server.authority} is out: ${outcome.reason}`);
    if (outcome.kind === "untestable") {
      tell(`${server.authority} could not be tested: ${outcome.reason}`);
    }
    return outcome;
  }, PROBES_AT_A_TIME);
  const n = pool.ranking.length;
  const ranks = pool.ranking.map(({ server, sample, share }) =>
    `${server.authority} ${sample.elapsedMs.toFixed(1)} ms (${(share * 100).toFixed(1)} %)`
  ).reverse();
  const listed = ranks.slice(0, MOST_LISTED).join(", ");
  const more = n > MOST_LISTED ? `, and ${n - MOST_LISTED} slower ones` : "";
  tell(n === 0 ? "no server is available" : `tested, fastest first: ${listed}${more}`);
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** What must not happen is told, and ends nothing. */
function tellError(error: unknown): void {
  tell(error instanceof Error ? error.message : String(error));
}

function tell(message: string): void {
  say(`balancer: ${message}`);
}
