import { CommandError } from "../../lib/cli/command.ts";
import { manyOctets } from "../support/farm.ts";
import { SERVER, tlsOptions } from "../support/tls.ts";
import type { BenchRunner, Contestant } from "./bench_runner.ts";
import { checkFile } from "./check.ts";
import { measureLoad, warmUp } from "./load.ts";
import { caddy, nginx, server } from "./recipes.ts";

const PATH = "/20k.bin";
const BYTES = 20_000;
/** Programs that connect again and again, so that the server need not wait for one of them. */
const CONNECTORS = 8;

/** Our server beside others that speak TLS 1.3, all with one certificate on P-256. */
export async function tls(bench: BenchRunner): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const content = manyOctets(BYTES);
  await bench.directory.write(`tls${PATH}`, content);
  const root = bench.directory.join("tls");
  const contestants = await bench.startAll([
    { ...server("ours", root, tlsOptions(SERVER)), scheme: "https" },
    nginx("nginx", `root ${root};`, "", SERVER),
    caddy(root),
  ], stack);
  for (const contestant of contestants) await checkFile(contestant, PATH, content);
  const openssl = bench.find("openssl", "new TLS connections");
  await warmUp(bench, contestants, PATH);
  await bench.repeat("tls", async () => {
    await measureLoad(bench, contestants, {
      subject: "TLS, file of 20 kB, one kept connection",
      path: PATH,
      metrics: ["median ms", "CPU µs/request"],
      options: { connections: 1 },
    });
    if (openssl === undefined) return;
    for (const contestant of contestants) await measureNew(bench, contestant, openssl);
  });
}

/**
 * Full handshakes, each followed by one request. wrk is of no use here: it resumes the session that
 * it had before.
 */
async function measureNew(
  bench: BenchRunner,
  contestant: Contestant,
  openssl: string,
): Promise<void> {
  const { seconds } = bench.options;
  const words = [openssl, "s_time", "-new", "-tls1_3", "-www", PATH, "-time", `${seconds}`];
  const connector = [...words, "-connect", `127.0.0.1:${contestant.port}`];
  const before = contestant.cpuSeconds;
  const startedAt = performance.now();
  const endings = await Promise.all(
    Array.from({ length: CONNECTORS }, () => bench.run(connector)),
  );
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  const cpuSeconds = contestant.cpuSeconds - before;
  const connections = endings.map(({ stdout }) => connectionsIn(stdout)).reduce((a, b) => a + b);
  bench.results.add("TLS, new connections, one request each", contestant.name, {
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
