import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { assert, assertEquals } from "@std/assert";
import { ContentDigests, EntityTags } from "../../lib/files/entity_tags.ts";
import type { OpenFile } from "../../lib/files/open_file.ts";
import { Root } from "../../lib/files/root.ts";
import { MODIFICATION_TIMES, modifiedMsOf } from "../cases/modification_times.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { testLiveRows } from "../support/live_rows.ts";
import { withPatched } from "../support/patched.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FILE = { size: 31, modifiedMs: 0x18f3, identity: "1 2 31 6387" } as OpenFile;
const NOTHING = fieldsOf("");

function fakeDigests(computed: Promise<string | undefined>, known?: string): ContentDigests {
  const fake: Pick<ContentDigests, "of" | "known" | "compute"> = {
    of: (bytes) => `digest${bytes.length}`,
    known: () => known,
    compute: () => computed,
  };
  return fake as ContentDigests;
}

Deno.test("EntityTags are strong and made of size and time, the same from memory and disk", async () => {
  const tags = new EntityTags();
  const expected = { entityTag: { isWeak: false, opaque: "1f-18f3" } };
  assertEquals(tags.ofBytes(new Uint8Array(31), 0x18f3, "identity"), expected);
  assertEquals(await tags.ofFile(FILE, [], "identity", NOTHING), expected);
});

Deno.test("EntityTags differ between codings (RFC 9110 §8.8.3.3)", async () => {
  const opaque = (await new EntityTags().ofFile(FILE, [], "gzip", NOTHING)).entityTag?.opaque;
  assertEquals(opaque, "1f-18f3-gzip");
  const digests = fakeDigests(Promise.resolve("abc"));
  assertEquals(
    new EntityTags(digests).ofBytes(new Uint8Array(3), 0, "br").entityTag?.opaque,
    "digest3-br",
  );
});

Deno.test("EntityTags of content are those that are known, or soon will be", async () => {
  const never = new Promise<undefined>(() => {});
  const known = new EntityTags(fakeDigests(never, "known"));
  assertEquals((await known.ofFile(FILE, [], "identity", NOTHING)).entityTag?.opaque, "known");
  const soon = new EntityTags(fakeDigests(Promise.resolve("soon")));
  assertEquals((await soon.ofFile(FILE, [], "identity", NOTHING)).entityTag?.opaque, "soon");
  const none = new EntityTags(fakeDigests(Promise.resolve(undefined)));
  assertEquals(await none.ofFile(FILE, [], "identity", NOTHING), {});
});

testLiveRows("EntityTags has a tag for times that tell versions", MODIFICATION_TIMES, (row) => {
  const nowMs = Date.UTC(2027, 0, 1);
  const tags = new EntityTags(undefined, () => nowMs);
  const tag = tags.ofBytes(new Uint8Array(3), modifiedMsOf(row, nowMs), "identity");
  assertEquals(tag.entityTag !== undefined, row.tells);
});

Deno.test("EntityTags wait 100 ms for a digest, and 10 s for 32 requests that have a tag", async () => {
  const tags = new EntityTags(fakeDigests(new Promise(() => {})));
  const waits: number[] = [];
  const timers: (() => void)[] = [];
  const setTimer = () => (call: () => void, ms: number) => (waits.push(ms), timers.push(call));
  await withPatched(globalThis, "setTimeout", setTimer, async () => {
    const ask = (fields: string) => tags.ofFile(FILE, [], "identity", fieldsOf(fields));
    const asked = ["", ...["If-Range", "If-Match", "If-None-Match"].map((it) => `${it}: "x"\r\n`)]
      .map(ask);
    assertEquals(waits.splice(0), [100, 10_000, 10_000, 10_000]);
    for (let i = 4; i < 33; i++) asked.push(ask('If-Range: "x"\r\n'));
    assertEquals(waits.slice(-2), [10_000, 100], "of more, none waits long");
    for (const pass of timers) pass();
    for (const tag of await Promise.all(asked)) assertEquals(tag, {});
  });
});

/** Of the three letters `abc`, as FIPS 180-4 has it. */
const OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

async function digestBySubtle(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

Deno.test("ContentDigests.of() is SHA-256", async () => {
  await using directory = await TemporaryDirectory.with();
  const digests = await ContentDigests.below(new Root(directory.path));
  assertEquals(digests.of(encodeLatin1("abc")), OF_ABC);
});

Deno.test("ContentDigests.compute() reads a file of any size, and remembers its digest", async () => {
  const large = Uint8Array.from({ length: 700_001 }, (_, i) => (i * i) >> 5);
  await using directory = await TemporaryDirectory.with({ abc: "abc", large, empty: "" });
  const root = new Root(directory.path);
  const digests = await ContentDigests.below(root);
  const expected = {
    abc: OF_ABC,
    large: await digestBySubtle(large),
    empty: digests.of(new Uint8Array()),
  };
  for (const [name, digest] of Object.entries(expected)) {
    const identity = (await root.identify([name]))!;
    assertEquals(digests.known(identity), undefined);
    assertEquals(await digests.compute([name], identity, 1), digest);
    assertEquals(digests.known(identity), digest);
  }
});

Deno.test("ContentDigests.compute() reads a file once for all who ask meanwhile", async () => {
  await using directory = await TemporaryDirectory.with({ a: "abc" });
  const root = new Root(directory.path);
  const digests = await ContentDigests.below(root);
  const identity = (await root.identify(["a"]))!;
  const one = digests.compute(["a"], identity, 1);
  assert(one === digests.compute(["a"], identity, 1));
  await one;
});

Deno.test("ContentDigests.compute() gives none for what is no more, or is another by now", async () => {
  await using directory = await TemporaryDirectory.with({ a: "abc", "d/b": "" });
  const root = new Root(directory.path);
  const digests = await ContentDigests.below(root);
  const identity = (await root.identify(["a"]))!;
  assertEquals(await digests.compute(["none"], "1", 1), undefined);
  assertEquals(await digests.compute(["d"], "2", 1), undefined);
  await directory.write("a", "abcd");
  assertEquals(await digests.compute(["a"], identity, 1), undefined);
  assertEquals(digests.known(identity), undefined);
});

Deno.test("ContentDigests.compute() takes on so many files at a time, and more later", async () => {
  await using directory = await TemporaryDirectory.with();
  const digests = await ContentDigests.below(new Root(directory.path));
  const pending = Array.from({ length: 1000 }, (_, i) => digests.compute(["none"], `${i}`, 1));
  assertEquals(await digests.compute(["a"], "more", 1), undefined);
  await Promise.all(pending);
});
