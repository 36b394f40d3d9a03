import { assert, assertEquals, assertRejects } from "@std/assert";
import { Root } from "../../lib/files/root.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("Root.open() gives files and directories, also where the root has just been changed", async () => {
  await using directory = await TemporaryDirectory.with({ "a/b": "content" });
  const root = new Root(directory.path);
  const found = await root.open(["a", "b"]);
  assert(found?.kind === "file");
  assertEquals(new TextDecoder().decode(await found.file.readAll()), "content");
  found.file.close();
  assertEquals((await root.open(["a"]))?.kind, "directory");
  assertEquals((await root.open([]))?.kind, "directory");
  await assertRejects(() => root.open(["a", "none"]));
});

Deno.test("Root.identify() changes with a file, and is that of the file when it is open", async () => {
  await using directory = await TemporaryDirectory.with({ a: "one" });
  const root = new Root(directory.path);
  const before = await root.identify(["a"]);
  const found = await root.open(["a"]);
  assert(found?.kind === "file");
  assertEquals(found.file.identity, before);
  found.file.close();
  await directory.write("a", "longer");
  assert(await root.identify(["a"]) !== before);
});

Deno.test("Root.describe() follows links inside the root, and knows files and directories only", async () => {
  await using outside = await TemporaryDirectory.with({
    secret: "s",
    "root/a": "abc",
    "root/d/e": "",
  });
  const directory = outside.join("root");
  const links = { in: "a", "in-directory": "d", out: "../secret", up: "..", absolute: "/etc" };
  for (const [name, to] of Object.entries(links)) await Deno.symlink(to, `${directory}/${name}`);
  const { success } = await new Deno.Command("mkfifo", { args: [`${directory}/pipe`] }).output();
  assert(success);
  const root = new Root(directory);
  assertEquals((await root.describe(["a"]))?.size, 3);
  assertEquals((await root.describe(["in"]))?.size, 3);
  assert((await root.describe(["d"]))?.isDirectory);
  assert((await root.describe(["in-directory"]))?.isDirectory);
  for (const name of ["out", "up", "absolute", "pipe"]) {
    assertEquals(await root.describe([name]), undefined, name);
  }
  await assertRejects(() => root.describe(["none"]), Deno.errors.NotFound);
});

Deno.test("Root.mayHave() says whether it is worth to look", async () => {
  await using directory = await TemporaryDirectory.with({ "a/b": "" });
  const root = new Root(directory.path);
  assertEquals([["a", "b"], ["a"], ["a", "c"], ["c", "b"]].map((names) => root.mayHave(names)), [
    true,
    true,
    false,
    false,
  ]);
});
