import { assertEquals, assertRejects } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import { LocalTree } from "../../../lib/download/recursive/local_tree.ts";
import { PathFilter } from "../../../lib/download/recursive/tree_path.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const ALL = new PathFilter([], []);

/** A tree beside which other files lie, and links between them. */
async function treeWithLinks() {
  const directory = await TemporaryDirectory.with({
    "outside/secret": "",
    "tree/file": "",
    "tree/dir/a": "",
    "tree/dir/deep/b": "",
  });
  const links = {
    out: "../outside",
    "dir/up": "../..",
    within: "dir",
    nowhere: "../outside/none",
    "dir/secret": "../../outside/secret",
  };
  for (const [name, target] of Object.entries(links)) {
    await Deno.symlink(target, directory.join(`tree/${name}`));
  }
  return { directory, tree: await LocalTree.open(directory.join("tree")) };
}

Deno.test({
  name: "LocalTree makes directories, but none through links that lead out",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { directory, tree } = await treeWithLinks();
    await using _ = directory;
    for (const path of ["", "dir", "dir/new/newer", "within", "within/made", "-"]) {
      await tree.makeDirectory(path);
      assertEquals((await Deno.stat(tree.pathOf(path))).isDirectory, true, path);
    }
    const refused = {
      out: "leads out of",
      "out/new": "leads out of",
      "dir/up": "leads out of",
      "dir/up/outside/x/y": "leads out of",
      nowhere: "leads nowhere",
      "nowhere/x": "leads nowhere",
      file: "a file is in its place",
      "file/x": "a part of its path is no directory",
      "dir/secret": "leads out of",
    };
    for (const [path, reason] of Object.entries(refused)) {
      const error = await assertRejects(() => tree.makeDirectory(path), DownloadError, reason);
      assertEquals(error.failure, "file");
    }
    assertEquals([...Deno.readDirSync(directory.join("outside"))].map(({ name }) => name), [
      "secret",
    ]);
  },
});

Deno.test({
  name: "LocalTree lets files be written where a file is, or nothing",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { directory, tree } = await treeWithLinks();
    await using _ = directory;
    for (const path of ["file", "new/x", "within/a", "-"]) await tree.makeWayFor(path);
    const refused = {
      dir: "is a directory",
      nowhere: "is a symbolic link",
      "dir/secret": "is a symbolic link",
      "out/secret": "leads out of",
      "file/x": "a file is in its place",
    };
    for (const [path, reason] of Object.entries(refused)) {
      await assertRejects(() => tree.makeWayFor(path), DownloadError, reason);
    }
  },
});

Deno.test("LocalTree never calls a file what means standard output", async () => {
  await using directory = await TemporaryDirectory.with();
  const here = await LocalTree.open(".");
  assertEquals([here.pathOf("-"), here.pathOf("a/-")], ["./-", "a/-"]);
  assertEquals((await LocalTree.open(directory.path)).pathOf("-"), directory.join("-"));
});

Deno.test({
  name: "LocalTree removes what is wanted, and never links, nor anything behind them",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { directory, tree } = await treeWithLinks();
    await using _ = directory;
    const others = async (path: string, kinds: Record<string, "file" | "directory"> = {}) =>
      (await tree.others(path, new Map(Object.entries(kinds)))).sort();
    assertEquals(await others("", { dir: "directory" }), ["file"]);
    assertEquals(await others("", { dir: "file", file: "file" }), ["dir"]);
    assertEquals(await others("", { dir: "directory", file: "directory" }), ["file"]);
    assertEquals(await others("dir"), ["dir/a", "dir/deep"]);
    for (const path of ["within", "out", "nowhere", "none"]) assertEquals(await others(path), []);
    await directory.write("tree/back\\slash", "");
    const remove = async (path: string, filter = ALL) =>
      (await Array.fromAsync(tree.remove(path, filter))).map((it) =>
        it.slice(tree.pathOf("").length + 1)
      ).sort();
    for (const path of ["within", "within/a", "out", "out/secret", "nowhere", "none"]) {
      assertEquals(await remove(path), []);
    }
    assertEquals(await remove("back\\slash"), []);
    assertEquals(await remove("dir", new PathFilter([], ["dir"])), []);
    assertEquals(await remove("dir", new PathFilter(["a"], [])), ["dir/a"]);
    assertEquals(await remove("dir", ALL), ["dir/deep/", "dir/deep/b"]);
    assertEquals(await remove("file", ALL), ["file"]);
    assertEquals(await directory.names(), ["outside", "tree"]);
    assertEquals((await others("")).map((it) => it), ["back\\slash", "dir"]);
    await directory.read("outside/secret");
  },
});

Deno.test("LocalTree tries out whether case matters, and leaves nothing behind", async () => {
  await using directory = await TemporaryDirectory.with({ a: "" });
  const tree = await LocalTree.open(directory.path);
  const isOne = await Deno.stat(directory.join("A")).then(() => true, () => false);
  assertEquals(await tree.ignoresCase(), isOne);
  assertEquals(await directory.names(), ["a"]);
});
