import { assert, assertEquals, assertRejects } from "@std/assert";
import { directoryEntries } from "../../lib/files/listing_responder.ts";
import type { ListingEntry } from "../../lib/files/listing.ts";
import { Root } from "../../lib/files/root.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Long enough ago, or long enough from now, whatever the clock of the file system. */
const MOMENTS = { unsettled: () => Date.now(), settled: () => Date.now() + 10_000 };

/** The entries of a directory, by name. */
async function entriesOf(path: string, names: string[], sinceMs: number): Promise<ListingEntry[]> {
  const directory = { kind: "directory", path: [path, ...names].join("/"), sinceMs } as const;
  const batches = await Array.fromAsync(directoryEntries(new Root(path), directory, names));
  return batches.flat().sort((one, other) => one.name < other.name ? -1 : 1);
}

for (const [state, since] of Object.entries(MOMENTS)) {
  Deno.test(`directoryEntries() gives what would be served, in a tree that is ${state}`, async () => {
    await using outside = await TemporaryDirectory.with({
      secret: "secret",
      "root/d/file": "abc",
      "root/d/.hidden": "",
      "root/d/sub/x": "",
      "root/d/é?#%\n": "",
      "root/d/back\\slash": "",
      "root/top": "1234",
    });
    const root = outside.join("root");
    const links = {
      "in": "../top",
      "in-directory": "sub",
      "out": "../../secret",
      "out-directory": "../..",
      "absolute": "/etc/passwd",
      "dangling": "nowhere",
      "loop": "loop",
    };
    for (const [name, to] of Object.entries(links)) await Deno.symlink(to, `${root}/d/${name}`);
    const { success } = await new Deno.Command("mkfifo", { args: [`${root}/d/pipe`] }).output();
    assert(success);
    const entries = await entriesOf(root, ["d"], since());
    const isWindows = Deno.build.os === "windows"; // There it separates names.
    const names = entries.map(({ kind, name }) => `${kind} ${name}`);
    assertEquals(names.filter((it) => !isWindows || !it.includes("\\")), [
      ...(isWindows ? [] : ["file back\\slash"]),
      "file file",
      "file in",
      "directory in-directory",
      "directory sub",
      "file é?#%\n",
    ]);
    const own = entries.filter(({ name }) => !name.includes("\\"));
    const sizes = own.map((entry) => entry.kind === "file" ? entry.size : undefined);
    assertEquals(sizes, [3, 4, undefined, undefined, 0]);
    const { mtime } = await Deno.stat(`${root}/d/file`);
    assertEquals(own[0]?.modifiedMs, mtime?.getTime());
  });
}

Deno.test("directoryEntries() gives /.well-known at the root, and no other name with a dot", async () => {
  await using root = await TemporaryDirectory.with({
    ".well-known/a": "",
    ".well-known/.b": "",
    ".git/a": "",
    "d/.well-known/a": "",
    "d/e": "",
  });
  const namesIn = async (...names: string[]) =>
    (await entriesOf(root.path, names, Date.now())).map(({ name }) => name);
  assertEquals(await namesIn(), [".well-known", "d"]);
  assertEquals(await namesIn(".well-known"), ["a"]);
  assertEquals(await namesIn("d"), ["e"]);
});

Deno.test("directoryEntries() gives all entries of a directory, batch by batch", async () => {
  const names = Array.from({ length: 600 }, (_, i) => `file${i}`);
  await using root = await TemporaryDirectory.with(Object.fromEntries(names.map((it) => [it, ""])));
  const found = await entriesOf(root.path, [], Date.now());
  assertEquals(found.map(({ name }) => name), names.sort());
  // It can be left in the middle: nothing stays open.
  const directory = { kind: "directory", path: root.path, sinceMs: Date.now() } as const;
  for await (const batch of directoryEntries(new Root(root.path), directory, [])) {
    assertEquals(batch.length, 128);
    break;
  }
});

Deno.test("directoryEntries() gives no name of another directory that was put in its place", async () => {
  const files = { "other/secret": "", "other/both": "", "root/d/both": "" };
  await using outside = await TemporaryDirectory.with(files);
  const root = outside.join("root");
  // As if the directory had been swapped while it was opened, and back before its entries are.
  const directory = {
    kind: "directory",
    path: outside.join("other"),
    sinceMs: Date.now(),
  } as const;
  const readDir = () => directoryEntries(new Root(root), directory, ["d"]);
  const batches = await Array.fromAsync(readDir()).catch(() => []);
  assertEquals(batches.flat().map(({ name }) => name).filter((it) => it !== "both"), []);
});

Deno.test("directoryEntries() throws what the system says", async () => {
  const directory = { kind: "directory", path: "/nowhere", sinceMs: 0 } as const;
  const reading = directoryEntries(new Root("/"), directory, ["nowhere"]);
  await assertRejects(() => Array.fromAsync(reading), Deno.errors.NotFound);
});
