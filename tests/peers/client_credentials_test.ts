import { assertEquals, assertMatch } from "@std/assert";
import { manyOctets } from "../support/farm.ts";
import { runPeer, startNginx } from "../support/peer.ts";
import { listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const CONTENT = manyOctets(1024 * 1024);
const SECRET = "päss wörd";

Deno.test("client logs in at nginx as curl does, and behind a balancer by --netrc", async () => {
  await using stack = new AsyncDisposableStack();
  const root = stack.use(
    await TemporaryDirectory.with({
      "test.bin": CONTENT,
      "private/a": CONTENT,
      users: `alice:{PLAIN}${SECRET}\n`,
      netrc: `machine 127.0.0.1 login alice password "${SECRET}"\n`,
    }),
  );
  await Deno.chmod(root.join("netrc"), 0o600);
  const login = `auth_basic private; auth_basic_user_file ${root.join("users")};`;
  const nginx = stack.use(
    await startNginx(`root ${root.path}; location /private/ { ${login} }`),
  );
  const balancer = stack.use(await listeningRole("balancer", [nginx.authority]));
  const url = `${nginx.origin}/private/a`;
  const password = encodeURIComponent(SECRET);
  const rows: readonly (readonly string[])[] = [
    [`--user=alice:${SECRET}`, url],
    [`--netrc=${root.join("netrc")}`, url],
    [`--netrc=${root.join("netrc")}`, `${balancer.origin}/private/a`],
    [`--netrc=${root.join("netrc")}`, "--segments=4", `${balancer.origin}/private/a`],
    [url.replace("//", `//alice:${password}@`)],
    [
      `--header=Authorization: Basic ${new TextEncoder().encode(`alice:${SECRET}`).toBase64()}`,
      url,
    ],
  ];
  for (const args of rows) {
    await using directory = await TemporaryDirectory.with();
    const permissions = ["--allow-net", "--allow-read", "--allow-write"];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path, permissions });
    assertEquals(code, 0, stderr);
    assertEquals(await directory.read("a"), CONTENT);
    assertEquals(stderr.includes(SECRET) || stderr.includes(password), false, stderr);
  }
  const curl = await runPeer("curl", ["-sSf", "-u", `alice:${SECRET}`, "-o", root.join("b"), url]);
  assertEquals([curl.code, await root.read("b")], [0, CONTENT], curl.stderr);
  for (
    const args of [[url], ["--user=alice:wrong", url], [
      `--user=alice:${SECRET}`,
      `${balancer.origin}/private/a`,
    ]]
  ) {
    const { code, stderr } = await runRole("client", ["-o-", ...args]);
    assertEquals(code, 1);
    assertMatch(stderr, /401 Unauthorized/);
  }
});
