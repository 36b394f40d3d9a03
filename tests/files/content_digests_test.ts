import { assert, assertEquals } from "@std/assert";
import { ContentDigests } from "../../lib/files/content_digests.ts";
import { Root } from "../../lib/files/root.ts";
import { encodeOctets } from "../../lib/http/grammar.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Of the three letters `abc`, as FIPS 180-4 has it. */
const OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

async function digestBySubtle(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

Deno.test("ContentDigests.of() is SHA-256", async () => {
  await using directory = await TemporaryDirectory.with();
  const digests = await ContentDigests.below(new Root(directory.path));
  assertEquals(digests.of(encodeOctets("abc")), OF_ABC);
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
