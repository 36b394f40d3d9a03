import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import { openOutput as open } from "../../../lib/download/output/open_output.ts";
import type { Output } from "../../../lib/download/output/output.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const NEW = { entityTag: undefined, length: undefined };

/** Opens an output from its start. */
async function openOutput(name: string): Promise<Output> {
  const output = await open(name, { url: "http://a/", mayContinue: false });
  output.begin(NEW);
  return output;
}

/** Asserts that it fails because of the file, and gives the message. */
async function fileFailure(operation: () => Promise<unknown> | undefined): Promise<string> {
  const error = await assertRejects(async () => await operation(), DownloadError);
  assertEquals(error.failure, "file");
  assert(!error.message.includes("\n"), error.message);
  return error.message;
}

Deno.test("openOutput() makes a file that appears when it is whole", async () => {
  await using directory = await TemporaryDirectory.with();
  const output = await openOutput(directory.join("a"));
  await output.write(bytes("hello, "));
  assertEquals(await directory.names(), ["a.part", "a.part.json"]);
  await output.write(bytes("world"));
  assertEquals(output.position, 12);
  await output.complete();
  assertEquals(await directory.names(), ["a"]);
  assertEquals(await directory.read("a"), bytes("hello, world"));
});

Deno.test("openOutput() leaves what was there until the file is whole", async () => {
  await using directory = await TemporaryDirectory.with({ a: "before" });
  const output = await openOutput(directory.join("a"));
  await output.write(bytes("after"));
  assertEquals(await directory.read("a"), bytes("before"));
  await output.complete();
  assertEquals(await directory.read("a"), bytes("after"));
});

Deno.test("openOutput() leaves nothing of an output that is abandoned", async () => {
  await using directory = await TemporaryDirectory.with({ a: "before" });
  for (const name of ["a", "b"]) {
    const output = await openOutput(directory.join(name));
    await output.write(bytes("half"));
    output.abandon();
  }
  assertEquals(await directory.names(), ["a"]);
  assertEquals(await directory.read("a"), bytes("before"));
});

Deno.test("openOutput() takes over the part file of a download that died", async () => {
  await using directory = await TemporaryDirectory.with({
    "a.part": "what was left, and long",
    "a.part.json": '{"url":"http://a/","written":0}\n',
  });
  const output = await openOutput(directory.join("a"));
  await output.write(bytes("new"));
  await output.complete();
  assertEquals(await directory.names(), ["a"]);
  assertEquals(await directory.read("a"), bytes("new"));
});

Deno.test("openOutput() leaves alone what another download is writing", async () => {
  await using directory = await TemporaryDirectory.with();
  const name = directory.join("a");
  const first = await openOutput(name);
  await first.write(bytes("first"));
  assertStringIncludes(await fileFailure(() => openOutput(name)), "by another download");
  await first.complete();
  assertEquals(await directory.read("a"), bytes("first"));
  const second = await openOutput(name);
  second.abandon();
  assertEquals(await directory.names(), ["a"]);
});

Deno.test("openOutput() refuses a directory", async () => {
  await using directory = await TemporaryDirectory.with({ "d/a": "", "e.part/a": "" });
  for (const name of ["d", "d/"]) {
    assertStringIncludes(
      await fileFailure(() => openOutput(directory.join(name))),
      "is a directory",
    );
  }
  assertEquals(await directory.names(), ["d", "e.part"]);
});

Deno.test("openOutput() follows no link and opens no pipe in the place of a part file", async () => {
  await using directory = await TemporaryDirectory.with({ "a.part/a": "", other: "kept" });
  await Deno.symlink(directory.join("other"), directory.join("b.part"));
  for (const name of ["a", "b"]) {
    const output = await openOutput(directory.join(name));
    await output.write(bytes("new"));
    await output.complete();
  }
  assertEquals(await directory.names(), ["a", "a.part", "b", "b.part", "other"]);
  assertEquals(await directory.read("other"), bytes("kept"));
});

Deno.test("openOutput() says why a file cannot be made", async () => {
  await using directory = await TemporaryDirectory.with({ a: "" });
  const open = (name: string) => fileFailure(() => openOutput(directory.join(name)));
  assertStringIncludes(await open("no/where"), "there is no such directory");
  assertStringIncludes(await open("a/b"), "a part of its path is no directory");
  assertStringIncludes(await open("a".repeat(300)), "the name is too long");
  await fileFailure(() => openOutput(`${directory.path}/a\0b`));
  assertEquals(await directory.names(), ["a"]);
});

Deno.test("openOutput() fails at completing when a directory has taken the name", async () => {
  await using directory = await TemporaryDirectory.with();
  const output = await openOutput(directory.join("a"));
  await output.write(bytes("x"));
  await directory.write("a/b", "");
  assertStringIncludes(await fileFailure(() => output.complete()), "cannot write");
  output.abandon();
  assertEquals(await directory.names(), ["a"]);
});

Deno.test("openOutput() replaces the file behind a link and keeps the link", async () => {
  await using directory = await TemporaryDirectory.with({ "d/file": "before" });
  await Deno.symlink("d/file", directory.join("link"));
  const output = await openOutput(directory.join("link"));
  await output.write(bytes("after"));
  await output.complete();
  assert((await Deno.lstat(directory.join("link"))).isSymlink);
  assertEquals(await directory.read("d/file"), bytes("after"));
  assertEquals(await directory.names(), ["d", "link"]);
});

Deno.test("openOutput() writes to a device and does not replace it", async () => {
  for (const end of ["complete", "abandon"] as const) {
    const output = await openOutput("/dev/null");
    await output.write(bytes("gone"));
    await output[end]();
  }
  assert((await Deno.stat("/dev/null")).isCharDevice);
  await assertRejects(() => Deno.stat("/dev/null.part"), Deno.errors.NotFound);
});

Deno.test("openOutput() says that there is no space left", async () => {
  const output = await openOutput("/dev/full");
  const message = await fileFailure(() => output.write(bytes("a")));
  assertEquals(message, "cannot write /dev/full: no space left on the disk");
  output.abandon();
});

Deno.test("openOutput() writes to a pipe, and says when its reader has gone", async () => {
  await using directory = await TemporaryDirectory.with();
  const pipe = directory.join("pipe");
  assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const reading = new Deno.Command("head", { args: ["-c", "5", pipe] }).output();
  const output = await openOutput(pipe);
  await output.write(bytes("hello"));
  const { stdout } = await reading;
  assertEquals(new TextDecoder().decode(stdout), "hello");
  assertStringIncludes(await fileFailure(() => output.write(bytes("more"))), "reader has gone");
  output.abandon();
  assert((await Deno.stat(pipe)).isFifo);
});

Deno.test("openOutput() takes - for standard output and leaves it open", async () => {
  for (const end of ["complete", "abandon"] as const) {
    const output = await openOutput("-");
    await output.write(new Uint8Array(0));
    await output[end]();
  }
  assertEquals(Deno.stdout.writeSync(new Uint8Array(0)), 0);
});

Deno.test("openOutput() says that the system denies a file, and why", async () => {
  await using directory = await TemporaryDirectory.with();
  const original = Deno.openSync;
  const denied = Object.assign(new Deno.errors.PermissionDenied("os error 13"), { code: "EACCES" });
  Deno.openSync = () => {
    throw denied;
  };
  try {
    const message = "file.part: permission denied";
    await assertRejects(() => openOutput(directory.join("file")), DownloadError, message);
  } finally {
    Deno.openSync = original;
  }
});
