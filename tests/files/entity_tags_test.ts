import { assert, assertEquals, assertLess } from "@std/assert";
import type { ContentDigests } from "../../lib/files/content_digests.ts";
import { EntityTags } from "../../lib/files/entity_tags.ts";
import type { OpenFile } from "../../lib/files/open_file.ts";
import { fieldsOf } from "../support/field_lines.ts";

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
  const expected = { isWeak: false, opaque: "1f-18f3" };
  assertEquals(tags.ofBytes(new Uint8Array(31), 0x18f3, "identity"), expected);
  assertEquals(await tags.ofFile(FILE, [], "identity", NOTHING), expected);
});

Deno.test("EntityTags differ between codings (RFC 9110 §8.8.3.3)", async () => {
  const opaque = (await new EntityTags().ofFile(FILE, [], "gzip", NOTHING))?.opaque;
  assertEquals(opaque, "1f-18f3-gzip");
  const digests = fakeDigests(Promise.resolve("abc"));
  assertEquals(new EntityTags(digests).ofBytes(new Uint8Array(3), 0, "br")?.opaque, "digest3-br");
});

Deno.test("EntityTags of content are those that are known, or soon will be", async () => {
  const never = new Promise<undefined>(() => {});
  const known = new EntityTags(fakeDigests(never, "known"));
  assertEquals((await known.ofFile(FILE, [], "identity", NOTHING))?.opaque, "known");
  const soon = new EntityTags(fakeDigests(Promise.resolve("soon")));
  assertEquals((await soon.ofFile(FILE, [], "identity", NOTHING))?.opaque, "soon");
  const none = new EntityTags(fakeDigests(Promise.resolve(undefined)));
  assertEquals(await none.ofFile(FILE, [], "identity", NOTHING), undefined);
});

Deno.test("EntityTags keep a reply waiting for a moment, and longer where its request has a tag", async () => {
  const never = new EntityTags(fakeDigests(new Promise(() => {})));
  const start = performance.now();
  assertEquals(await never.ofFile(FILE, [], "identity", NOTHING), undefined);
  assertLess(performance.now() - start, 2000);
  for (const name of ["If-Range", "If-Match", "If-None-Match"]) {
    const later = new Promise<string>((resolve) => setTimeout(() => resolve("later"), 300));
    const tags = new EntityTags(fakeDigests(later));
    const tag = await tags.ofFile(FILE, [], "identity", fieldsOf(`${name}: "x"\r\n`));
    assert(tag?.opaque === "later", name);
  }
});
