import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SWITCHES } from "../support/chromium.ts";
import { startFarm } from "../support/farm.ts";
import { runPeer } from "../support/peer.ts";
import { png } from "../support/png.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** The document as Chromium has it once it is loaded. */
async function dumpDom(url: string, profile: TemporaryDirectory): Promise<string> {
  const args = [...SWITCHES, `--user-data-dir=${profile.path}`, "--dump-dom", url];
  const { code, stdout, stderr } = await runPeer("chromium", args);
  assertEquals(code, 0, stderr);
  return stdout;
}

const PAGE = `<!DOCTYPE html>
<meta charset="utf-8">
<link rel="stylesheet" href="style.css">
<script src="script.js"></script>
<img id="near" src="image.png">
<img id="far">
<p id="grüße">not yet</p>
`;

/** Loads one more image by way of the balancer, then says what became of all. */
const SCRIPT = `
addEventListener("DOMContentLoaded", () => {
  document.querySelector("#far").src = new URLSearchParams(location.search).get("far");
});
addEventListener("load", () => {
  const widths = ["near", "far"].map((id) => document.getElementById(id).naturalWidth);
  const paragraph = document.querySelector("#grüße");
  paragraph.textContent = [...widths, getComputedStyle(paragraph).color].join(" ");
});
`;

Deno.test("Chromium shows a page with style, script and images through the balancer", async () => {
  await using farm = await startFarm({
    "dir/page.html": PAGE,
    "dir/style.css": "p { color: rgb(1, 2, 3) }",
    "dir/script.js": SCRIPT,
    "dir/image.png": await png(37, 11, [0, 128, 0]),
  });
  await using profile = await TemporaryDirectory.with();
  const far = encodeURIComponent(`${farm.balancer.origin}/dir/image.png`);
  const dom = await dumpDom(`${farm.balancer.origin}/dir/page.html?far=${far}`, profile);
  assertStringIncludes(dom, `<p id="grüße">37 37 rgb(1, 2, 3)</p>`);
});

Deno.test("Chromium asks the balancer again for what it was redirected to before", async () => {
  await using farm = await startFarm({ "page.html": "<!DOCTYPE html><p>page" });
  await using profile = await TemporaryDirectory.with();
  const url = `${farm.balancer.origin}/page.html`;
  for (let visit = 0; visit < 2; visit++) {
    assertStringIncludes(await dumpDom(url, profile), "<p>page");
    await farm.balancer.process.stdout.next(/"GET \/page\.html HTTP\/1\.1" 301 /);
  }
});

Deno.test("Chromium shows the pages of errors", async () => {
  await using farm = await startFarm({});
  await using profile = await TemporaryDirectory.with();
  const dom = await dumpDom(`${farm.balancer.origin}/none.html`, profile);
  assertMatch(dom, /<h1>404 Not Found<\/h1>/);
});
