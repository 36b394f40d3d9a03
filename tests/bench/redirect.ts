import { say } from "../../lib/log/console.ts";
import type { Arena } from "./arena.ts";
import { checkRedirects } from "./check.ts";
import type { Contestant } from "./contestant.ts";
import { server } from "./file_servers.ts";
import { load, type LoadOptions, warmUp } from "./load.ts";
import {
  balancer,
  denoServe,
  floor,
  haproxyRedir,
  haproxyRedirect,
  nginxRandom,
  nginxReturn,
  nodeHttp,
} from "./redirectors.ts";
import type { Name, Subject } from "./results.ts";

/** What is asked for, by everyone. */
export const PATH = "/files/release-1.2.3.iso?mirror=any";

/** Who sends all clients to one server. */
const TO_ONE: readonly Name[] = ["nginx return 301", "HAProxy redirect"];

/** Who keeps connections: `redir` of HAProxy closes each after its 302. */
const KEEPING: readonly Name[] = [
  ...["ours", "floor", "Deno.serve", "HAProxy redirect", "nginx return 301"] as const,
];
/** How many requests are sent together. */
const BATCH = 16;

/** Loads whose connections end, what they ask, and their contestants. */
const CLOSING: readonly {
  readonly subject: Subject;
  readonly asking: LoadOptions & { readonly perConnection: number };
  readonly names: readonly Name[];
}[] = [
  {
    subject: "redirect, one request per connection",
    asking: { perConnection: 1 },
    names: [...KEEPING, "HAProxy redir"],
  },
  { subject: "redirect, 3 requests per connection", asking: { perConnection: 3 }, names: KEEPING },
  {
    subject: "redirect, 16 pipelined requests per connection",
    asking: { pipelined: BATCH, perConnection: BATCH },
    names: KEEPING,
  },
];

/** Our balancer beside what else can redirect. */
export async function redirect(arena: Arena): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers = await startServers(arena, stack);
  const contestants = await arena.startAll([
    balancer("ours", "none", servers),
    balancer("ours, --log=common", "common", servers),
    ...[floor, nginxReturn, nginxRandom, haproxyRedirect, haproxyRedir, denoServe, nodeHttp]
      .map((recipe) => recipe(servers)),
  ], stack);
  for (const contestant of contestants) await check(contestant, servers);
  await warmUp(arena, contestants, PATH);
  await warmUp(arena, contestants, PATH, { perConnection: 1 });
  for (let round = 1; round <= arena.choices.rounds; round++) {
    say(`bench: redirect, round ${round} of ${arena.choices.rounds}`);
    await measureRound(arena, contestants);
  }
}

/** Checks that a contestant redirects to those of the servers that it should. */
export async function check(contestant: Contestant, servers: readonly string[]): Promise<void> {
  await checkRedirects(contestant, PATH, {
    statusCode: contestant.name === "HAProxy redir" ? 302 : 301,
    servers: TO_ONE.includes(contestant.name) ? servers.slice(0, 1) : servers,
  });
}

/** Starts the three servers behind a balancer, ours; returns host and port of each. */
export async function startServers(arena: Arena, stack: AsyncDisposableStack): Promise<string[]> {
  const behind = server("ours", arena.directory.path);
  const servers = await arena.startAll([behind, behind, behind], stack);
  return servers.map(({ port }) => `127.0.0.1:${port}`);
}

async function measureRound(arena: Arena, contestants: readonly Contestant[]): Promise<void> {
  for (const contestant of contestants) {
    const figures = await load(arena, contestant, PATH);
    arena.results.add("redirect, keep-alive", contestant.name, {
      "requests/s": figures.requestsPerSecond,
      "CPU µs/request": figures.cpuMicrosPerRequest,
      "median ms": figures.medianMs,
      "99 % ms": figures.p99Ms,
      "core busy %": figures.busyPercent,
    });
  }
  for (const contestant of contestants.filter(({ name }) => KEEPING.includes(name))) {
    const figures = await load(arena, contestant, PATH, { pipelined: BATCH });
    arena.results.add("redirect, pipelined ×16", contestant.name, {
      "requests/s": figures.requestsPerSecond,
      "CPU µs/request": figures.cpuMicrosPerRequest,
      "core busy %": figures.busyPercent,
    });
  }
  for (const { subject, asking, names } of CLOSING) {
    for (const contestant of contestants.filter(({ name }) => names.includes(name))) {
      const figures = await load(arena, contestant, PATH, asking);
      arena.results.add(subject, contestant.name, {
        "requests/s": figures.requestsPerSecond,
        "CPU µs/connection": figures.cpuMicrosPerRequest * asking.perConnection,
        "core busy %": figures.busyPercent,
      });
    }
  }
}
