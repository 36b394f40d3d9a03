import { assert, assertEquals, assertThrows } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import {
  type DescribedFile,
  MOST_BYTES,
  parseMetalink,
} from "../../../lib/download/jobs/metalink.ts";
import { writeMetalink } from "../../../lib/balancing/metalink.ts";
import { METALINKS } from "../../cases/metalinks.ts";

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

Deno.test("parseMetalink() reads documents in the encodings that they declare", () => {
  const root = '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="ü"/></metalink>';
  const text = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>${root}`;
  const octets = (text: string) => Uint8Array.from(text, (it) => it.charCodeAt(0));
  const utf16 = (text: string, isLittleEndian: boolean) => {
    const view = new DataView(new ArrayBuffer(2 * text.length + 2));
    [...`\ufeff${text}`].forEach((it, i) =>
      view.setUint16(2 * i, it.charCodeAt(0), isLittleEndian)
    );
    return new Uint8Array(view.buffer);
  };
  const documents = [
    bytes(text("utf-8")),
    bytes(text("UTF-16")), // It was encoded anew, and its declaration was not.
    bytes(`\ufeff${text("ISO-8859-1")}`),
    octets(text("ISO-8859-1")),
    octets(text("windows-1252").replaceAll('"', "'")),
    utf16(text("UTF-16"), true),
    utf16(text("UTF-16"), false),
  ];
  for (const document of documents) assertEquals(parseMetalink(document).files[0]!.path, "ü");
  const refused: readonly (readonly [Uint8Array, string])[] = [
    [octets(text("utf-8")), "is not in utf-8"],
    [utf16(text("UTF-16"), true).subarray(0, -1), "is not in utf-16le"],
    [octets(text("x-none")), "is in an encoding that is not known: x-none"],
  ];
  for (const [document, fault] of refused) {
    assertThrows(() => parseMetalink(document), DownloadError, fault);
  }
});

Deno.test("parseMetalink() reads no document that is long", () => {
  assertThrows(
    () => parseMetalink(new Uint8Array(MOST_BYTES + 1)),
    DownloadError,
    "is longer than",
  );
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
