import { assert, assertEquals, assertThrows } from "@std/assert";
import { isProven, isSettled } from "../../lib/files/path_proof.ts";
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

Deno.test("isProven() asks once where nothing has changed, and often where something has", async () => {
  await using root = await TemporaryDirectory.with({ "a/b": "" });
  const looks = (since: number) => {
    let count = 0;
    assert(isProven(root.path, root.join("a/b"), since, () => ++count > 0));
    return count;
  };
  assertEquals(looks(LATER()), 1);
  const often = looks(Date.now());
  assert(often > 1 && often <= 33, `${often}`);
});

Deno.test("isProven() is false where what was found is gone, and where a link is on the way", async () => {
  await using root = await TemporaryDirectory.with({ "a/b": "", "c": "" });
  await Deno.symlink("a", root.join("link"));
  for (const since of [LATER(), Date.now()]) {
    assert(!isProven(root.path, root.join("a/b"), since, () => false));
    assert(!isProven(root.path, root.join("link/b"), since, () => true));
    assertThrows(() => isProven(root.path, root.join("none"), since, () => true));
  }
});

Deno.test("isProven() is not deceived by what is there at some looks only", async () => {
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
    if (isProven(root.path, path, Date.now(), swapping)) deceived++;
  }
  assertEquals(deceived, 0);
});
