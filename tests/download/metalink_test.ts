import { assert, assertEquals, assertThrows } from "@std/assert";
import { DownloadError } from "../../lib/download/download_error.ts";
import { type DescribedFile, MOST_BYTES, parseMetalink } from "../../lib/download/metalink.ts";
import { writeMetalink } from "../../lib/balancing/metalink.ts";
import { METALINKS } from "../cases/metalinks.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** As the table has it. */
function line({ path, expected, urls, hasUnfitPieces }: DescribedFile): string {
  const { digest, pieces } = expected;
  const shown = pieces ? `${pieces.hexes.length}x${pieces.algorithm}` : "-";
  return [
    path,
    expected.bytes ?? "-",
    digest?.algorithm ?? "-",
    hasUnfitPieces ? "unfit" : shown,
    ...urls.map(({ priority, location = "", uri }) => `${priority}/${location}/${uri.href}`),
  ].join(" ");
}

Deno.test("parseMetalink() reads documents, and says what is wrong with others", () => {
  for (const { story, text, files, fault } of METALINKS) {
    if (fault === undefined) {
      assertEquals(parseMetalink(bytes(text)).files.map(line), files, story);
      continue;
    }
    const error = assertThrows(() => parseMetalink(bytes(text)), DownloadError);
    assertEquals(error.failure, "protocol", story);
    assert(
      fault.test(error.message) && !error.message.includes("\n"),
      `${story}: ${error.message}`,
    );
  }
});

Deno.test("parseMetalink() reads no document that is long, or not in UTF-8", () => {
  assertThrows(
    () => parseMetalink(new Uint8Array(MOST_BYTES + 1)),
    DownloadError,
    "is longer than",
  );
  const utf16 = Uint8Array.from([0xff, 0xfe, 0x3c, 0]);
  assertThrows(() => parseMetalink(utf16), DownloadError, "is not in UTF-8");
});

Deno.test("parseMetalink() takes no more than a thousand URLs of a file", () => {
  const urls = Array.from({ length: 2000 }, (_, i) => `http://a/${i}`);
  const { files: [file] } = parseMetalink(bytes(writeMetalink({ name: "a", urls })));
  assertEquals(file!.urls.length, 1000);
});

Deno.test("parseMetalink() reads what the balancer writes", () => {
  const name = "grün & 'x' <1>;日本.bin";
  const urls = [`http://a:8000/${encodeURIComponent(name)}`, "https://b/a%20b"];
  const sha256 = "a".repeat(64);
  const document = bytes(writeMetalink({ name, bytes: 5, sha256, urls }));
  const { files: [file, ...more] } = parseMetalink(document);
  assertEquals(more, []);
  assertEquals([file!.path, file!.expected.bytes, file!.expected.digest?.hex], [name, 5, sha256]);
  assertEquals(file!.urls.map(({ uri, priority }) => [uri.href, priority]), [
    [urls[0], 1],
    [urls[1], 2],
  ]);
});

Deno.test("parseMetalink() identifies content by its best digest, or those of its pieces", () => {
  const [sha256, sha1] = ["a".repeat(64), "b".repeat(40)];
  const identity = (content: string) =>
    parseMetalink(bytes(
      `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a"><size>4</size>` +
        `${content}</file></metalink>`,
    )).files[0]!.expected.identity;
  const pieces = (hex: string) => `<pieces length="4" type="sha-1"><hash>${hex}</hash></pieces>`;
  assertEquals(
    identity(`<hash type="sha-256">${sha256}</hash>${pieces(sha1)}`),
    `sha-256=${sha256}`,
  );
  const [one, other] = [identity(pieces(sha1)), identity(pieces("c".repeat(40)))];
  assert(one!.startsWith("pieces=") && one !== other);
  assertEquals(identity(""), undefined);
});
