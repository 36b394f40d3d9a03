import { assert, assertEquals, assertMatch } from "@std/assert";
import { said } from "../support/balancer.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { countRedirects } from "../support/redirects.ts";
import { listeningRole } from "../support/role.ts";

const FIT = answering("200 OK", "test");
const UNFIT = answering("404 Not Found", "no");

Deno.test("balancer --fall bears failed tests that are not enough in a row", async () => {
  await using steady = new FakeServer(FIT);
  await using wavering = new FakeServer(FIT);
  const args = ["--interval=100ms", "--fall=3", steady.authority, wavering.authority];
  await using balancer = await listeningRole("balancer", args);
  wavering.answer = UNFIT;
  await said(
    balancer,
    `${wavering.authority} has failed 2 of 3 tests that take it out: it answered`,
  );
  const counts = await countRedirects(balancer.port, 200);
  assert(counts.get(wavering.authority)! > 0);
  await said(
    balancer,
    `${wavering.authority} is out, after 3 failed tests in a row: it answered 404`,
  );
  assertEquals((await countRedirects(balancer.port, 100)).get(wavering.authority), undefined);
});

Deno.test("balancer --rise lets a server return, at the lowest share, and climb", async () => {
  await using stack = new AsyncDisposableStack();
  const slow = async () => await new Promise((resolve) => setTimeout(resolve, 60));
  const others = [1, 2].map(() =>
    stack.use(
      new FakeServer(async (conn, requestHead) => {
        await slow();
        await FIT(conn, requestHead);
      }),
    )
  );
  const fastest = stack.use(new FakeServer(FIT));
  const servers = [...others, fastest].map(({ authority }) => authority);
  const args = ["--interval=300ms", "--rise=2", ...servers];
  const balancer = stack.use(await listeningRole("balancer", args));
  fastest.answer = UNFIT;
  await said(balancer, `${fastest.authority} is out: `);
  fastest.answer = FIT;
  await said(balancer, `${fastest.authority} has passed 1 of 2 tests that bring it back`);
  assertEquals((await countRedirects(balancer.port, 100)).get(fastest.authority), undefined);
  await said(
    balancer,
    `${fastest.authority} is back after [0-9]+s, with the lowest share at first: 4 B in`,
  );
  const shares: string[] = [];
  for (let round = 0; round < 3; round++) {
    const line = await said(balancer, "tested, fastest first: ");
    shares.push(new RegExp(`${fastest.authority} [0-9.]+ ms \\(([0-9.]+) %\\)`).exec(line)![1]!);
  }
  assertEquals(shares, ["16.7", "33.3", "50.0"]);
});

Deno.test("balancer --rise goes on when no server passes its first test", async () => {
  await using farm = new FakeServer(UNFIT);
  const args = ["--interval=100ms", "--rise=1", farm.authority];
  await using balancer = await listeningRole("balancer", args);
  farm.answer = FIT;
  await said(balancer, `${farm.authority} is back after `);
  await said(balancer, "tested, fastest first: ");
  assertEquals((await countRedirects(balancer.port, 10)).get(farm.authority), 10);
});

Deno.test("balancer --min-speed takes a server out that is slower", async () => {
  await using farm = new FakeServer(FIT);
  await using fast = new FakeServer(answering("200 OK", "test".repeat(1024 ** 2)));
  const args = ["--min-speed=256K", farm.authority, fast.authority];
  await using balancer = await listeningRole("balancer", args);
  const line = await said(balancer, `${farm.authority} is out: `);
  assertMatch(line, /: it sent .* per second, less than 256 kiB$/);
});

Deno.test("balancer names the server whose test file is another, once", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = ["test", "test", "other"].map((content) =>
    stack.use(new FakeServer(answering("200 OK", content, 'ETag: "x"')))
  );
  const args = ["--interval=100ms", ...farm.map(({ authority }) => authority)];
  const balancer = stack.use(await listeningRole("balancer", args));
  for (let round = 0; round < 4; round++) await said(balancer, "tested");
  const warnings = balancer.process.stderr.lines.filter((line) => line.includes("differs"));
  const warning = `${farm[2]!.authority} differs from the farm: its test file has 5 bytes, not 4`;
  assertEquals(warnings, [`balancer: ${warning}`]);
  farm[1]!.answer = answering("200 OK", "test", 'ETag: "y"');
  farm[2]!.answer = answering("200 OK", "test", 'ETag: "x"');
  await said(balancer, `${farm[1]!.authority} differs from the farm: .* another ETag`);
});
