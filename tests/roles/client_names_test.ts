import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/children.ts";
import { answering, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { textOf } from "../support/feed.ts";
import { assertRefused, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const proposing = (content: string, name: string) =>
  answering("200 OK", content, `Content-Disposition: attachment; filename="${name}"`);

Deno.test("client takes a proposed name once, and none that another URL of the run has", async () => {
  await using server = new FakeServer(byTarget({
    "/a": proposing("a", "same"),
    "/b": proposing("b", "same"),
    "/c": proposing("c", "d"),
    "/d": answering("200 OK", "d"),
  }));
  await using directory = await TemporaryDirectory.with();
  const urls = ["a", "b", "c", "d"].map((name) => `http://${server.authority}/${name}`);
  const args = ["--content-disposition", "--jobs=2", "-d", ".", ...urls];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  const names = await directory.names();
  const contents = await Promise.all(names.map(async (it) => textOf(await directory.read(it))));
  assertEquals([names.length, contents.toSorted()], [4, ["a", "b", "c", "d"]]);
  assertMatch(stderr, /^c: d, as the server calls it, is (?:the name of another download|there)/m);
  assertEquals(textOf(await directory.read("d")), "d");
});

Deno.test("client leaves files alone that appear while it downloads", async () => {
  await using directory = await TemporaryDirectory.with();
  /** Whether some of a file is here: its name was chosen before. */
  const hasContent = async () => {
    const parts = (await directory.names()).filter((it) => it.endsWith(".part"));
    const sizes = await Promise.all(parts.map(async (it) => (await directory.read(it)).length));
    return sizes.some((size) => size > 0);
  };
  const appearing = (name: string, field = "") => {
    return async (conn: Deno.TcpConn, requestHead: string) => {
      await saying(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${field}\r\nhel`)(conn, requestHead);
      await eventually(hasContent);
      Deno.writeTextFileSync(directory.join(name), "theirs");
      await saying("lo")(conn, requestHead);
    };
  };
  const field = "Content-Disposition: attachment; filename=b\r\n";
  await using server = new FakeServer(
    byTarget({ "/a": appearing("a"), "/x": appearing("b", field) }),
  );
  const run = (option: string, path: string) =>
    runRole("client", [option, `http://${server.authority}${path}`], { cwd: directory.path });
  const kept = await run("--no-clobber", "/a");
  assertEquals([kept.code, kept.stderr], [0, "200 OK\na is there: it stays as it is\n"]);
  const named = await run("--content-disposition", "/x");
  assertStringIncludes(named.stderr, "b is there by now: it stays as it is\nsaved x: 5 bytes");
  const contents = ["a", "b", "x"].map((name) => Deno.readTextFileSync(directory.join(name)));
  assertEquals(contents, ["theirs", "theirs", "hello"]);
  assertEquals(await directory.names(), ["a", "b", "x"]);
});

Deno.test("client refuses two URLs whose names are links to one file", async () => {
  await using directory = await TemporaryDirectory.with({ a: "old" });
  await Deno.symlink("a", directory.join("b"));
  const args = ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"];
  const result = await runRole("client", args, { cwd: directory.path });
  assertRefused(result, 2, /two URLs would be saved as the file that b is/);
});

Deno.test("client saves under names as long as file systems have them", async () => {
  const whole = (content: string) => answering("200 OK", content, 'ETag: "x"');
  const longest = `${"n".repeat(251)}.iso`;
  const alike = ["a", "b"].map((end) => "n".repeat(254) + end);
  const pages = [...alike, longest].map((name) => [`/${name}`, whole(name)] as const);
  const proposed = "p".repeat(255);
  await using server = new FakeServer(
    byTarget({ ...Object.fromEntries(pages), "/p": proposing(proposed, proposed) }),
  );
  await using directory = await TemporaryDirectory.with();
  const urls = [...alike, longest, "p"].map((name) => `http://${server.authority}/${name}`);
  const args = ["--content-disposition", ...urls];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertEquals(await directory.names(), [longest, ...alike, proposed].toSorted());
  for (const name of await directory.names()) {
    assertEquals(textOf(await directory.read(name)), name);
  }
});
