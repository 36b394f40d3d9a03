import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { TICK_MS } from "../../lib/files/open_file.ts";
import { Root, UnsteadyPathError } from "../../lib/files/root.ts";
import { withPatched } from "../support/patched.ts";
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
  const longer = await root.identify(["a"]);
  assert(longer !== before);
  await Deno.chmod(directory.join("a"), 0o000);
  assert(await root.identify(["a"]) !== longer, "it may not be read any more");
});

Deno.test("Root.describe() follows links inside the root, and knows files and directories only", async () => {
  const files = { secret: "s", "root/a": "abc", "root/d/e": "" };
  await using outside = await TemporaryDirectory.with(files);
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
  for (const names of [["a", "b"], ["a"]]) assert(root.mayHave(names));
  for (const names of [["a", "c"], ["c", "b"]]) assert(!root.mayHave(names));
});

/** What may be called between two looks at a file. */
type Call = "realPath" | "realPathSync" | "lstat" | "lstatSync";

const CALLS: readonly Call[] = ["realPath", "realPathSync", "lstat", "lstatSync"];

/** A file that is replaced by a rename behind each of some calls of the system. */
async function replacedBehind(
  directory: TemporaryDirectory,
  name: string,
  calls: readonly Call[],
  run: () => Promise<void>,
  most = Infinity,
): Promise<void> {
  let versions = 0;
  await actingBehind(calls, () => {
    if (versions >= most) return;
    Deno.writeTextFileSync(directory.join(`${name}.next`), `version ${++versions}`);
    Deno.renameSync(directory.join(`${name}.next`), directory.join(name));
  }, run);
}

/** Acts behind each of some calls of the system, as another process may. */
async function actingBehind(
  [call, ...others]: readonly Call[],
  act: () => void,
  run: () => Promise<void>,
): Promise<void> {
  if (call === undefined) return await run();
  await withPatched(Deno, call, (original) => (path: string) => {
    const result: unknown = Reflect.apply(original, Deno, [path]);
    if (result instanceof Promise) return result.finally(act);
    act();
    return result;
  }, () => actingBehind(others, act, run));
}

async function versionOf(root: Root, names: readonly string[]): Promise<string> {
  const found = await root.open(names);
  assert(found?.kind === "file");
  const content = new TextDecoder().decode(await found.file.readAll());
  found.file.close();
  return content;
}

/** A root that notes its pauses and does not wait. */
function pausing(directory: TemporaryDirectory) {
  const pauses: number[] = [];
  const root = new Root(directory.path, (ms) => Promise.resolve(void pauses.push(ms)));
  return { root, pauses };
}

Deno.test("Root.open() finds a file of the root that is replaced at each step", async () => {
  await using directory = await TemporaryDirectory.with({ a: "version 0" });
  const root = new Root(directory.path, () => Promise.reject("waited"));
  await replacedBehind(directory, "a", CALLS, async () => {
    assertEquals(await versionOf(root, ["a"]), "version 2", "the one that stood there when opened");
    assert((await root.describe(["a"]))?.isFile);
    assert(await root.identify(["a"]) !== undefined);
  });
});

Deno.test("Root.open() finds a file that is replaced at each step, if nothing above has changed", async () => {
  await using directory = await TemporaryDirectory.with({ "d/a": "version 0" });
  const root = new Root(directory.path, () => Promise.reject("waited"));
  const later = Date.now() + 10_000;
  await withPatched(Date, "now", () => () => later, async () => {
    await replacedBehind(directory, "d/a", CALLS, async () => {
      assertEquals(await versionOf(root, ["d", "a"]), "version 2");
      assert((await root.describe(["d", "a"]))?.isFile);
    });
  });
});

Deno.test("Root.open() looks again until a file stands still whose way has changed lately", async () => {
  await using directory = await TemporaryDirectory.with({ "d/a": "version 0" });
  const { root, pauses } = pausing(directory);
  await replacedBehind(directory, "d/a", ["realPathSync"], async () => {
    assertEquals(await versionOf(root, ["d", "a"]), "version 5");
  }, 5);
  assertGreater(pauses.length, 0);
});

Deno.test("Root.open() looks again when a file was replaced before it was looked at", async () => {
  await using directory = await TemporaryDirectory.with({ a: "version 0" });
  const { root, pauses } = pausing(directory);
  let version = 0;
  await withPatched(Deno, "lstatSync", (lstatSync) => (path: string) => {
    if (version < 4) {
      Deno.writeTextFileSync(directory.join("next"), `version ${++version}`);
      Deno.renameSync(directory.join("next"), directory.join("a"));
    }
    return lstatSync(path);
  }, async () => assertEquals(await versionOf(root, ["a"]), "version 4"));
  assertEquals(pauses, [1, 2, 4, 8]);
});

Deno.test("Root.open() gives up on what never stands still, after more than a tick", async () => {
  await using directory = await TemporaryDirectory.with({ "d/a": "version 0" });
  const { root, pauses } = pausing(directory);
  await replacedBehind(directory, "d/a", CALLS, async () => {
    await assertRejects(() => root.open(["d", "a"]), UnsteadyPathError, "d/a");
  });
  assertGreater(pauses.reduce((sum, ms) => sum + ms, 0), TICK_MS);
});

Deno.test("Root.open() looks again for what is gone from where a link led", async () => {
  await using directory = await TemporaryDirectory.with({ "v1/a": "one", "v2/a": "two" });
  await Deno.symlink("v1", directory.join("current"));
  const root = new Root(directory.path, () => Promise.resolve());
  const flip = () => {
    Deno.symlinkSync("v2", directory.join("next"));
    Deno.renameSync(directory.join("next"), directory.join("current"));
    Deno.removeSync(directory.join("v1"), { recursive: true });
  };
  let flips = 0;
  await actingBehind(["realPath"], () => flips++ === 0 && flip(), async () => {
    assertEquals(await versionOf(root, ["current", "a"]), "two");
    await assertRejects(() => root.open(["v1", "a"]), Deno.errors.NotFound);
  });
});

Deno.test({
  name: "Root.open() gives nothing outside that a link leads to when it is opened",
  // Where not all is allowed, Deno follows links that the flags forbid to follow.
  permissions: { read: true, write: true },
  fn: async () => {
    await using outside = await TemporaryDirectory.with({ "secret": "secret", "root/a": "ours" });
    const root = new Root(outside.join("root"), () => Promise.resolve());
    await outside.write("ours", "ours");
    const putLink = () => {
      Deno.symlinkSync("../secret", outside.join("link"));
      Deno.renameSync(outside.join("link"), outside.join("root/a"));
    };
    const putFile = (realPath: typeof Deno.realPath) => async (path: string) => {
      Deno.copyFileSync(outside.join("ours"), outside.join("file"));
      Deno.renameSync(outside.join("file"), outside.join("root/a"));
      return await realPath(path);
    };
    await withPatched(Deno, "realPath", putFile, async () => {
      await actingBehind(["lstat"], putLink, async () => {
        await assertRejects(() => root.open(["a"]), UnsteadyPathError);
      });
    });
  },
});

Deno.test("Root.open() gives nothing of a directory that is swapped for a link to outside", async () => {
  await using outside = await TemporaryDirectory.with({ "secret/a": "secret", "root/d/a": "ours" });
  const root = new Root(outside.join("root"), () => Promise.resolve());
  await Deno.symlink("../secret", outside.join("link"));
  let isLink = false;
  const swap = (toLink: boolean) => {
    if (toLink === isLink) return;
    Deno.renameSync(outside.join("root/d"), outside.join(toLink ? "real" : "link"));
    Deno.renameSync(outside.join(toLink ? "link" : "real"), outside.join("root/d"));
    isLink = toLink;
  };
  // Real when it is resolved and at the first look afterwards, a link at all other times.
  let looks = 0;
  const resolving = (realPath: typeof Deno.realPath) => async (path: string) => {
    looks = 0;
    swap(false);
    return await realPath(path).finally(() => swap(true));
  };
  const looking = (realPathSync: typeof Deno.realPathSync) => (path: string) => {
    swap(looks++ > 0);
    const real = realPathSync(path);
    swap(true);
    return real;
  };
  await withPatched(Deno, "realPath", resolving, async () => {
    await withPatched(Deno, "realPathSync", looking, async () => {
      for (let i = 0; i < 20; i++) {
        await assertRejects(() => root.open(["d", "a"]), UnsteadyPathError);
      }
    });
  });
  assertGreater(looks, 0);
});
