import { assertEquals } from "@std/assert";
import { countSaid, ListedBalancer, said } from "../support/balancer.ts";
import { untilItHandles } from "../support/children.ts";
import { copyOfProject } from "../support/copy_of_project.ts";
import { type Answer, answering, FakeServer } from "../support/fake_server.ts";
import { countRedirects } from "../support/redirects.ts";
import { listening, listeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** There is no SIGHUP elsewhere. */
const ignore = Deno.build.os === "windows";
const SIGHUP = 1;

/** What it says when it is too early. */
const LATER = "^balancer: SIGHUP is acted on once the first round has ended$";

const FIT = answering("200 OK", "test");

/** An answer that is given once it is released. */
function held(then = FIT): { answer: Answer; asked: Promise<void>; release: () => void } {
  const { promise: asked, resolve: arrive } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const answer: Answer = async (conn, requestHead) => {
    arrive();
    await released;
    await then(conn, requestHead);
  };
  return { answer, asked, release };
}

Deno.test({
  name: "balancer bears many SIGHUPs at once, and the last list counts",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const farm = [0, 1, 2].map(() => stack.use(new FakeServer(FIT)).authority);
    const [first, second, last] = farm as [string, string, string];
    const balancer = stack.use(await ListedBalancer.start([first], ["--interval=50ms"]));
    for (let i = 0; i < 20; i++) {
      await balancer.write(i % 2 === 0 ? second : first);
      balancer.process.signal("SIGHUP");
      balancer.process.signal("SIGHUP");
    }
    await balancer.write(last);
    await balancer.hangUp(`${last} is available`);
    await said(balancer, `tested, fastest first: ${last} `);
    assertEquals(await countRedirects(balancer.port, 20), new Map([[last, 20]]));
    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.ended).code, 0);
    assertEquals(countSaid(balancer, "stays as it was"), 0);
  },
});

Deno.test({
  name: "balancer hung up on in its first round reads its list again before it takes clients",
  ignore,
  async fn() {
    const { answer, asked, release } = held();
    await using old = new FakeServer(answer);
    await using added = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with({ list: `${old.authority}\n` });
    const list = directory.join("list");
    const args = ["--host=127.0.0.1", "--port=0", "--policy=round-robin", list];
    const permissions = ["--allow-net=127.0.0.1", `--allow-read=${list}`];
    await using process = startRole("balancer", args, { permissions });
    await asked;
    await directory.write("list", `${old.authority}\n${added.authority}\n`);
    process.signal("SIGHUP");
    await said({ process }, LATER);
    process.signal("SIGHUP");
    await said({ process }, LATER);
    release();
    await using balancer = await listening(process);
    assertEquals(countSaid(balancer, "the list was read again: 2 servers, 1 new, 0 gone"), 1);
    const half = [[old.authority, 20], [added.authority, 20]] as const;
    assertEquals(await countRedirects(balancer.port, 40), new Map(half));
  },
});

Deno.test({
  name: "balancer whose servers are all bad in its first round takes those of a better list",
  ignore,
  async fn() {
    const { answer, asked, release } = held(answering("404 Not Found", "no"));
    await using bad = new FakeServer(answer);
    await using good = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with({ list: `${bad.authority}\n` });
    const list = directory.join("list");
    const permissions = ["--allow-net=127.0.0.1", `--allow-read=${list}`];
    const args = ["--host=127.0.0.1", "--port=0", list];
    await using process = startRole("balancer", args, { permissions });
    await asked;
    await directory.write("list", `${good.authority}\n`);
    process.signal("SIGHUP");
    await said({ process }, LATER);
    release();
    await using balancer = await listening(process);
    assertEquals(await countRedirects(balancer.port, 9), new Map([[good.authority, 9]]));
  },
});

Deno.test({
  name: "balancer hung up on during a round drops who is gone, and tests who is new after it",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const farm = [0, 1, 2].map(() => stack.use(new FakeServer(FIT)));
    const [stays, leaves, added] = farm as [FakeServer, FakeServer, FakeServer];
    const args = ["--interval=50ms", "--policy=round-robin"];
    const both = [stays.authority, leaves.authority];
    const balancer = stack.use(await ListedBalancer.start(both, args));
    const { answer, asked, release } = held();
    leaves.answer = answer;
    await asked;
    await balancer.relist(stays.authority, added.authority);
    assertEquals(await countRedirects(balancer.port, 20), new Map([[stays.authority, 20]]));
    release();
    await said(balancer, `${added.authority} is available`);
    await said(balancer, "tested, fastest first: .*, .* ms");
    const half = [[stays.authority, 10], [added.authority, 10]] as const;
    assertEquals(await countRedirects(balancer.port, 20), new Map(half));
    assertEquals(countSaid(balancer, `${leaves.authority} is out`), 0);
  },
});

Deno.test({
  name: "balancer hung up on before it has read its list goes on reading it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(FIT);
    const input = new TransformStream<Uint8Array>();
    const writer = input.writable.getWriter();
    const args = ["--host=127.0.0.1", "--port=0", "-"];
    const permissions = ["--allow-net=127.0.0.1"];
    await using process = startRole("balancer", args, { stdin: input.readable, permissions });
    using _ = { [Symbol.dispose]: () => void writer.abort().catch(() => {}) }; // It may wait for it.
    await untilItHandles(process.pid, SIGHUP);
    process.signal("SIGHUP");
    await said({ process }, LATER);
    await writer.write(new TextEncoder().encode(farm.authority));
    await writer.close();
    await using balancer = await listening(process);
    assertEquals(countSaid(balancer, "standard input cannot be read again"), 1);
    assertEquals(await countRedirects(balancer.port, 9), new Map([[farm.authority, 9]]));
  },
});

/** How a list may be given that cannot be read again, and what is said then. */
const UNREAD: Readonly<Record<string, string>> = {
  "-": "balancer: standard input cannot be read again: put the list into a file and name that",
  "servers.txt": "balancer: servers.txt cannot be read again: it is part of the program; add " +
    "--allow-read=servers.txt",
  "": "balancer: there is no list to read again: put the servers into a file and name that",
};

for (const [operand, advice] of Object.entries(UNREAD)) {
  Deno.test({
    name: `balancer says at SIGHUP what to do when its list is ${operand || "on its command line"}`,
    ignore,
    async fn() {
      await using farm = new FakeServer(FIT);
      await using project = await copyOfProject({ "servers.txt": farm.authority });
      const options = { cwd: project.path, project: "", permissions: ["--allow-net=127.0.0.1"] };
      await using balancer = await listeningRole(
        "balancer",
        [operand || farm.authority],
        operand === "-" ? { ...options, stdin: farm.authority } : options,
      );
      const { stderr } = balancer.process;
      const before = stderr.lines.length;
      balancer.process.signal("SIGHUP");
      await said(balancer, "again");
      assertEquals(await countRedirects(balancer.port, 9), new Map([[farm.authority, 9]]));
      balancer.process.signal("SIGTERM");
      assertEquals((await balancer.process.ended).code, 0);
      const lines = stderr.lines.slice(before).filter((line) => !line.includes(" tested, "));
      assertEquals(lines, [advice]);
    },
  });
}
