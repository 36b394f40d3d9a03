import { assertEquals } from "@std/assert";
import { fileNameOf, writeMetalink } from "../../lib/balancing/metalink.ts";

Deno.test("writeMetalink() writes what is known, in ASCII", () => {
  assertEquals(
    writeMetalink({
      name: 'grün & "schön" <1>.iso',
      bytes: 5,
      sha256: "ab".repeat(32),
      urls: ["http://a.example/x?a=1&b=2", "https://b.example:8000/<x>'\"|"],
    }),
    `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="gr&#252;n &amp; &quot;schön&quot; &lt;1&gt;.iso">
    <size>5</size>
    <hash type="sha-256">${"ab".repeat(32)}</hash>
    <url priority="1">http://a.example/x?a=1&amp;b=2</url>
    <url priority="2">https://b.example:8000/%3Cx%3E&#39;%22%7C</url>
  </file>
</metalink>
`.replace("schön", "sch&#246;n"),
  );
});

Deno.test("writeMetalink() leaves out what is unknown", () => {
  assertEquals(
    writeMetalink({ name: "x", urls: ["http://a/x"] }).match(/<(size|hash|url)/g),
    ["<url"],
  );
});

Deno.test("fileNameOf() gives the decoded last segment", () => {
  const cases: readonly [target: string, name: string | undefined][] = [
    ["/a/b.iso", "b.iso"],
    ["/b.iso?v=/1", "b.iso"],
    ["/gr%C3%BCn%20x", "grün x"],
    ["/%FF", "%FF"],
    ["/%00x", "%00x"],
    ["/a%2Fb", "a%2Fb"],
    ["/a%5Cb", "a%5Cb"],
    ["/", undefined],
    ["/dir/", undefined],
    ["/%2E%2E", undefined],
    ["/.", undefined],
  ];
  for (const [target, name] of cases) assertEquals(fileNameOf(target), name, target);
});
