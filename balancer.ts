/**
 * Redirects every client to one of a farm of file servers, more clients to the faster ones.
 *
 * @module
 */

import { AccessLog, LOG_FLUSH_MS } from "./lib/access_log.ts";
import { runCommand } from "./lib/args.ts";
import { readServers } from "./lib/balancing/list/list_source.ts";
import { POLICIES, POLICY_NAMES, type PolicyName } from "./lib/balancing/policies.ts";
import { Pool } from "./lib/balancing/pool.ts";
import { probe } from "./lib/balancing/probe.ts";
import { Redirector } from "./lib/balancing/redirector.ts";
import { dueAfter } from "./lib/balancing/round.ts";
import { Tester } from "./lib/balancing/tester.ts";
import { REQUEST_TARGET } from "./lib/http/grammar.ts";
import { announce, listen, listenerOptions } from "./lib/listener.ts";
import { say } from "./lib/log.ts";
import { Acceptor } from "./lib/net/accept.ts";
import { Service } from "./lib/net/service.ts";
import { choice, count, duration, type Kind, option, SIZE } from "./lib/option.ts";
import { stopSignal } from "./lib/stop.ts";

const PATH: Kind<string> = {
  placeholder: "PATH",
  accepts: "a path that begins with / and is encoded as in a URL",
  parse: (text) => text.startsWith("/") && REQUEST_TARGET.test(text) ? text : undefined,
};

const POLICY: Kind<PolicyName> = { ...choice(POLICY_NAMES), placeholder: "NAME" };

const command = {
  name: "balancer",
  permissions: "--allow-net",
  synopsis: "[OPTIONS] SERVER...",
  summary:
    "Times the transfer of a test file from each SERVER, then redirects every client to one " +
    "of them, more clients to the faster ones. The test is repeated every interval; a server " +
    "that fails it gets no more clients.",
  operands: {
    SERVER: "host:port, [v6]:port or https://host/path; a file that lists one a line; or - for " +
      "such a list on standard input",
  },
  options: {
    ...listenerOptions("8080"),
    interval: option(duration(), "5m", "time between performance tests"),
    "probe-path": option(PATH, "/test.bin", "the file whose transfer is timed"),
    "probe-timeout": option(duration(), "10s", "a transfer that takes longer has failed"),
    "probe-concurrency": option(count(1, 1000), "4", "performance tests at a time"),
    "min-speed": option(SIZE, "0", "bytes per second; a transfer that is slower has failed"),
    fall: option(count(1, 1000), "1", "failed tests in a row before a server is out"),
    rise: option(count(0, 1000), "0", "passed tests in a row before it returns; 0: never"),
    policy: option(POLICY, "rank", `how servers are chosen: ${POLICY_NAMES.join(", ")}`),
    alternatives: option(count(0, 10), "0", "other servers that a redirect names as well"),
    status: option(choice([301, 302, 303, 307, 308]), "301", "the status code of the redirect"),
  },
  notes: `Examples:
  deno run --allow-net balancer.ts localhost:8001 localhost:8002
  deno run --allow-net balancer.ts servers.txt
  deno run --allow-net --allow-read balancer.ts /etc/farm.txt

A list named servers.txt beside balancer.ts needs no --allow-read.

Clients can be sent elsewhere than the tests: host:port=https://files.example.
A server may be marked with weight=N, drain or backup, behind a comma:
  deno run --allow-net balancer.ts web1:8000,weight=2 web2:8000,backup`,
};

/** A list beside this file. */
const SERVERS_TXT = {
  path: `${import.meta.dirname}/servers.txt`,
  load: () => import("./servers.txt", { with: { type: "text" } }),
};

await runCommand(command, async (options, operands) => {
  const { servers, duplicates } = await readServers(operands, SERVERS_TXT);
  for (const { authority } of duplicates) tell(`${authority} is listed twice; one is kept`);
  const patience = { fall: options.fall, rise: options.rise };
  const pool = new Pool(servers, POLICIES[options.policy](), patience);
  const tester = new Tester(pool, {
    probe: (server) =>
      probe(server, {
        path: options["probe-path"],
        timeoutMs: options["probe-timeout"],
        minSpeed: options["min-speed"],
      }),
    concurrency: options["probe-concurrency"],
    patience,
    clock: () => performance.now(),
    tell,
  });
  const { status, alternatives } = options;
  const redirector = new Redirector(pool, { statusCode: status, alternatives, tell });
  const log = new AccessLog(options.log, Deno.stdout);
  const service = new Service({
    handler: redirector.handle,
    maxConnections: options["max-connections"],
    onServed: options.log === "none" ? undefined : (served) => log.record(served),
    onError: tellError,
    onFull: () => tell(`${options["max-connections"]} connections are open; others have to wait`),
  });
  const stop = stopSignal();

  listen(options.host, options.port).close(); // A taken port is better known before the test.
  tell(`testing ${servers.length} ${servers.length === 1 ? "server" : "servers"}`);
  await Promise.race([tester.round(), fired(stop)]);
  if (stop.aborted) return 0;
  if (!pool.isOpen && options.rise === 0) return 1; // The reasons have been told.

  const listener = listen(options.host, options.port);
  const acceptor = new Acceptor(listener, {
    onError: (error) => tell(`cannot accept for now: ${error.message}`),
    room: () => service.room(),
  });
  announce(listener);
  while (!stop.aborted) {
    const nextRound = AbortSignal.timeout(dueAfter(options.interval, Math.random()));
    const due = AbortSignal.any([nextRound, stop]);
    for await (const conn of acceptor.until(due)) service.serve(conn);
    // Beside the clients, never two at a time, and not when no server is left to test.
    if (!stop.aborted && pool.isTestable) tester.round().catch(tellError);
  }

  acceptor.close();
  await service.drain(options.grace);
  await log.flush(LOG_FLUSH_MS);
  if (log.dropped > 0) tell(`${log.dropped} lines of the access log were not taken by its reader`);
  return 0;
});

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
