import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import {
  DocumentOutput,
  makeWay,
  type MetalinkOptions,
  planDescribed,
} from "../../../lib/download/jobs/metalink_jobs.ts";
import { MOST_BYTES } from "../../../lib/download/jobs/metalink.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";
import { metalinkOf } from "../../support/metalink.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const NONE: MetalinkOptions = {
  "output": undefined,
  "directory": undefined,
  "sha256": undefined,
  "allow-downgrade": false,
  "metalink-location": undefined,
};
const CONTENT = new TextEncoder().encode("hello");

function planned(text: string, options: Partial<MetalinkOptions> = {}, url = "http://a/x.meta4") {
  let chance = 0;
  return planDescribed(new TextEncoder().encode(text), parseTypedUri(url), {
    options: { ...NONE, ...options },
    listedDigest: () => undefined,
    random: () => (chance += 0.1),
  });
}

const sourcesOf = (...args: Parameters<typeof planned>) =>
  planned(...args).jobs[0]!.described.sources.map(({ href }) => href.slice(0, -1));

Deno.test("planDescribed() orders URLs by location, by priority, and by chance", () => {
  const url = (host: string, attributes: string) => `<url ${attributes}>http://${host}/</url>`;
  const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a">` +
    url("last", "") + url("de", 'location="de" priority="9"') + url("second", 'priority="2"') +
    url("first", 'priority="1"') + url("at", 'location="AT" priority="10"') +
    url("alike", 'priority="1"') + url("first", 'priority="3"') + "</file></metalink>";
  const names = ["first", "alike", "second", "de", "at", "last"];
  const urls = (list: readonly string[]) => list.map((it) => `http://${it}`);
  assertEquals(sourcesOf(text), urls(["first", "alike", "second", "de", "at", "last"]));
  const near = ["de", "at", ...names.filter((it) => !["de", "at"].includes(it))];
  assertEquals(sourcesOf(text, { "metalink-location": "at,de" }), urls(near));
});

Deno.test("planDescribed() takes http after https only where a digest makes up for it", () => {
  const urls = ["http://a/", "https://b/"];
  const secure = "https://c/x.meta4";
  const [both, https] = [["http://a", "https://b"], ["https://b"]];
  for (const [hash, expected] of [["sha256", both], ["sha1", https], ["", https]] as const) {
    const text = metalinkOf({ content: CONTENT, urls, hash });
    assertEquals(sourcesOf(text, {}, secure), expected, hash);
    assertEquals(sourcesOf(text, { "allow-downgrade": true }, secure), both);
    assertEquals(sourcesOf(text), both);
  }
});

Deno.test("planDescribed() names files as they are described, or as the user does", () => {
  const file = { content: CONTENT, urls: [] };
  const one = metalinkOf({ ...file, name: "a/b" });
  const two = metalinkOf({ ...file, name: "a" }, { ...file, name: "b" });
  const names = (...args: Parameters<typeof planned>) =>
    planned(...args).jobs.map(({ name }) => name);
  assertEquals(names(one), ["a/b"]);
  assertEquals(names(one, { directory: "d" }), ["d/a/b"]);
  assertEquals(names(one, { directory: "d", output: "o" }), ["d/o"]);
  assertEquals(names(one, { directory: "d", output: "-" }), ["-"]);
  assertEquals(names(two, { directory: "d" }), ["d/a", "d/b"]);
  for (const options of [{ output: "o" }, { sha256: "0".repeat(64) }]) {
    const error = assertThrows(() => planned(two, options), DownloadError, "takes one file, but");
    assertEquals(error.failure, "url");
  }
});

Deno.test("makeWay() makes directories inside alone, whatever links are there", async () => {
  await using outside = await TemporaryDirectory.with({ "secret": "s" });
  await using root = await TemporaryDirectory.with({ "here/file": "f" });
  await makeWay(root.path, "a/b/c");
  await makeWay(root.path, "a/b/d");
  assertEquals(await Array.fromAsync(Deno.readDir(root.join("a")), ({ name }) => name), ["b"]);
  await Deno.symlink(outside.path, root.join("out"));
  await Deno.symlink(outside.join("secret"), root.join("secret"));
  await Deno.symlink(outside.join("none"), root.join("dangling"));
  await Deno.symlink("here", root.join("in"));
  await Deno.symlink("here/file", root.join("file"));
  await makeWay(root.path, "in/a");
  await makeWay(root.path, "file");
  for (const path of ["out/a", "out/a/b", "secret", "dangling", "file/a"]) {
    const error = await assertRejects(() => makeWay(root.path, path), DownloadError);
    assertEquals(error.failure, "file", path);
  }
  assertEquals(await outside.names(), ["secret"]);
});

Deno.test("DocumentOutput takes no document without end", () => {
  const output = new DocumentOutput("http://a/x");
  output.begin({ entityTag: undefined, length: undefined });
  output.write(CONTENT.slice(0, 3));
  output.begin({ entityTag: undefined, length: undefined });
  output.write(CONTENT);
  assertEquals(output.bytes, CONTENT);
  assertThrows(() => output.write(new Uint8Array(MOST_BYTES)), DownloadError, "is longer than");
});
