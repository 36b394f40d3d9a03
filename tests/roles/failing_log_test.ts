import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { untilAnswering } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { Process } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { freePort, PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const ignore = Deno.build.os !== "linux";

/** The largest file that the shell lets a role write; far more than Deno writes for itself. */
const LARGEST_FILE = 8 * 1024 * 1024;

/** What the log says of lines that got lost. */
const GAPS = /^(\d+) log lines? w\w+ lost: File too large$/gm;

/** A role whose standard output a shell sends elsewhere. */
interface Redirected extends AsyncDisposable {
  readonly process: Process;
  readonly port: number;
}

/** Starts a role through a shell, behind that of its commands and before that redirection. */
async function redirected(
  role: "server" | "balancer",
  operand: string,
  { before = "", redirection, args = [] }: {
    before?: string;
    redirection: string;
    args?: readonly string[];
  },
): Promise<Redirected> {
  const port = freePort();
  const permissions = ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`];
  const script = ["run", "--quiet", ...permissions, `${PROJECT}/${role}.ts`];
  const own = ["--host=127.0.0.1", `--port=${port}`, ...args, operand];
  const command = `${before} exec "$0" "$@" ${redirection}`;
  const process = new Process("sh", ["-c", command, Deno.execPath(), ...script, ...own]);
  const end = () => process[Symbol.asyncDispose]();
  try {
    await untilAnswering({ process, port });
    return { process, port, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function ask(port: number, target: string): Promise<void> {
  using client = await RawClient.connect(port);
  await client.get(target);
}

for (const workers of [1, 2]) {
  const who = workers > 1 ? " with workers" : "";
  for (const log of ["common", "json"]) {
    Deno.test({
      name: `server${who} --log=${log} says at the end how much of it a full disk did not take`,
      ignore,
      async fn() {
        await using directory = await TemporaryDirectory.with();
        const args = [`--workers=${workers}`, `--log=${log}`];
        const options = { redirection: "> /dev/full", args };
        await using server = await redirected("server", directory.path, options);
        for (let i = 0; i < 3; i++) await ask(server.port, "/file");
        server.process.signal("SIGTERM");
        assertEquals((await server.process.ended).code, 0);
        // The line that says where it listens, and those of four requests.
        const [line, ...more] = server.process.stderr.lines;
        assertEquals(more, []);
        const reason = "No space left on device";
        if (log === "common") return assertEquals(line, `server: 5 log lines were lost: ${reason}`);
        const { time, ...record } = JSON.parse(line!);
        assertEquals([new Date(time).toISOString(), record], [
          time,
          { event: "lost", lines: 5, reason },
        ]);
      },
    });
  }

  Deno.test({
    name: `server${who} goes on with its log once a file that was too large is emptied`,
    ignore,
    async fn() {
      await using directory = await TemporaryDirectory.with();
      const file = join(directory.path, "log");
      const before = "x\n".repeat(LARGEST_FILE / 2 - 200);
      await Deno.writeTextFile(file, before);
      const options = {
        before: `ulimit -f ${LARGEST_FILE / 512};`,
        redirection: `>> "${file}"`,
        args: [`--workers=${workers}`],
      };
      await using server = await redirected("server", directory.path, options);
      for (let i = 0; i < 10; i++) await ask(server.port, `/${i}`);
      await eventually(async () => (await Deno.stat(file)).size === LARGEST_FILE);
      const begun = (await Deno.readTextFile(file)).slice(before.length);
      await Deno.truncate(file);
      const whole = async () => begun + await Deno.readTextFile(file);
      await eventually(async () => (await whole()).search(GAPS) >= 0);
      await ask(server.port, "/last");
      await eventually(async () => (await whole()).includes('"GET /last '));
      server.process.signal("SIGTERM");
      assertEquals((await server.process.ended).code, 0);
      assertEquals(server.process.stderr.text, "");
      const [first, ...lines] = (await whole()).split("\n").slice(0, -1);
      assertMatch(first!, /^listening on http:/);
      const targets = lines.flatMap((line) =>
        /^127.0.0.1 - - \[[^[]+"GET (\S+) HTTP[^[]+ 404 \d+$/.exec(line)?.[1] ?? []
      );
      assertEquals(new Set(targets).size, targets.length, "none is there twice");
      const lost = [...(await whole()).matchAll(GAPS)].map(([, count]) => Number(count));
      const { length } = ["/file", "/last", ...Array(10)];
      // Of some it is not known whether they were written: they count as lost.
      const known = targets.length + lost.reduce((sum, count) => sum + count);
      assert(known >= length, await whole());
    },
  });
}

Deno.test({
  name: "balancer --log=json says in its place how much of the log a full disk did not take",
  ignore,
  async fn() {
    await using directory = await TemporaryDirectory.with();
    await using farm = new FakeServer(answering("200 OK", "test"));
    const file = join(directory.path, "log");
    await Deno.writeTextFile(file, "x\n".repeat(LARGEST_FILE / 2));
    await using balancer = await redirected("balancer", farm.authority, {
      before: `ulimit -f ${LARGEST_FILE / 512};`,
      redirection: `>> "${file}"`,
      args: ["--log=json"],
    });
    using client = await RawClient.connect(balancer.port);
    const long = `/${"x".repeat(7000)}`;
    for (let i = 0; i < 400; i++) await client.get(long);
    await Deno.truncate(file);
    const lost = /^\{"time":"[^"]+","event":"lost","lines":[0-9]+,"reason":"File too large"\}$/m;
    await eventually(async () => lost.test(await Deno.readTextFile(file)));
    // While what has waited is written, later lines may be dropped.
    await eventually(async () => {
      await client.get("/last");
      return (await Deno.readTextFile(file)).includes('"GET /last HTTP/1.1"');
    });
    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.ended).code, 0);
    const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
    const records = lines.map((line) => JSON.parse(line));
    const told = records.filter(({ event }) => event === "lost");
    const count = told.reduce((sum, { lines }) => sum + lines, 0);
    // Where it listens, and the requests; of some it is not known whether they were written.
    assert(records.length - told.length + count >= 1 + 1 + 400 + 1, `${count}`);
    assert(records.some(({ requestLine }) => requestLine === "GET /last HTTP/1.1"));
  },
});

Deno.test({
  name: "balancer goes on with what it says once a file that was too large is emptied",
  ignore,
  async fn() {
    await using directory = await TemporaryDirectory.with();
    await using farm = new FakeServer(answering("200 OK", "test"));
    const file = join(directory.path, "log");
    await Deno.writeTextFile(file, "x\n".repeat(LARGEST_FILE / 2));
    await using balancer = await redirected("balancer", farm.authority, {
      before: `ulimit -f ${LARGEST_FILE / 512};`,
      redirection: `2>> "${file}"`,
    });
    await balancer.process.stdout.next(/^listening on /);
    await Deno.truncate(file);
    const text = () => Deno.readTextFile(file);
    await eventually(async () =>
      /^balancer: \d+ log lines? w\w+ lost: File too large$/m.test(await text())
    );
  },
});
