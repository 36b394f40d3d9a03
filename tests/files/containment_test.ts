import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { isSettled, verifyContainment } from "../../lib/files/root.ts";
import { withPatched } from "../support/patched.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Moments after and before which nothing has changed, whatever the clock of the file system. */
const LATER = () => Date.now() + 10_000;
const EARLIER = () => Date.now() - 10_000;

Deno.test("isSettled() says whether a directory above was changed since", async () => {
  await using root = await TemporaryDirectory.with({ "a/b/c": "" });
  const path = root.join("a/b/c");
  assert(isSettled(root.path, path, LATER()));
  assert(!isSettled(root.path, path, Date.now()));
  assert(!isSettled(root.path, path, EARLIER()));
  assert(isSettled(root.path, root.path, EARLIER()), "nothing below the root is on its way");
  assert(isSettled("/", "/usr/bin", Date.now()), "the file system's root is a root as well");
});

/** How often it is looked whether something is there until it is proven. */
function looksAt(root: TemporaryDirectory, path: string, since: number): number {
  let count = 0;
  assert(verifyContainment(root.path, path, since, () => ++count > 0));
  return count;
}

Deno.test("verifyContainment() asks once where nothing above has changed, and often where something has", async () => {
  await using root = await TemporaryDirectory.with({ "a/b": "" });
  assertEquals(looksAt(root, root.join("a/b"), LATER()), 1);
  const often = looksAt(root, root.join("a/b"), Date.now());
  assert(often > 1 && often <= 33, `${often}`);
  assertEquals(looksAt(root, root.join("a"), Date.now()), 1, "nothing is above it but the root");
  assertEquals(looksAt(root, root.path, Date.now()), 1);
});

Deno.test("verifyContainment() minds no change in the directory itself, if none above it has changed", async () => {
  await using root = await TemporaryDirectory.with({ "a/b/c": "", "a/d/e": "" });
  const path = root.join("a/b/c");
  const since = Date.now();
  const ctimes: Record<string, number> = { [root.join("a")]: 0, [root.path]: 0 };
  await withPatched(Deno, "lstatSync", (lstatSync) => (path: string) => {
    const ctime = ctimes[path];
    return { ...lstatSync(path), ctime: new Date(ctime ?? since) };
  }, () => {
    assertEquals(looksAt(root, path, since), 1);
    ctimes[root.path] = since;
    assertGreater(looksAt(root, path, since), 1);
  });
});

Deno.test("verifyContainment() is false where what was taken is gone, and where a link is on the way", async () => {
  await using root = await TemporaryDirectory.with({ "a/b": "", "c": "" });
  await Deno.symlink("a", root.join("link"));
  const since = Date.now();
  for (const at of [since, LATER()]) {
    assert(!verifyContainment(root.path, root.join("a/b"), at, () => false));
  }
  assert(!verifyContainment(root.path, root.join("link/b"), since, () => true));
  assertThrows(() => verifyContainment(root.path, root.join("a/none"), since, () => true));
});

Deno.test("verifyContainment() is not deceived by what is there at some looks only", async () => {
  await using root = await TemporaryDirectory.with({ "a/b": "" });
  const path = root.join("a/b");
  let deceived = 0;
  for (let i = 0; i < 300; i++) {
    let isLink = false;
    const swapping = () => {
      // Another process that is as quick as it can be: a link at each look, or at each other.
      const seen = !isLink;
      isLink = !isLink;
      return seen;
    };
    if (verifyContainment(root.path, path, Date.now(), swapping)) deceived++;
  }
  assertEquals(deceived, 0);
});
