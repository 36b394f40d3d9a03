import { assertEquals } from "@std/assert";
import { NameClaims } from "../../../lib/download/output/file_name.ts";
import { forgetKilled, openPartFile } from "../../../lib/download/output/open_output.ts";
import { shownPart } from "../../../lib/download/output/output.ts";
import { textOf } from "../../support/feed.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const RECORD = '{"url":"http://a/","entityTag":"\\"x\\"","length":9,"written":3}\n';
const MARK = '{"url":"http://a/","written":0}\n';

/** What is there, and the part file that is written for `a`. */
const ROWS: readonly (readonly [story: string, files: Record<string, string>, part: string])[] = [
  ["nothing", {}, "a.part"],
  ["a part of ours", { "a.part": "abc", "a.part.json": RECORD }, "a.part"],
  ["one that cannot be gone on with", { "a.part": "abc", "a.part.json": MARK }, "a.part"],
  ["a record alone", { "a.part.json": RECORD }, "a.part"],
  ["a part of another program", { "a.part": "theirs" }, "a.2.part"],
  ["an empty one", { "a.part": "" }, "a.part"],
  ["another's JSON", { "a.part.json": "{}" }, "a.2.part"],
  ["both of others", { "a.part": "theirs", "a.part.json": "[1]" }, "a.2.part"],
  ["two of others", { "a.part": "theirs", "a.2.part": "theirs" }, "a.3.part"],
  ["a directory", { "a.part/b": "theirs" }, "a.2.part"],
];

Deno.test("openPart() touches nothing but what is known as ours", async () => {
  for (const [story, files, partName] of ROWS) {
    await using directory = await TemporaryDirectory.with(files);
    const part = await openPartFile(directory.join("a"), { url: "http://a/", mayContinue: false });
    assertEquals(part.partName, directory.join(partName), story);
    part.begin({ entityTag: undefined, length: undefined });
    part.write(new TextEncoder().encode("new"));
    await part.complete();
    assertEquals(textOf(await directory.read("a")), "new", story);
    for (const [name, content] of Object.entries(files)) {
      if (name.startsWith(partName)) continue;
      assertEquals(textOf(await directory.read(name)), content, `${story}: ${name}`);
    }
  }
});

Deno.test("openPart() leaves alone what the run is to write itself", async () => {
  for (const other of ["a.part", "a.part.json"]) {
    await using directory = await TemporaryDirectory.with();
    const claims = new NameClaims();
    for (const name of ["a", other]) claims.claim(directory.join(name));
    const options = { url: "http://a/", mayContinue: false, claims };
    const part = await openPartFile(directory.join("a"), options);
    assertEquals(part.partName, directory.join("a.2.part"), other);
    part.abandon();
  }
});

Deno.test("PartFile forgets the part file that it has replaced", async () => {
  await using directory = await TemporaryDirectory.with({ "a.part": "abc", "a.part.json": RECORD });
  const options = { url: "http://b/", mayContinue: true };
  const part = await openPartFile(directory.join("a.part"), options);
  part.begin({ entityTag: undefined, length: 3 });
  part.write(new TextEncoder().encode("new"));
  await part.complete();
  assertEquals(await directory.names(), ["a.part"]);
  const next = await openPartFile(directory.join("a"), { url: "http://a/", mayContinue: true });
  assertEquals([next.partName, next.resumePoint], [directory.join("a.2.part"), undefined]);
  next.abandon();
  assertEquals(textOf(await directory.read("a.part")), "new");
});

Deno.test("forgetKilled() removes the record of a part that has become the file, and no other", async () => {
  const rows: readonly [files: Record<string, string>, left: readonly string[]][] = [
    [{ x: "same", "x.part.json": RECORD }, ["x"]],
    [{ x: "same" }, ["x"]],
    [{ x: "same", "x.part": "an", "x.part.json": RECORD }, ["x", "x.part", "x.part.json"]],
    [{ x: "same", "x.part.json": "my notes" }, ["x", "x.part.json"]],
  ];
  for (const [files, left] of rows) {
    await using directory = await TemporaryDirectory.with(files);
    await forgetKilled(directory.join("x"));
    assertEquals(await directory.names(), left);
  }
});

Deno.test("PartFile goes on with the part of a name that leaves no room for a suffix", async () => {
  for (const name of ["n".repeat(246), "n".repeat(255), "é".repeat(127)]) {
    await using directory = await TemporaryDirectory.with();
    const open = () => openPartFile(directory.join(name), { url: "http://a/", mayContinue: true });
    const first = await open();
    first.begin({ entityTag: '"x"', length: 9 });
    first.write(new TextEncoder().encode("abc"));
    first.abandon();
    const second = await open();
    assertEquals(second.resumePoint?.position, 3);
    second.write(new TextEncoder().encode("defghi"));
    await second.complete();
    assertEquals(await directory.names(), [name]);
  }
});

Deno.test("shownPart() is the part file as a person may find it", () => {
  assertEquals(shownPart("d/a", "/x/d/a.2.part"), "d/a.2.part");
  assertEquals(shownPart("d/a", "/x/d/b.part"), "/x/d/b.part");
  assertEquals(shownPart("a", undefined), "a.part");
});
