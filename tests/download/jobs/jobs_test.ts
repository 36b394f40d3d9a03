import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/cli/command.ts";
import {
  atOnce,
  type JobOptions,
  parseUrlList,
  planJobs,
} from "../../../lib/download/jobs/jobs.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const NONE: JobOptions = {
  output: undefined,
  directory: undefined,
  input: undefined,
  sha256: undefined,
  checksums: undefined,
  "no-metalink": false,
  "metalink-location": undefined,
  "allow-downgrade": false,
  recursive: false,
};
const A = "a".repeat(64);

const planned = async (operands: readonly string[], options: Partial<JobOptions> = {}) =>
  (await planJobs(operands, { ...NONE, ...options })).map(({ uri, name, sha256 }) =>
    [uri.href, name, sha256].filter((it) => it !== undefined)
  );

Deno.test("planJobs() names each file, in a directory if there is one", async () => {
  const urls = ["http://a/b", "http://a/c/"];
  const plan = [["http://a/b", "b"], ["http://a/c/", "index.html"]];
  assertEquals(await planned(urls), plan);
  assertEquals(
    await planned(urls, { directory: "d/" }),
    plan.map(([url, name]) => [url, `d/${name}`]),
  );
  assertEquals(await planned(["http://a/b"], { output: "-", directory: "d" }), [[
    "http://a/b",
    "-",
  ]]);
});

Deno.test("planJobs() takes URLs and checksums from files", async () => {
  await using directory = await TemporaryDirectory.with({
    urls: "# some\nhttp://a/b\nhttp://a/c\n",
    sums: `${A}  b\n${A}  c\n`,
  });
  const options = { input: directory.join("urls"), checksums: directory.join("sums") };
  assertEquals(await planned([], options), [["http://a/b", "b", A], ["http://a/c", "c", A]]);
  assertEquals((await planned(["http://a/d"], { input: options.input })).length, 3);
});

Deno.test("planJobs() tells a mistake before anything is asked for", async () => {
  await using directory = await TemporaryDirectory.with({ sums: `${A}  b\n`, none: "x" });
  const refused = async (
    operands: readonly string[],
    options: Partial<JobOptions>,
    why: string,
  ) => {
    await assertRejects(() => planned(operands, options), UsageError, why);
  };
  const two = ["http://a/b", "http://a/c"];
  assertEquals((await planned(["http://a/b#x", "http://a/b", "http://a/b"])).length, 1);
  await refused([], {}, "no URL is given");
  await refused(["a"], {}, '"a" has no scheme');
  await refused(["http://a/b", "http://c/b"], {}, "two URLs would be saved as b");
  await refused(two, { output: "x" }, "--output=x takes one URL, but 2 are given");
  await refused(two, { sha256: A }, `--sha256=${A} takes one URL, but 2 are given`);
  await refused(two, { recursive: true }, "--recursive takes one URL, but 2 are given");
  const sums = directory.join("sums");
  await refused(two, { checksums: sums }, `--checksums=${sums} does not list c`);
  const none = directory.join("none");
  await refused(two, { checksums: none }, `--checksums=${none} is no list as sha256sum writes it`);
  await refused([], { input: directory.join("no") }, "no does not exist");
});

Deno.test("atOnce() has so many under way, and gives what came of them in their order", async () => {
  let underWay = 0;
  let most = 0;
  const results = await atOnce([3, 1, 2, 5, 4], 2, async (turns) => {
    most = Math.max(most, ++underWay);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    underWay--;
    return turns * 10;
  });
  assertEquals(results, [30, 10, 20, 50, 40]);
  assertEquals(most, 2);
  assert((await atOnce([], 4, () => Promise.resolve(1))).length === 0);
});

Deno.test("parseUrlList() reads a URL a line, and passes over comments and blank lines", () => {
  assertEquals(parseUrlList("# a\nhttp://a/b\r\n\n  http://a/#c \n"), [
    "http://a/b",
    "http://a/#c",
  ]);
  assertEquals(parseUrlList("http://a/b\r# c\rhttp://a/d\r"), ["http://a/b", "http://a/d"]);
  assertEquals(parseUrlList(""), []);
});

Deno.test("planJobs() reads lists in UTF-16 where a mark says so, as shells of Windows write it", async () => {
  const inUtf16 = (text: string) =>
    new Uint8Array(new Uint16Array([...`\ufeff${text}`].map((it) => it.charCodeAt(0))).buffer);
  const urls = inUtf16("# é\r\nhttp://a/b\r\n");
  const sums = inUtf16(`${A}  b\r\n`);
  const swapped = (bytes: Uint8Array) => bytes.map((_, i) => bytes[i ^ 1]!);
  await using directory = await TemporaryDirectory.with({
    ...{ urls, sums },
    ...{ "urls.be": swapped(urls), "sums.be": swapped(sums) },
    "sums.cr": `${"b".repeat(64)}  c\r${A}  b\r`,
  });
  for (
    const [input, checksums] of [["urls", "sums"], ["urls.be", "sums.be"], ["urls", "sums.cr"]]
  ) {
    const lists = { input: directory.join(input!), checksums: directory.join(checksums!) };
    assertEquals(await planned([], lists), [["http://a/b", "b", A]]);
  }
});
