import { assert, assertEquals, assertMatch } from "@std/assert";
import { adminPortOf, askAdmin, said, statusAt } from "../support/balancer.ts";
import { answering, FakeServer, hanging } from "../support/fake_server.ts";
import { countRedirects } from "../support/redirects.ts";
import { assertRefused, type ListeningRole, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FIT = answering("200 OK", "test");

/** Starts a balancer that keeps its state in a directory, and may write nowhere else. */
function keeping(
  { path }: TemporaryDirectory,
  ...args: readonly string[]
): Promise<ListeningRole> {
  const permissions = ["--allow-net=127.0.0.1", `--allow-read=${path}`, `--allow-write=${path}`];
  const options = [`--state=${path}/state`, "--admin=127.0.0.1:0", ...args];
  return listeningRole("balancer", options, { permissions });
}

async function stopped({ process }: ListeningRole): Promise<void> {
  process.signal("SIGTERM");
  assertEquals((await process.ended).code, 0);
}

Deno.test("balancer --state listens at once with what the one before knew, and goes on counting", async () => {
  await using directory = await TemporaryDirectory.with();
  await using farm = new FakeServer(FIT);
  await using second = new FakeServer(answering("404 Not Found", ""));
  const list = [farm.authority, second.authority];
  await using first = await keeping(directory, ...list);
  await countRedirects(first.port, 30);
  const before = await statusAt(await adminPortOf(first));
  await stopped(first);

  farm.answer = second.answer = hanging;
  await using next = await keeping(directory, ...list);
  const port = await adminPortOf(next);
  assertEquals(await countRedirects(next.port, 20), new Map([[farm.authority, 20]]));
  const status = await statusAt(port);
  assertEquals([status.redirects, status.rounds.count, status.rounds.isUnderWay], [50, 1, true]);
  assertEquals(
    status.servers,
    before.servers.map((it, place) => ({
      ...it,
      redirects: place === 0 ? 50 : 0,
    })),
  );
  const metrics = new TextDecoder().decode((await askAdmin(port, "/metrics")).body);
  assertMatch(metrics, /^balancer_redirects_total 50$/m);
  // What is killed before anything else is counted has written all that was.
  await said(next, "the state of .* was adopted");
  next.process.signal("SIGKILL");
  await next.process.ended;

  farm.answer = second.answer = FIT;
  await using last = await keeping(directory, ...list);
  const lastPort = await adminPortOf(last);
  await said(last, "the state of .* was adopted");
  await said(last, `${second.authority} is back after`);
  await said(last, "tested, fastest first");
  assert((await statusAt(lastPort)).redirects >= 30);
  await stopped(last);
  assertEquals(await directory.names(), ["state", "state.lock"]);
});

Deno.test("balancer --state tests first if the state is too old, or of another balancer", async () => {
  await using directory = await TemporaryDirectory.with();
  await using farm = new FakeServer(FIT);
  await using first = await keeping(directory, farm.authority);
  const { path } = directory;
  await using other = await keeping(directory, farm.authority);
  await said(other, `another process keeps its state in ${path}/state: this one runs without`);
  await stopped(other);
  await stopped(first);
  await new Promise((resolve) => setTimeout(resolve, 31));
  await using next = await keeping(directory, "--interval=10ms", farm.authority);
  await said(
    next,
    `the state in ${path}/state is of .*, older than three intervals: it is ignored`,
  );
  await said(next, `${farm.authority} is available`);
  await stopped(next);
});

Deno.test("balancer --state says what it needs", async () => {
  await using directory = await TemporaryDirectory.with();
  const { path } = directory;
  const start = (file: string, ...permissions: string[]) =>
    runRole("balancer", [`--state=${file}`, "127.0.0.1:1"], { permissions });
  const denied = await start(`${path}/state`, "--allow-net", `--allow-read=${path}`);
  const needed = `--allow-read=${path} and --allow-write=${path} as well`;
  assertRefused(denied, 2, new RegExp(`--state=${path}/state: run it with ${needed}`));
  const missing = await start(`${path}/a/state`, "--allow-net", "--allow-read", "--allow-write");
  assertRefused(missing, 2, /--state=.*: the directory .*\/a does not exist or is not accessible/);
});
