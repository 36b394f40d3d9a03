import { assertEquals, assertRejects } from "@std/assert";
import { openOutput, openPartFile } from "../../../lib/download/output/open_output.ts";
import {
  type Leftover,
  leftoverLine,
  NOTHING,
  type Output,
  type OutputOptions,
} from "../../../lib/download/output/output.ts";
import { isRefusal } from "../../../lib/download/output/file_error.ts";
import { moveOver, moveToNew } from "../../../lib/download/output/place_file.ts";
import { textOf } from "../../support/feed.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const refusal = (code: string) => Object.assign(new Deno.errors.NotSupported("refused"), { code });

/** Runs something while members of an object are others. */
async function withStubs<T extends object>(
  target: T,
  stubs: Partial<T>,
  run: () => Promise<void>,
): Promise<void> {
  const originals = Object.fromEntries(
    Object.keys(stubs).map((name) => [name, target[name as keyof T]]),
  );
  Object.assign(target, stubs);
  try {
    await run();
  } finally {
    Object.assign(target, originals);
  }
}

/** Downloads a few bytes into a file; what was told, and where the file is. */
async function save(path: string, options: Partial<OutputOptions> = {}, during = () => {}) {
  const notices: string[] = [];
  const onNotice = (text: string) => notices.push(text);
  const all = { url: "http://a/", mayContinue: false, onNotice, ...options };
  const output = await openOutput(path, all);
  output.begin({ entityTag: undefined, length: undefined });
  output.write(new TextEncoder().encode("new"));
  during();
  const placed = await output.complete(1_000_000_000);
  if (placed === "taken") output.abandon();
  return { placed, notices };
}

Deno.test("moveToNew() takes no name that something has, with links and without", async () => {
  const refuse = () => Promise.reject(refusal("EPERM"));
  for (const stubs of [{}, { link: refuse }]) {
    await using directory = await TemporaryDirectory.with({ a: "a", b: "b" });
    const [a, b, c] = ["a", "b", "c"].map((name) => directory.join(name)) as [
      string,
      string,
      string,
    ];
    await withStubs(Deno, stubs, async () => {
      assertEquals([await moveToNew(a, b), await moveToNew(a, c)], [false, true]);
    });
    assertEquals(await directory.names(), ["b", "c"]);
    assertEquals([textOf(await directory.read("b")), textOf(await directory.read("c"))], [
      "b",
      "a",
    ]);
  }
});

Deno.test("moveOver() overwrites what cannot be replaced", async () => {
  for (const code of ["EBUSY", "EPERM", "EACCES"]) {
    await using directory = await TemporaryDirectory.with({ a: "new", b: "much longer" });
    await withStubs(Deno, { rename: () => Promise.reject(refusal(code)) }, async () => {
      assertEquals(await moveOver(directory.join("a"), directory.join("b"), false), true);
    });
    assertEquals(await directory.names(), ["b"]);
    assertEquals(textOf(await directory.read("b")), "new");
  }
  await using directory = await TemporaryDirectory.with({ a: "new", "b/c": "" });
  await assertRejects(() => moveOver(directory.join("a"), directory.join("b"), false));
});

Deno.test("isRefusal() tells what a file system has not from what has failed", () => {
  for (const code of ["EPERM", "ENOLCK", "EOPNOTSUPP", "EINVAL", "ENOSYS", "EACCES"]) {
    assertEquals(isRefusal(refusal(code)), true, code);
  }
  for (const code of ["ENOSPC", "EIO", "EDQUOT", "EFBIG"]) {
    assertEquals(isRefusal(refusal(code)), false, code);
  }
  assertEquals(isRefusal(new Error("No locks available (os error 37)")), true);
});

Deno.test("openOutput() keeps the mode of what it replaces", async () => {
  for (const mode of [0o755, 0o600, 0o640]) {
    await using directory = await TemporaryDirectory.with({ a: "old" });
    await Deno.chmod(directory.join("a"), mode);
    let before = 0;
    await save(directory.join("a"), {}, () => {
      before = Deno.statSync(directory.join("a.part")).mode! & 0o777;
    });
    assertEquals(before & ~(mode | 0o600), 0, "the part file is no more open than that");
    assertEquals((await Deno.stat(directory.join("a"))).mode! & 0o777, mode);
    assertEquals(textOf(await directory.read("a")), "new");
  }
});

Deno.test("openOutput() makes what a link leads to that leads to nothing", async () => {
  await using directory = await TemporaryDirectory.with({ "d/other": "" });
  await Deno.symlink("d/second", directory.join("first"));
  await Deno.symlink("target", directory.join("d/second"));
  await save(directory.join("first"));
  assertEquals(await directory.names(), ["d", "first"]);
  assertEquals((await Deno.lstat(directory.join("d/second"))).isSymlink, true);
  assertEquals(textOf(await directory.read("d/target")), "new");
});

Deno.test("openOutput() writes a file in place whose directory takes no other", async () => {
  await using directory = await TemporaryDirectory.with({ a: "much longer" });
  const open = Deno.openSync;
  const denied = (path: string | URL, options?: Deno.OpenOptions) => {
    if (options?.create || options?.createNew) throw refusal("EACCES");
    return open(path, options);
  };
  await withStubs(Deno, { openSync: denied }, async () => {
    const { notices } = await save(directory.join("a"));
    assertEquals(notices, [
      `${directory.join("a")} will be written in place, and what is there lost: ` +
      "its directory may not be written",
    ]);
  });
  assertEquals(await directory.names(), ["a"]);
  assertEquals(textOf(await directory.read("a")), "new");
});

Deno.test("openOutput() leaves a file that has appeared, where such are to stay", async () => {
  await using directory = await TemporaryDirectory.with();
  const appear = () => Deno.writeTextFileSync(directory.join("a"), "theirs");
  const { placed } = await save(directory.join("a"), { keepsExisting: true }, appear);
  assertEquals([placed, await directory.names()], ["taken", ["a"]]);
  assertEquals(textOf(await directory.read("a")), "theirs");
});

Deno.test("openOutput() does without what the file system has not, and says so in one line", async () => {
  for (const code of ["EPERM", "ENOLCK", "EOPNOTSUPP", "EINVAL", "ENOSYS"]) {
    await using directory = await TemporaryDirectory.with({ a: "old" });
    const refuse = () => Promise.reject(refusal(code));
    const refuseNow = () => {
      throw refusal(code);
    };
    const stubs = { utimeSync: refuseNow, sync: refuse, tryLockSync: refuseNow };
    await withStubs(Deno.FsFile.prototype, stubs, async () => {
      const { placed, notices } = await save(directory.join("a"));
      const lacks = "a lock, its time, to be forced to the disk";
      assertEquals([placed, notices], ["own", [`the file system does not let it have ${lacks}`]]);
    });
    assertEquals(textOf(await directory.read("a")), "new");
  }
});

Deno.test("openOutput() writes into no file that has another name as well", async () => {
  await using directory = await TemporaryDirectory.with({ other: "kept" });
  await Deno.link(directory.join("other"), directory.join("a.part"));
  await Deno.writeTextFile(directory.join("a.part.json"), '{"url":"http://a/","written":0}\n');
  await save(directory.join("a"));
  assertEquals(await directory.names(), ["a", "other"]);
  assertEquals(textOf(await directory.read("other")), "kept");
});

/** Opens an output and lets a content of three bytes come. */
async function outputWithThree(
  path: string,
  options: Partial<OutputOptions> = {},
): Promise<Output> {
  const output = await openOutput(path, { url: "http://a/", mayContinue: false, ...options });
  output.begin({ entityTag: '"x"', length: 3 });
  output.write(new TextEncoder().encode("new"));
  return output;
}

/** What is left when a signal to end comes within a call of the system, before or behind its effect. */
async function interruptedWithin(
  call: "rename" | "link",
  moment: "before" | "behind",
  options: Partial<OutputOptions> = {},
) {
  await using directory = await TemporaryDirectory.with();
  const output = await outputWithThree(directory.join("a"), options);
  const original: (...args: string[]) => Promise<void> = Deno[call];
  let leftover: Leftover = NOTHING;
  const interrupting = async (...args: string[]) => {
    if (moment === "behind") await original(...args);
    leftover = output.abandon(true);
    throw new Error("The process has ended.");
  };
  await withStubs(Deno, { [call]: interrupting }, async () => {
    await assertRejects(() => output.complete());
  });
  const names = await directory.names();
  return [leftover, ...names, textOf(await directory.read(names[0]!))];
}

Deno.test("a signal to end while a file gets its name leaves the whole or the part, and says which", async () => {
  const part: Leftover = { kind: "part", obstacle: undefined };
  const whole: Leftover = { kind: "whole", proposed: undefined };
  const keepsExisting = true;
  assertEquals(await interruptedWithin("rename", "before"), [part, "a.part", "a.part.json", "new"]);
  assertEquals(await interruptedWithin("rename", "behind"), [whole, "a", "new"]);
  assertEquals(await interruptedWithin("link", "before", { keepsExisting }), [
    part,
    "a.part",
    "a.part.json",
    "new",
  ]);
  assertEquals(await interruptedWithin("link", "behind", { keepsExisting }), [whole, "a", "new"]);
});

Deno.test("a signal to end behind the last step leaves the whole alone", async () => {
  await using directory = await TemporaryDirectory.with();
  const output = await outputWithThree(directory.join("a"));
  await output.complete();
  assertEquals(output.abandon(true), { kind: "whole", proposed: undefined });
  assertEquals(await directory.names(), ["a"]);
});

Deno.test("a signal to end while a file is overwritten leaves the part as well, and says so", async () => {
  await using directory = await TemporaryDirectory.with({ a: "much longer" });
  const replaced = { mode: null, uid: null, gid: null, isMountPoint: true };
  const all = { url: "http://a/", mayContinue: false, replaced };
  const output = await openPartFile(directory.join("a"), all);
  output.begin({ entityTag: '"x"', length: 3 });
  output.write(new TextEncoder().encode("new"));
  let leftover: Leftover = NOTHING;
  const truncate = () => {
    leftover = output.abandon(true);
    return Promise.reject(new Error("The process has ended."));
  };
  await withStubs(Deno.FsFile.prototype, { truncate }, async () => {
    await assertRejects(() => output.complete());
  });
  assertEquals(leftover, { kind: "overwritten", hasPart: true, obstacle: undefined });
  assertEquals(await directory.names(), ["a", "a.part", "a.part.json"]);
  assertEquals(textOf(await directory.read("a.part")), "new");
  assertEquals(
    leftoverLine("a", directory.join("a.part"), 3, leftover),
    "a is overwritten in part; a.part is kept, all 3 bytes: " +
      "the same command with --continue goes on with it",
  );
});

Deno.test("a part is kept without a promise where nothing could be written beside it", async () => {
  await using directory = await TemporaryDirectory.with();
  const output = await openOutput(directory.join("a"), { url: "http://a/", mayContinue: false });
  output.begin({ entityTag: '"x"', length: 10 });
  const full = () => {
    throw Object.assign(new Error("full"), { code: "ENOSPC" });
  };
  await withStubs(Deno, { openSync: full }, async () => {
    await assertRejects(async () => await output.write(new TextEncoder().encode("new")));
    const leftover = output.abandon(true);
    assertEquals(leftover, { kind: "part", obstacle: "nothing could be written beside it" });
  });
  assertEquals(await directory.names(), ["a.part"]);
});
