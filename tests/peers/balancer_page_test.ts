import { assertEquals, assertMatch } from "@std/assert";
import { type Browser, chromium } from "playwright-core";
import { FakeServer, hanging, saying } from "../support/fake_server.ts";
import { listeningRole, startRole } from "../support/role.ts";

const LAUNCH = { executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] };

const TEST_FILE = saying("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234");
const GONE = saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

/** The page of a real balancer, while its servers die and return. */
async function followsServers(browser: Browser): Promise<void> {
  await using steady = new FakeServer(TEST_FILE);
  await using shaky = new FakeServer(TEST_FILE);
  const args = ["--admin=127.0.0.1:0", "--interval=100ms", "--rise=1", "--log=none"];
  await using balancer = await listeningRole("balancer", [
    ...[...args, steady.authority, shaky.authority],
  ]);
  const shown = await balancer.process.stderr.next(/the farm is shown at/);
  const page = await browser.newPage();
  await page.goto(shown.replace(/.* at /, ""));
  const row = page.locator(`#rows tr:has-text("${shaky.authority}")`);
  const shows = async (state: string) => {
    await row.and(page.locator(`[data-state="${state}"]`)).waitFor();
    return await row.innerText();
  };
  await shows("available");
  await page.evaluate("globalThis.isSamePage = true");
  for (let times = 0; times < 2; times++) {
    shaky.answer = GONE;
    assertMatch(await shows("out"), /since \d\d:\d\d:\d\d [\s\S]*it answered 404 Not Found/);
    await page.getByText("1 of 2 servers is out").waitFor();
    shaky.answer = TEST_FILE;
    assertMatch(await shows("available"), /since \d\d:\d\d:\d\d/);
  }
  const answer = await page.request.get(`${balancer.origin}/file`, { maxRedirects: 0 });
  assertEquals(answer.status(), 301);
  await page.locator("#redirects").getByText("1", { exact: true }).waitFor();
  assertEquals(await page.evaluate("globalThis.isSamePage"), true);
}

/** What the page says before any test has ended is neither good nor bad. */
async function knowsUntested(browser: Browser): Promise<void> {
  await using silent = new FakeServer(hanging);
  const args = ["--host=127.0.0.1", "--port=0", "--admin=127.0.0.1:0", silent.authority];
  await using process = startRole("balancer", args);
  const shown = await process.stderr.next(/the farm is shown at/);
  const page = await browser.newPage();
  await page.goto(shown.replace(/.* at /, ""));
  const row = page.locator(`#rows tr[data-state="untested"]`);
  await row.waitFor();
  const text = await row.innerText();
  assertMatch(text, /not yet tested/i);
  assertEquals(/since|1970|\bout\b/.test(text), false, text);
  silent.answer = TEST_FILE;
}

Deno.test("Chromium shows how a balancer's servers die and return", async (t) => {
  const browser = await chromium.launch(LAUNCH);
  try {
    await t.step("without loading the page again", () => followsServers(browser));
    await t.step("and does not take untested ones for dead", () => knowsUntested(browser));
  } finally {
    await browser.close();
  }
});
