import type { BenchRunner, Contestant } from "./bench_runner.ts";
import { checkRedirects } from "./check.ts";
import { type LoadFigures, type LoadMeasurement, measureLoad, warmUp } from "./load.ts";
import {
  balancer,
  denoRedirect,
  floor,
  haproxyRedir,
  haproxyRedirect,
  nginxRandom,
  nginxReturn,
  nodeRedirect,
  server,
} from "./recipes.ts";
import type { Name } from "./results.ts";

/** The request-target of all requests. */
export const PATH = "/files/release-1.2.3.iso?mirror=any";

/** Contestants that redirect to one server only. */
const TO_ONE: readonly Name[] = ["nginx return 301", "HAProxy redirect"];

/** Contestants that keep connections: `redir` of HAProxy closes each after its 302. */
const KEEPING: readonly Name[] = [
  "ours",
  "floor",
  "Deno.serve",
  "HAProxy redirect",
  "nginx return 301",
];
/** How many requests are sent together. */
const BATCH = 16;

/** Metrics of loads whose connections end. */
const CLOSING: readonly (keyof LoadFigures)[] = ["requests/s", "CPU µs/connection", "core busy %"];

/** The measurements of a round; `names` are the contestants, by default all. */
const MEASUREMENTS: readonly (LoadMeasurement & { readonly names?: readonly Name[] })[] = [
  {
    subject: "redirect, keep-alive",
    path: PATH,
    metrics: ["requests/s", "CPU µs/request", "median ms", "99 % ms", "core busy %"],
  },
  {
    subject: "redirect, pipelined ×16",
    path: PATH,
    metrics: ["requests/s", "CPU µs/request", "core busy %"],
    options: { pipelined: BATCH },
    names: KEEPING,
  },
  {
    subject: "redirect, one request per connection",
    path: PATH,
    metrics: CLOSING,
    options: { perConnection: 1 },
    names: [...KEEPING, "HAProxy redir"],
  },
  {
    subject: "redirect, 3 requests per connection",
    path: PATH,
    metrics: CLOSING,
    options: { perConnection: 3 },
    names: KEEPING,
  },
  {
    subject: "redirect, 16 pipelined requests per connection",
    path: PATH,
    metrics: CLOSING,
    options: { pipelined: BATCH, perConnection: BATCH },
    names: KEEPING,
  },
];

/** Our balancer beside what else can redirect. */
export async function redirect(bench: BenchRunner): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers = await startServers(bench, stack);
  const contestants = await bench.startAll([
    balancer("ours", "none", servers),
    balancer("ours, --log=common", "common", servers),
    ...[floor, nginxReturn, nginxRandom, haproxyRedirect, haproxyRedir, denoRedirect, nodeRedirect]
      .map((recipe) => recipe(servers)),
  ], stack);
  for (const contestant of contestants) await check(contestant, servers);
  await warmUp(bench, contestants, PATH);
  await warmUp(bench, contestants, PATH, { perConnection: 1 });
  await bench.repeat("redirect", async () => {
    for (const { names, ...measurement } of MEASUREMENTS) {
      const taking = contestants.filter(({ name }) => names === undefined || names.includes(name));
      await measureLoad(bench, taking, measurement);
    }
  });
}

/** Checks that a contestant redirects to those of the servers that it should. */
export async function check(contestant: Contestant, servers: readonly string[]): Promise<void> {
  await checkRedirects(contestant, PATH, {
    statusCode: contestant.name === "HAProxy redir" ? 302 : 301,
    servers: TO_ONE.includes(contestant.name) ? servers.slice(0, 1) : servers,
  });
}

/** Starts the three servers behind a balancer, ours; returns host and port of each. */
export async function startServers(
  bench: BenchRunner,
  stack: AsyncDisposableStack,
): Promise<string[]> {
  const behind = server("ours", bench.directory.path);
  const servers = await bench.startAll([behind, behind, behind], stack);
  return servers.map(({ port }) => `127.0.0.1:${port}`);
}
