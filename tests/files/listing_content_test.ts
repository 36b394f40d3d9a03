import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ListingEntry, ListingForm } from "../../lib/files/listing.ts";
import { type EntrySource, ListingContent } from "../../lib/files/listing_responder.ts";

/** A form that is easily read. */
const FORM: ListingForm = {
  contentType: "text/html",
  start: ({ names, order }) => `${names}[${order?.key}]:`,
  row: ({ name }, index) => `${index}${name} `,
  end: (count) => `;${count}`,
};
const REQUEST = {
  form: FORM,
  names: ["d"],
  parent: "../",
  order: { key: "name", isDescending: false },
} as const;

function file(name: string): ListingEntry {
  return { kind: "file", name, size: 1, modifiedMs: 0 };
}

function batchesOf(...batches: string[][]): EntrySource {
  return async function* () {
    for (const batch of batches) yield await Promise.resolve(batch.map(file));
  };
}

async function textOf(content: ListingContent, bufferSize = 1000): Promise<string> {
  const buffer = new Uint8Array(bufferSize);
  const pieces: Uint8Array[] = [];
  for (let count; (count = await content.read(buffer)) !== null;) {
    assert(count > 0);
    pieces.push(buffer.slice(0, count));
  }
  content.close();
  return await new Blob(pieces as Uint8Array<ArrayBuffer>[]).text();
}

Deno.test("ListingContent sorts entries and counts them, whatever the buffer", async () => {
  for (const bufferSize of [1, 3, 1000]) {
    const content = new ListingContent(REQUEST, batchesOf(["b", "é"], [], ["a"]), () => {});
    assertEquals(content.length, undefined);
    assertEquals(await textOf(content, bufferSize), "d[name]:0a 1b 2é ;3");
  }
  assertEquals(await textOf(new ListingContent(REQUEST, batchesOf(), () => {})), "d[name]:;0");
});

Deno.test("ListingContent leaves what is too much to be sorted in its order", async () => {
  const names = Array.from({ length: 10_001 }, (_, i) => `${(i * 7) % 10_001}`);
  const batches = [names.slice(0, 5000), names.slice(5000, 9999), names.slice(9999), ["last"]];
  const text = await textOf(new ListingContent(REQUEST, batchesOf(...batches), () => {}));
  assert(text.startsWith("d[undefined]:00 17 214 "));
  assert(text.endsWith(" 10001last ;10002"));
  const sorted = names.slice(0, 10_000);
  const content = new ListingContent(REQUEST, batchesOf(sorted), () => {});
  assert((await textOf(content)).startsWith("d[name]:00 11 210 "));
});

Deno.test("ListingContent.begin() rejects with what keeps the directory from being read", async () => {
  // deno-lint-ignore require-yield
  async function* failing(): AsyncGenerator<ListingEntry[], void> {
    await Promise.resolve();
    throw new Deno.errors.PermissionDenied("no");
  }
  const content = new ListingContent(REQUEST, failing, () => {});
  await assertRejects(() => content.begin(), Deno.errors.PermissionDenied);
  content.close();
});

Deno.test("ListingContent lets go of the directory when it is closed in the middle", async () => {
  let isLeft = false;
  let closed = 0;
  async function* endless(): AsyncGenerator<ListingEntry[], void> {
    try {
      for (let i = 0;; i++) yield await Promise.resolve([file(`${i}`)]);
    } finally {
      isLeft = true;
    }
  }
  const content = new ListingContent(REQUEST, endless, () => closed++);
  await content.begin();
  await content.read(new Uint8Array(10));
  content.close();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert(isLeft);
  assertEquals(closed, 1);
});
