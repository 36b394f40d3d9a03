import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { answering, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { finished, Process } from "../support/process.ts";
import { assertRefused, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const BASIC = `Authorization: Basic ${btoa("alice:s3cret")}`;

const info = () => new Process(Deno.execPath(), ["info", "--json"]);

/** Two servers: one that redirects every target to the other, and that one. */
class Pair implements AsyncDisposable {
  readonly other = new FakeServer(answering("200 OK", "hello"));
  readonly first = new FakeServer(
    (conn, head) =>
      answering("302 Found", "", `Location: http://${this.other.authority}${head.split(" ")[1]}`)(
        conn,
        head,
      ),
  );

  async [Symbol.asyncDispose](): Promise<void> {
    await this.first[Symbol.asyncDispose]();
    await this.other[Symbol.asyncDispose]();
  }
}

Deno.test("client sends --header and --user to the URL's origin alone, and shows neither", async () => {
  await using pair = new Pair();
  await using directory = await TemporaryDirectory.with();
  const args = ["-v", "--json", "--user=alice:s3cret", "--header=X-Key: s3cret"];
  const url = `http://${pair.first.authority}/a`;
  const run = (...more: string[]) =>
    runRole("client", [...args, ...more, url], { cwd: directory.path });
  const { code, stdout, stderr } = await run("--header=User-Agent: mine", "--header=Host: b.test");
  assertEquals(code, 0, stderr);
  assertNotMatch(stdout + stderr, /s3cret|czNjcmV0/);
  assertMatch(stderr, /^> Authorization: \(not shown\)$/m);
  const [first, other] = [pair.first.requestHeads.at(-1)!, pair.other.requestHeads.at(-1)!];
  assertEquals(first.includes(`${BASIC}\r\n`), true, first);
  assertMatch(first, /^X-Key: s3cret\r$/m);
  assertMatch(first, /^User-Agent: mine\r$/m);
  assertEquals(first.match(/User-Agent/g)?.length, 1);
  assertMatch(first, /^GET \/a HTTP\/1\.1\r\nHost: b\.test\r\n/);
  assertEquals(first.match(/^Host/gm)?.length, 1);
  assertMatch(other, new RegExp(`^Host: ${pair.other.authority}\r$`, "m"));
  assertNotMatch(other, /Authorization|X-Key|mine/);
  await run("--header-everywhere");
  assertMatch(pair.other.requestHeads.at(-1)!, /^X-Key: s3cret\r$/m);
  assertNotMatch(pair.other.requestHeads.at(-1)!, /Authorization/);
});

Deno.test("client takes name and password from a URL and keeps them out of all that it writes", async () => {
  const half = saying('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: "x"\r\n\r\nhello');
  await using server = new FakeServer(half);
  await using directory = await TemporaryDirectory.with();
  const url = `http://alice:s3cret@${server.authority}/a`;
  const args = ["-v", "--json", "--retries=0", url];
  const { code, stdout, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 3, stderr);
  assertEquals(server.requestHeads[0]!.includes(BASIC), true);
  assertEquals(await directory.names(), ["a.part", "a.part.json"]);
  const record = new TextDecoder().decode(await directory.read("a.part.json"));
  assertNotMatch(stdout + stderr + record, /s3cret|alice/);
  assertMatch(record, /"url":"http:\/\/127/);
});

Deno.test("client --netrc gives each server what the file holds for it", async () => {
  await using pair = new Pair();
  await using directory = await TemporaryDirectory.with({
    netrc: "machine 127.0.0.1 login alice password s3cret\n",
    ".netrc": "default login alice password s3cret\n",
    bad: "machine 127.0.0.1 login alice password s3cret s3cret\n",
  });
  const url = `http://${pair.first.authority}/a`;
  const run = (options: Parameters<typeof runRole>[2], ...args: string[]) =>
    runRole("client", ["-o-", ...args, url], { cwd: directory.path, ...options });
  if (Deno.build.os !== "windows") {
    await Deno.chmod(directory.join("netrc"), 0o644);
    const open = await run({}, "--netrc=netrc");
    assertMatch(open.stderr, /^--netrc=netrc is open to other users: chmod 600 netrc/m);
    await Deno.chmod(directory.join("netrc"), 0o600);
  }
  const { stderr, stdout } = await run({}, "--netrc=netrc");
  assertEquals(stdout, "hello");
  assertNotMatch(stderr, /open to other users/);
  for (const { requestHeads } of [pair.first, pair.other]) {
    assertEquals(requestHeads.at(-1)!.includes(BASIC), true);
  }
  const permissions = ["--allow-net", "--allow-read", "--allow-env=HOME"];
  // Where the child finds its packages, which would follow from HOME as well.
  const { denoDir: DENO_DIR } = JSON.parse((await finished(info())).stdout);
  await run({ permissions, env: { HOME: directory.path, DENO_DIR } }, "--netrc");
  assertEquals(pair.first.requestHeads.at(-1)!.includes(BASIC), true);
  assertNotMatch(pair.other.requestHeads.at(-1)!, /Authorization/);
  const count = pair.first.requestHeads.length;
  const refused: readonly [args: string[], line: RegExp][] = [
    [["--netrc"], /^client: --netrc needs --allow-env=HOME, or a file: --netrc=FILE$/m],
    [["--netrc=none"], /^client: --netrc=none does not exist$/m],
    [["--netrc=bad"], /^client: --netrc=bad: line 1: machine, default, .* is expected$/m],
  ];
  for (const [args, line] of refused) {
    const { code, stdout, stderr } = await run({}, "-q", ...args);
    assertMatch(stderr, line);
    assertEquals([code, stdout], [2, ""]);
    assertNotMatch(stderr, /s3cret/);
  }
  assertEquals(pair.first.requestHeads.length, count);
});

Deno.test("client refuses fields and credentials that cannot be sent, without repeating them", async () => {
  const url = "http://127.0.0.1:9/a";
  const rows: readonly [args: string[], line: RegExp][] = [
    [["--header=s3cret"], /--header: a field such as 'Name: value'/],
    [["--header=X: s3cret\r\nY: z"], /--header: a field/],
    [["--header=X: s3cret\nY"], /--header: a field/],
    [["--header=X: s3cr\u0001et"], /--header: a field/],
    [["--header=X y: s3cret"], /--header: a field/],
    [["--header=Host: s3cret/"], /--header: a field/],
    [["--header=Host:"], /--header: a field/],
    [["--header=Range: s3cret"], /--header: a field/],
    [["--header=Proxy-Authorization: s3cret"], /--header: a field/],
    [["--header="], /--header needs a value/],
    [["--header-everywhere"], /--header-everywhere is given, but no --header/],
    [["--user=s3cret"], /--user: NAME:PASSWORD without control characters is accepted/],
    [["--user=a:s3cret\n"], /--user: NAME:PASSWORD/],
    [["--user=a:s3cret", "--user=b:s3cret"], /--user is given twice/],
    [
      ["http://a:s3cret%0d@127.0.0.1/"],
      /127\.0\.0\.1: the user name or password in the URL cannot/,
    ],
    [["http://a:s3\rcret@127.0.0.1/"], /127\.0\.0\.1: the user name or password/],
    [["http://a:s3\ncret@127.0.0.1/"], /127\.0\.0\.1: the user name or password/],
    [["http://a%3as3cret:b@127.0.0.1/"], /127\.0\.0\.1: the user name or password/],
    [["http://a:s3cret%zz@127.0.0.1/"], /127\.0\.0\.1: the user name or password/],
    [["http://a:s3cret@127.0.0.1:99999/"], /"http:\/\/…@127\.0\.0\.1:99999\/" is not a valid URL/],
    [["http://a:s3/cret@b/@127.0.0.1/"], /"http:\/\/…@127\.0\.0\.1\/" is not a valid URL/],
    [["a:s3cret@127.0.0.1/"], /"…@127\.0\.0\.1\/" has no scheme: write http:\/\/…@127/],
    [["ftp://a:s3cret@127.0.0.1/"], /ftp:\/\/…@127\.0\.0\.1\/: ftp: is not supported/],
    [["http://a:s3cret@127.0.0.1:0/"], /127\.0\.0\.1:0: there is no port 0/],
  ];
  for (const [args, line] of rows) {
    const refused = await runRole("client", [...args, url]);
    assertRefused(refused, 2, new RegExp(`^client: ${line.source}`));
    assertNotMatch(refused.stderr, /s3c?\/?cret/);
  }
});

Deno.test("client follows no redirect that holds a password, and does not show it", async () => {
  for (const location of ["http://a:s3cret@b/", "http://a:s3cret@b:99999/"]) {
    await using server = new FakeServer(
      byTarget({ "/a": answering("302 Found", "", `Location: ${location}`) }),
    );
    const { code, stderr } = await runRole("client", ["-q", `http://${server.authority}/a`]);
    assertEquals(code, 3);
    assertNotMatch(stderr, /s3cret/);
  }
});
