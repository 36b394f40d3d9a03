import { assert, assertEquals, assertMatch } from "@std/assert";
import { manyOctets } from "../support/farm.ts";
import { type Nginx, startNginx } from "../support/peer.ts";
import { type ListeningRole, listeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { finished, type Process } from "../support/process.ts";

const LARGE = manyOctets(6 * 1024 * 1024);

/** Several nginx over one directory, whose transfers take a second or two, behind our balancer. */
interface NginxFarm {
  readonly servers: readonly Nginx[];
  readonly balancer: ListeningRole;
}

async function startFarm(stack: AsyncDisposableStack): Promise<NginxFarm> {
  const root = stack.use(
    await TemporaryDirectory.with({ "test.bin": LARGE.subarray(0, 65536), "large.bin": LARGE }),
  );
  const servers: Nginx[] = [];
  for (let i = 0; i < 3; i++) {
    servers.push(stack.use(await startNginx(`root ${root.path}; limit_rate 3m;`)));
  }
  const authorities = servers.map(({ authority }) => authority);
  return { servers, balancer: stack.use(await listeningRole("balancer", authorities)) };
}

/** The server that a client says it was sent to. */
async function serverOf(client: Process, servers: readonly Nginx[]): Promise<Nginx> {
  const authorities = servers.map(({ authority }) => authority.replaceAll(".", "\\."));
  const line = await client.stderr.next(new RegExp(`http://(?:${authorities.join("|")})/`));
  return servers.find(({ origin }) => line.includes(`${origin}/`))!;
}

/** Waits until some of a file has arrived. */
async function arrived(watcher: Deno.FsWatcher, path: string): Promise<void> {
  for await (const { kind, paths } of watcher) {
    if (kind === "modify" && paths.includes(path) && Deno.statSync(path).size > 0) return;
  }
}

Deno.test("client ends right when the nginx it downloads from is killed in the middle", async () => {
  await using stack = new AsyncDisposableStack();
  const { servers, balancer } = await startFarm(stack);
  const directory = stack.use(await TemporaryDirectory.with());
  using watcher = Deno.watchFs(directory.path);
  const args = ["--timeout=2s", `${balancer.origin}/large.bin`];
  await using client = startRole("client", args, { cwd: directory.path });
  const victim = await serverOf(client, servers);
  await arrived(watcher, directory.join("large.bin.part"));
  await victim[Symbol.asyncDispose]();
  const { code, stderr } = await finished(client);
  assertMatch(stderr, /closed|reset/, "It ended before the kill");
  assertEquals(code, 0, stderr);
  assertEquals(await directory.names(), ["large.bin"]);
  assert(await isLarge(directory), stderr);
});

async function isLarge(directory: TemporaryDirectory): Promise<boolean> {
  const octets = await directory.read("large.bin");
  return octets.length === LARGE.length && octets.every((octet, i) => octet === LARGE[i]);
}
