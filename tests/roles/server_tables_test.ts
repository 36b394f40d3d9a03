import { assert, assertEquals } from "@std/assert";
import { ifRanges } from "../cases/if_ranges.ts";
import { type DatedFile, preconditions } from "../cases/preconditions.ts";
import { CODINGS, TYPES } from "../cases/preferences.ts";
import { MODIFICATION_TIMES, modifiedMsOf } from "../cases/modification_times.ts";
import { RANGE_SETS } from "../cases/range_sets.ts";
import { RANGES } from "../cases/ranges.ts";
import { type FileServer, fileServer } from "../support/file_server.ts";
import { checkRows } from "../support/live_rows.ts";
import { rangesIn } from "../support/ranges.ts";

/** Beyond that a file is of zeros that take up no disk. */
const LARGEST_WRITTEN = 1_000_000;

function octetAt(length: number): (position: number) => number {
  return (position) => length > LARGEST_WRITTEN ? 0 : position % 251;
}

async function writeFiles({ root }: FileServer, lengths: Iterable<number>): Promise<void> {
  for (const length of lengths) {
    const isWritten = length <= LARGEST_WRITTEN;
    await root.write(
      `${length}`,
      Uint8Array.from({ length: isWritten ? length : 0 }, (_, i) => i % 251),
    );
    if (!isWritten) await Deno.truncate(root.join(`${length}`), length);
  }
}

Deno.test("server agrees with the tables of ranges and sets of ranges", async () => {
  await using server = await fileServer({});
  for (const rows of [RANGES, RANGE_SETS]) {
    await writeFiles(server, new Set(rows.map(({ length }) => length)));
    await checkRows(rows, async ({ raw, length, answer }) => {
      const { statusCode, fields, content } = await server.ask(`/${length}`, raw);
      const response = { statusCode, field: (name: string) => fields.get(name), content };
      assertEquals(rangesIn(response, length, octetAt(length)), answer);
      const head = await server.ask(`/${length}`, raw, "HEAD");
      assertEquals(head.statusCode, 200);
      assertEquals(head.fields.get("content-length"), `${length}`);
      assertEquals(head.fields.get("content-range"), undefined);
    });
  }
});

/** A file of 1994, small enough to be kept in memory or not. */
async function datedFile({ root, ask }: FileServer, name: string): Promise<DatedFile> {
  const lastModified = "Sun, 06 Nov 1994 08:49:37 GMT";
  await Deno.utime(root.join(name), new Date(), new Date(lastModified));
  const { fields } = await ask(`/${name}`, "", "HEAD");
  assertEquals(fields.get("last-modified"), lastModified);
  return {
    entityTag: fields.get("etag") ?? "none",
    lastModified,
    before: "Sun, 06 Nov 1994 08:49:36 GMT",
    after: "Sun, 06 Nov 1994 08:49:38 GMT",
  };
}

/** What the file systems of most machines can hold: seconds of 34 bits. */
const STORED = MODIFICATION_TIMES.filter(({ at = 0 }) => at >= -2e9 && at < 1.5e13);

for (const etag of ["time", "content"]) {
  Deno.test(`server --etag=${etag} agrees with the tables of conditions and modification times`, async () => {
    const files = { small: "small", large: new Uint8Array(300_000) };
    await using server = await fileServer(files, [`--etag=${etag}`]);
    for (const name of Object.keys(files)) {
      const file = await datedFile(server, name);
      await checkRows(preconditions(file), async ({ raw, status }) => {
        const { statusCode, fields } = await server.ask(`/${name}`, raw);
        assertEquals(statusCode, status);
        if (status !== 412) assertEquals(fields.get("etag"), file.entityTag);
        assertEquals(fields.has("last-modified"), status === 200);
        assertEquals((await server.ask(`/${name}`, raw, "HEAD")).statusCode, status);
      });
      await checkRows(ifRanges(file), async ({ raw, applies }) => {
        const { statusCode } = await server.ask(`/${name}`, `Range: bytes=1-2\r\n${raw}`);
        assertEquals(statusCode, applies ? 206 : 200);
      });
    }
    await checkRows(STORED, async (row) => {
      for (const length of [3, 300_000]) {
        const name = `${length} of ${row.story}`; // Small ones are kept in memory for a second.
        await server.root.write(name, new Uint8Array(length));
        const modified = new Date(modifiedMsOf(row, Date.now()));
        await Deno.utime(server.root.join(name), modified, modified);
        const { fields } = await server.ask(
          `/${encodeURIComponent(name)}`,
          'If-None-Match: "x"\r\n',
        );
        assertEquals(fields.has("last-modified"), row.tells, name);
        const isNew = row.agoMs !== undefined && Math.abs(row.agoMs) < 2000;
        const isTagged = etag === "time" ? row.tells : !isNew;
        if (!(isNew && etag === "content")) assertEquals(fields.has("etag"), isTagged, name);
      }
    });
  });
}

Deno.test("server agrees with the tables of codings and of media types of a listing", async () => {
  const files = { a: "identity", "a.br": "br", "a.zst": "zstd", "a.gz": "gzip" };
  await using server = await fileServer(files, ["--listing"]);
  await checkRows(CODINGS, async ({ raw, coding }) => {
    const { fields, content } = await server.ask("/a", raw);
    assertEquals(content, coding);
    assertEquals(fields.get("content-encoding") ?? "identity", coding);
    assertEquals(fields.get("vary"), "Accept-Encoding");
    const part = await server.ask("/a", `${raw}Range: bytes=-1\r\n`);
    assertEquals([part.statusCode, part.content], [206, coding.at(-1)]);
  });
  await checkRows(TYPES, async ({ raw, mediaType }) => {
    const { statusCode, fields, content } = await server.ask("/", raw);
    assertEquals([statusCode, fields.get("vary")], [200, "Accept"]);
    assertEquals(fields.get("content-type")?.split(";")[0], mediaType);
    assert(content.includes(mediaType === "text/html" ? ">a</a>" : '"name":"a"'));
  });
});
