import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import { manyOctets } from "../support/farm.ts";
import { SERVER, tlsOptions } from "../support/tls.ts";
import type { Arena } from "./arena.ts";
import { checkFile } from "./check.ts";
import type { Contestant, Recipe } from "./contestant.ts";
import { server } from "./file_servers.ts";
import { load, warmUp } from "./load.ts";
import { nginx } from "./nginx.ts";

const PATH = "/20k.bin";
const BYTES = 20_000;
/** Programs that connect again and again, so that the server need not wait for one of them. */
const CONNECTORS = 8;

/** Our server beside others that speak TLS 1.3, all with one certificate on P-256. */
export async function tls(arena: Arena): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const content = manyOctets(BYTES);
  await arena.directory.write(`tls${PATH}`, content);
  const root = arena.directory.join("tls");
  const contestants = await arena.startAll([
    { ...server("ours", root, tlsOptions(SERVER)), scheme: "https" },
    nginx("nginx", `root ${root};`, "", SERVER),
    caddy(root),
  ], stack);
  for (const contestant of contestants) await checkFile(contestant, PATH, content);
  const openssl = arena.find("openssl", "new TLS connections");
  await warmUp(arena, contestants, PATH);
  for (let round = 1; round <= arena.choices.rounds; round++) {
    say(`bench: tls, round ${round} of ${arena.choices.rounds}`);
    for (const contestant of contestants) await measureKept(arena, contestant);
    if (openssl === undefined) continue;
    for (const contestant of contestants) await measureNew(arena, contestant, openssl);
  }
}

async function measureKept(arena: Arena, contestant: Contestant): Promise<void> {
  const figures = await load(arena, contestant, PATH, { connections: 1 });
  arena.results.add("TLS, file of 20 kB, one kept connection", contestant.name, {
    "median ms": figures.medianMs,
    "CPU µs/request": figures.cpuMicrosPerRequest,
  });
}

/**
 * Full handshakes, each followed by one request. wrk is of no use here: it resumes the session that
 * it had before.
 */
async function measureNew(arena: Arena, contestant: Contestant, openssl: string): Promise<void> {
  const { seconds } = arena.choices;
  const words = [openssl, "s_time", "-new", "-tls1_3", "-www", PATH, "-time", `${seconds}`];
  const connector = [...words, "-connect", `127.0.0.1:${contestant.port}`];
  const before = contestant.cpuSeconds;
  const startedAt = performance.now();
  const endings = await Promise.all(
    Array.from({ length: CONNECTORS }, () => arena.run(connector)),
  );
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  const cpuSeconds = contestant.cpuSeconds - before;
  const connections = endings.map(({ stdout }) => connectionsIn(stdout)).reduce((a, b) => a + b);
  arena.results.add("TLS, new connections, one request each", contestant.name, {
    "connections/s": connections / elapsedSeconds,
    "CPU µs/connection": cpuSeconds * 1e6 / connections,
    "core busy %": cpuSeconds / elapsedSeconds * 100,
  });
}

/** How many connections a connector made, and read the whole file on. */
function connectionsIn(stdout: string): number {
  const [, count, bytes] =
    /^([0-9]+) connections in [0-9]+ real seconds, ([0-9]+) bytes read per connection$/m
      .exec(stdout) ?? [];
  if (!(Number(bytes) > BYTES)) throw new CommandError(`openssl s_time says: ${stdout}`, 1);
  return Number(count);
}

/** Caddy's file server; it uses as many threads as it has cores, here one. */
function caddy(root: string): Recipe {
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
