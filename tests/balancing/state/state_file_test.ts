import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/cli/command.ts";
import { StateFile } from "../../../lib/balancing/state/state_file.ts";
import { StateError } from "../../../lib/balancing/state/state_text.ts";
import { withPatched } from "../../support/patched.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("StateFile is read as it was replaced, and only its user may read it", async () => {
  await using directory = await TemporaryDirectory.with();
  const file = await StateFile.open(directory.join("state"));
  assertEquals(await file.read(), undefined);
  for (const text of ["first", "second, which is longer", ""]) {
    await file.replace(encode(text));
    assertEquals(new TextDecoder().decode(await file.read()), text);
  }
  const { mode } = await Deno.stat(file.path);
  assertEquals((mode ?? 0) & 0o777, 0o600);
  assertEquals(await directory.names(), ["state"]);
});

Deno.test("StateFile.lock() gives one holder at a time the lock", async () => {
  await using directory = await TemporaryDirectory.with();
  const one = await StateFile.open(directory.join("state"));
  const other = await StateFile.open(directory.join("state"));
  assertEquals([await one.lock(), await one.lock(), await other.lock()], [true, true, false]);
  assertEquals([one.isLocked, other.isLocked], [true, false]);
  one.unlock();
  assertEquals([await other.lock(), await one.lock()], [true, false]);
  other.unlock();
});

Deno.test("StateFile.read() refuses what is no regular file of this user", async () => {
  await using directory = await TemporaryDirectory.with({ "large": "" });
  await Deno.mkdir(directory.join("directory"));
  await Deno.truncate(directory.join("large"), 64 * 1024 * 1024 + 1);
  const fifo = { isFile: false, isDirectory: false, size: 0, uid: Deno.uid() };
  const strange = { isFile: true, isDirectory: false, size: 0, uid: Deno.uid()! + 1 };
  const rows = [
    ["directory", undefined, "is a directory", true],
    ["large", undefined, "is too large for a state", true],
    ["fifo", fifo, "is no regular file", true],
    ["strange", strange, "belongs to another user", false],
  ] as const;
  for (const [name, info, message, isForeign] of rows) {
    const path = directory.join(name);
    const file = await StateFile.open(path);
    const patch = (stat: typeof Deno.stat) => (asked: string) =>
      asked === path && info !== undefined ? Promise.resolve(info) : stat(asked);
    await withPatched(Deno, "stat", patch, async () => {
      const error = await assertRejects(() => file.read(), StateError, message);
      assertEquals(error.isForeign, isForeign, name);
    });
  }
  assertEquals(await directory.names(), ["directory", "large"]);
});

Deno.test("StateFile.replace() keeps the old content if the disk is full, and leaves nothing else", async () => {
  await using directory = await TemporaryDirectory.with();
  const file = await StateFile.open(directory.join("state"));
  await file.replace(encode("old"));
  let room = 3;
  const patch = (write: Deno.FsFile["write"]) =>
    function (this: Deno.FsFile, bytes: Uint8Array) {
      if (room === 0) return Promise.reject(new Error("No space left on device (os error 28)"));
      const some = bytes.subarray(0, room);
      room = 0;
      return write.call(this, some);
    };
  await withPatched(Deno.FsFile.prototype, "write", patch, async () => {
    await assertRejects(() => file.replace(encode("the new one")), Error, "No space left");
  });
  assertEquals(new TextDecoder().decode(await file.read()), "old");
  assertEquals(await directory.names(), ["state"]);
  await file.replace(encode("the new one"));
  assertEquals(new TextDecoder().decode(await file.read()), "the new one");
});

Deno.test("StateFile.replace() follows no link, and takes up what a killed process left", async () => {
  await using directory = await TemporaryDirectory.with({ "other": "other", "state.new": "half" });
  const file = await StateFile.open(directory.join("state"));
  await file.replace(encode("one"));
  await Deno.symlink("other", directory.join("state.new"));
  await Deno.remove(file.path);
  await Deno.symlink("other", file.path);
  await file.replace(encode("two"));
  assertEquals(new TextDecoder().decode(await directory.read("other")), "other");
  assertEquals(new TextDecoder().decode(await directory.read("state")), "two");
  assert((await Deno.lstat(file.path)).isFile);
});

Deno.test("StateFile.open() refuses a directory that is not there, or must not be used", async () => {
  await using directory = await TemporaryDirectory.with({ "file": "" });
  const open = (name: string) => StateFile.open(directory.join(name));
  await assertRejects(() => open("missing/state"), UsageError, "does not exist");
  await assertRejects(() => open("file/state"), UsageError, "file is no directory");
  const patch = () => ({ name }: { name: string }) =>
    Promise.resolve({ state: name === "write" ? "prompt" : "granted" });
  await withPatched(Deno.permissions, "query", patch, async () => {
    const { message } = await assertRejects(() => open("state"), UsageError);
    const { path } = directory;
    assert(message.endsWith(`run it with --allow-read=${path} and --allow-write=${path} as well`));
  });
});
