import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { precompressedFiles } from "../../lib/files/file_responder.ts";
import { ContentDigests, EntityTags } from "../../lib/files/entity_tags.ts";
import { Root } from "../../lib/files/root.ts";
import { CODINGS } from "../cases/preferences.ts";
import { testLiveRows } from "../support/live_rows.ts";
import { contentOf, fieldOf, fileServer, replyTo, requestFor } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const SUFFIXES = { br: ".br", zstd: ".zst", gzip: ".gz" };
const ANY = "Accept-Encoding: br, zstd, gzip\r\n";

/** A small file and a large one, each with three siblings that hold the names of their codings. */
function files(): Promise<TemporaryDirectory> {
  const contents: Record<string, string> = { "a.css": "identity" };
  contents["b.css"] = "identity".padEnd(300_000);
  for (const [coding, suffix] of Object.entries(SUFFIXES)) {
    for (const name of ["a.css", "b.css"]) contents[name + suffix] = coding;
  }
  return TemporaryDirectory.with(contents);
}

for (const name of ["a.css", "b.css"]) {
  testLiveRows(`FileServer chooses a coding of ${name}`, CODINGS, async ({ raw, coding }) => {
    await using root = await files();
    const reply = await replyTo(root.path, `/${name}`, raw);
    assertEquals((await contentOf(reply)).trim(), coding);
    assertEquals(fieldOf(reply, "Content-Encoding"), coding === "identity" ? undefined : coding);
    assertEquals(fieldOf(reply, "Content-Type")?.toLowerCase(), "text/css; charset=utf-8");
    assertEquals(fieldOf(reply, "Vary"), "Accept-Encoding");
  });
}

Deno.test("FileServer says the coding of what is compressed by its own name", async () => {
  const sizes = { small: 10, large: 300_000 };
  for (const [size, length] of Object.entries(sizes)) {
    for (const suffix of ["svgz", "SVGZ", "x3dz", "x3dvz"]) {
      const name = `${size}.${suffix}`;
      await using root = await TemporaryDirectory.with({ [name]: "z".repeat(length) });
      for (const fields of ["", ANY, "Accept-Encoding: identity\r\n", "Range: bytes=1-2\r\n"]) {
        const reply = await replyTo(root.path, `/${name}`, fields);
        assertEquals(fieldOf(reply, "Content-Encoding"), "gzip");
        const type = suffix.toLowerCase() === "svgz" ? "image/svg+xml" : "model/x3d+";
        assertStringIncludes(fieldOf(reply, "Content-Type")!, type);
        assertEquals((await contentOf(reply)).length, fields.startsWith("Range") ? 2 : length);
      }
    }
  }
});

Deno.test("FileServer gives each coding its own ETag, and takes parts of what is coded", async () => {
  await using root = await files();
  const digests = await ContentDigests.below(new Root(root.path));
  for (const tags of [new EntityTags(), new EntityTags(digests)]) {
    for (const name of ["a.css", "b.css"]) {
      const served = fileServer(root.path, { tags });
      const seen = new Set<string>();
      for (const coding of ["br", "zstd", "gzip", "identity"]) {
        const accept = `Accept-Encoding: ${coding}\r\n`;
        // One that names a tag waits longer for a digest.
        const asked = `${accept}Range: bytes=1-2\r\nIf-Match: *\r\n`;
        const part = await served.reply(requestFor(`/${name}`, asked));
        assertEquals(await contentOf(part), coding.slice(1, 3));
        const tag = fieldOf(part, "ETag")!;
        seen.add(tag);
        const again = await served.reply(
          requestFor(`/${name}`, `${accept}If-None-Match: ${tag}\r\n`),
        );
        assertEquals([again.statusCode, fieldOf(again, "Vary")], [304, "Accept-Encoding"]);
        const other = await served.reply(requestFor(`/${name}`, `If-None-Match: ${tag}\r\n`));
        assertEquals(other.statusCode, coding === "identity" ? 304 : 200);
        await contentOf(other);
      }
      assertEquals(seen.size, 4);
    }
  }
});

Deno.test("FileServer sends no sibling without the file that it was made of", async () => {
  await using root = await TemporaryDirectory.with({ "a.css.gz": "gzip" });
  assertEquals((await replyTo(root.path, "/a.css", ANY)).statusCode, 404);
  const itself = await replyTo(root.path, "/a.css.gz", ANY);
  assertEquals(fieldOf(itself, "Content-Encoding"), undefined);
  assertEquals(fieldOf(itself, "Content-Type"), "application/gzip");
  assertEquals(await contentOf(itself), "gzip");
});

Deno.test("FileServer sends the file itself where a sibling cannot be had", async () => {
  await using outside = await TemporaryDirectory.with({
    "secret": "secret",
    "root/a.css": "plain",
    "root/b.css": "plain".padEnd(300_000),
  });
  for (const name of ["a.css", "b.css"]) {
    await Deno.mkdir(outside.join(`root/${name}.br`));
    await Deno.symlink("../secret", outside.join(`root/${name}.zst`));
    const { success } = await new Deno.Command("mkfifo", {
      args: [outside.join(`root/${name}.gz`)],
    }).output();
    assert(success);
    const reply = await replyTo(outside.join("root"), `/${name}`, ANY);
    assertEquals((await contentOf(reply)).trim(), "plain");
    assertEquals(fieldOf(reply, "Content-Encoding"), undefined);
  }
});

Deno.test("precompressedFiles() looks for none beside what is compressed already", async () => {
  await using root = await TemporaryDirectory.with({
    "a.gz": "",
    "a.gz.br": "",
    b: "",
    "b.br": "",
  });
  const codings = async (name: string) =>
    (await precompressedFiles(new Root(root.path), [name])).map(({ coding }) => coding);
  assertEquals(await codings("a.gz"), []);
  assertEquals(await codings("b"), ["br"]);
});
