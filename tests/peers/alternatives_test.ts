import { assert, assertEquals } from "@std/assert";
import { manyOctets } from "../support/farm.ts";
import { runPeer } from "../support/peer.ts";
import { listening, type ListeningRole, listeningRole, startRole } from "../support/role.ts";
import type { Finished } from "../support/process.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const MIB = 1024 ** 2;
const LARGE = manyOctets(24 * MIB);

/** Slow enough that every server is asked, and that one can die on the way. */
const LIMIT = "--limit-rate=4M";

const ARIA2 = [
  ...["--no-conf", "--quiet", "--file-allocation=none", "--enable-dht=false"],
  ...["--split=5", "--min-split-size=1M", "--max-tries=2", "--retry-wait=1", "--timeout=5"],
];

/** Three servers of the large file and a balancer, each at an address: aria2c goes by these. */
class Farm implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    readonly servers: readonly ListeningRole[],
    readonly balancer: ListeningRole,
    readonly directory: TemporaryDirectory,
  ) {
    this.#stack = stack;
  }

  static async start(): Promise<Farm> {
    await using stack = new AsyncDisposableStack();
    const root = stack.use(await TemporaryDirectory.with({ "large.bin": LARGE }));
    const directory = stack.use(await TemporaryDirectory.with());
    const servers: ListeningRole[] = [];
    for (let i = 0; i < 3; i++) {
      const process = startRole("server", ["--host=0.0.0.0", "--port=0", LIMIT, root.path]);
      servers.push(stack.use(await listening(process)));
    }
    const entries = servers.map(({ port }, i) => `127.0.0.${i + 2}:${port}`);
    const args = ["--alternatives=2", ...entries];
    const balancer = stack.use(await listeningRole("balancer", args));
    return new Farm(stack.move(), servers, balancer, directory);
  }

  download(): Promise<Finished> {
    const args = [...ARIA2, `${this.balancer.origin}/large.bin`];
    return runPeer("aria2c", args, { cwd: this.directory.path });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** How many octets of the file a server has sent, by its access log. */
function sentBy({ process }: ListeningRole): number {
  const lines = process.stdout.lines.filter((line) => line.includes('"GET /large.bin '));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

Deno.test("aria2c downloads from several servers at once through --alternatives", async () => {
  await using farm = await Farm.start();
  const { code, stdout } = await farm.download();
  assertEquals(code, 0, stdout);
  assertEquals(await farm.directory.names(), ["large.bin"]);
  assertEquals(await farm.directory.read("large.bin"), LARGE);
  for (const server of farm.servers) {
    server.process.signal("SIGTERM");
    await server.process.ended;
    assert(
      sentBy(server) > MIB,
      `${server.port} sent ${
        sentBy(server)
      } octets: ${server.process.stdout.text}${server.process.stderr.text}`,
    );
  }
});

Deno.test("aria2c survives the death of one of the servers that it downloads from", async () => {
  for (const dying of [0, 1, 2]) {
    await using farm = await Farm.start();
    const downloading = farm.download();
    // Each sends 8 MiB of 24 in 2 s, so that death comes in the middle.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    farm.servers[dying]!.process.signal("SIGKILL");
    const { code, stdout } = await downloading;
    assertEquals(code, 0, stdout);
    assertEquals(await farm.directory.read("large.bin"), LARGE);
  }
});
