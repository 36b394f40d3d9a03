import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { Admin } from "../../lib/balancing/admin/admin.ts";
import type { FarmStatus, ServerStatus } from "../../lib/balancing/status.ts";
import type { Handler } from "../../lib/net/handler.ts";
import { HandTicker } from "../balancing/admin/hand_ticker.ts";
import {
  farmStatus,
  filesStatus,
  out,
  serverStatus,
  untested,
  whyDocument,
} from "../balancing/admin/made_up_farm.ts";
import { Serving } from "../support/serving.ts";

const LAUNCH = { executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] };

/** What would run if it were taken for HTML, and too long for any line. */
const HOSTILE = `<img src=x onerror="document.title='hacked'">"'&amp;${"x".repeat(300)}`;

/** The page of a made-up farm in a browser that shows it. */
class ShownFarm implements AsyncDisposable {
  readonly #ticker = new HandTicker();
  readonly #serving: Serving;
  #status: FarmStatus;
  #admin: Admin;
  /** What went wrong in the page. */
  readonly errors: string[] = [];
  /** All that it has asked for. */
  readonly requests: string[] = [];

  private constructor(readonly page: Page, servers: readonly ServerStatus[]) {
    this.#status = farmStatus(servers);
    this.#admin = this.#newAdmin();
    const handler: Handler = (request) => this.#admin.handle(request);
    this.#serving = new Serving(handler);
    page.on("console", (it) => it.type() === "error" && this.errors.push(it.text()));
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("request", (request) => this.requests.push(request.url()));
  }

  static async open(
    browser: Browser,
    servers: readonly ServerStatus[],
    options: BrowserContextOptions = {},
  ): Promise<ShownFarm> {
    const context = await browser.newContext(options);
    const farm = new ShownFarm(await context.newPage(), servers);
    await farm.page.goto(farm.url);
    return farm;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#serving.port}/`;
  }

  /** The farm has changed, and a second has passed. */
  change(servers: readonly ServerStatus[], more: Partial<FarmStatus> = {}): void {
    this.#status = farmStatus(servers, { at: Date.now(), ...more });
    this.#ticker.pass();
  }

  /** The balancer goes away, as far as the page can tell. */
  lose(): void {
    this.#admin.close();
  }

  /** It is there again. */
  regain(): void {
    this.#admin = this.#newAdmin();
  }

  /** Waits until that can be seen; its text. */
  async see(selector: string): Promise<string> {
    const locator = this.page.locator(selector).first();
    await locator.waitFor();
    return await locator.innerText();
  }

  #newAdmin(): Admin {
    return new Admin(() => this.#status, {
      isLoopback: true,
      explain: () => whyDocument(),
      onError: (error) => this.errors.push(String(error)),
      ticker: this.#ticker.start,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
    this.#admin.close();
    await this.#serving[Symbol.asyncDispose]();
  }
}

async function showsStates(browser: Browser): Promise<void> {
  await using farm = await ShownFarm.open(browser, [untested(), serverStatus({ name: "b:2" })]);
  const first = await farm.see(`tr[data-state="untested"]:has-text("web1:8000")`);
  assertMatch(first, /not yet tested/);
  assertEquals(/since|1970|out|available/.test(first), false, first);
  await farm.page.evaluate("globalThis.isSamePage = true");

  farm.change([serverStatus(), serverStatus({ name: "b:2" })]);
  assertMatch(await farm.see(`tr[data-state="available"]:has-text("web1:8000")`), /last 420 ms/);
  assertEquals(await farm.see("#summary:has-text('All')"), "All 2 servers are available");

  farm.change([serverStatus(), out("connection refused", { name: "b:2", since: Date.now() })]);
  const gone = await farm.see(`tr[data-state="out"]:has-text("b:2")`);
  assertMatch(gone, /out\s+since \d\d:\d\d:\d\d \(\d+ s\)\s+connection refused/);
  assertMatch(await farm.page.locator("#rows tr").first().innerText(), /b:2/);
  assertEquals(await farm.page.locator("#news").textContent(), "b:2 is out: connection refused");
  assertEquals(await farm.page.title(), "1 out · Load balancer");

  farm.change([serverStatus(), serverStatus({ name: "b:2" })]);
  await farm.see(`tr[data-state="available"]:has-text("b:2")`);
  assertEquals(await farm.page.evaluate("globalThis.isSamePage"), true);
  assertEquals(farm.errors, []);
  assertEquals(farm.requests.filter((url) => !/^data:/.test(url) && !url.startsWith(farm.url)), []);
}

async function saysWhenNobodyListens(browser: Browser): Promise<void> {
  const servers = [serverStatus({ weight: 2 / 3 }), out("refused", { name: "b:2" })];
  await using farm = await ShownFarm.open(browser, servers);
  await farm.see("#summary:has-text('1 of 2 servers is out')");
  assertEquals(await farm.see(".label"), "weight 0.67");
  farm.change([
    serverStatus(),
    serverStatus({ name: "b:2", isDrained: true, excludedReason: "drained", share: 0 }),
  ]);
  assertEquals(await farm.see(".excluded:visible"), "no clients: it is drained");
  farm.change(servers, { isListening: false });
  await farm.see("#summary[data-bad]:has-text('Nobody listens for clients')");
  assertEquals(await farm.page.title(), "not listening · Load balancer");
  farm.change([untested()], { isListening: false });
  await farm.see("#summary:not([data-bad]):has-text('The server is not yet tested')");
  assertEquals(farm.errors, []);
}

async function noticesLoss(browser: Browser): Promise<void> {
  await using farm = await ShownFarm.open(browser, [serverStatus()]);
  assertEquals(await farm.see(`#link[data-link="live"]`), "live");
  farm.lose();
  const lost = await farm.see(`#link[data-link="lost"]`);
  assertMatch(lost, /^connection lost: as of \d\d:\d\d:\d\d\s+\d+ s ago$/);
  farm.regain();
  farm.change([out("refused meanwhile")]);
  assertEquals(await farm.see(`#link[data-link="live"]`), "live");
  assertMatch(await farm.see(`tr[data-state="out"]`), /refused meanwhile/);
}

async function fitsNarrowScreens(browser: Browser): Promise<void> {
  const name = `${"a-long-label.".repeat(12)}example:8000`;
  const servers = [out(HOSTILE, { name }), untested({ name: HOSTILE, foundBy: HOSTILE })];
  const viewport = { width: 375, height: 800 };
  await using farm = await ShownFarm.open(browser, servers, { viewport });
  await farm.see("#rows tr");
  assertEquals(await farm.page.evaluate("document.documentElement.scrollWidth"), 375);
}

async function goesDark(browser: Browser): Promise<void> {
  await using farm = await ShownFarm.open(browser, [serverStatus()], { colorScheme: "light" });
  const background = () => farm.page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await background();
  await farm.page.emulateMedia({ colorScheme: "dark" });
  assert(await background() !== light);
}

async function takesTextForText(browser: Browser): Promise<void> {
  const hostile = { name: HOSTILE, publicUrl: HOSTILE, foundBy: HOSTILE };
  await using farm = await ShownFarm.open(browser, [out(HOSTILE, hostile)]);
  farm.change([out(HOSTILE, hostile)], { policy: HOSTILE, version: HOSTILE });
  const shown = await farm.see(`tr[data-state="out"]`);
  assertEquals(shown.split(HOSTILE).length - 1, 4, shown);
  assertStringIncludes(await farm.see(`#facts:has-text("<img")`), HOSTILE);
  assertEquals(await farm.page.locator("img").count(), 0);
  assertEquals(farm.errors, []);
}

/** Targets as clients may send them: visible ASCII, up to 1 KiB. */
const HOSTILE_TARGETS = [
  "/<script>document.title='hacked'</script>",
  `/<img/src=x/onerror=alert(1)>"'&amp;`,
  `/${"x".repeat(1023)}`,
];

const LACKING = { lacking: 12, differing: 3, examples: HOSTILE_TARGETS };

async function showsNoFiles(browser: Browser): Promise<void> {
  const servers = [serverStatus({ name: "a:1" }), serverStatus({ name: "b:2" })];
  await using farm = await ShownFarm.open(browser, servers);
  assertEquals(await farm.see("#unavailable:has-text('all')"), "all found a server");
  const hidden = farm.page.locator("#files, #missing, .shortfall");
  assertEquals(await hidden.count(), 4);
  assertEquals(await farm.page.locator(":is(#files, #missing, .shortfall):visible").count(), 0);

  const files = { lacking: 12, differing: 0, examples: ["/a.iso"] };
  const checked = { files: filesStatus(), missing: 2 };
  farm.change([serverStatus({ name: "a:1", files }), servers[1]!], checked);
  assertEquals(await farm.see(".shortfall summary:visible"), "lacks 12 of 400 files");
  assertEquals(await farm.page.locator(".shortfall:visible").count(), 1);
  assertEquals(
    (await farm.see("#files")).split(/\n+/),
    ["Files checked", "400", "12 lacking at a server", "3 in several versions"],
  );
  assertEquals(await farm.see("#missing"), "2 told that all servers lack the file");
  assertEquals(await farm.page.locator("#unavailable").textContent(), "");

  farm.change(servers);
  await farm.page.locator("#files").waitFor({ state: "hidden" });
  assertEquals(await farm.page.locator(":is(#files, #missing, .shortfall):visible").count(), 0);
  assertEquals(farm.errors, []);
}

async function showsLoad(browser: Browser): Promise<void> {
  const load = {
    openTransfers: 3,
    pendingBytes: 302_091_264,
    bytesPerSecond: 12_481_536,
    utilization: null,
  };
  const at = Date.now();
  const silent = serverStatus({ name: "b:2" });
  const servers = [serverStatus({ name: "a:1", load: { ...load, at } }), silent];
  await using farm = await ShownFarm.open(browser, servers);
  assertMatch(
    await farm.see(".load:visible"),
    /^3 transfers open, 288 MiB to send, 11\.9 MiB\/s at ([0-9]+ \w+, )?[0-9:]{8}$/,
  );
  assertEquals(await farm.page.locator(".load:visible").count(), 1);
  const less = {
    openTransfers: 1,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
    at,
  };
  farm.change([serverStatus({ name: "a:1", load: less }), silent]);
  assertMatch(await farm.see(".load:has-text('1 transfer open at')"), /^1 transfer open at /);
  farm.change([serverStatus({ name: "a:1" }), silent]);
  await farm.page.locator(".load").first().waitFor({ state: "hidden" });
  assertEquals(farm.errors, []);
}

async function showsFilesByKeyboard(browser: Browser): Promise<void> {
  const checked = { files: filesStatus() };
  const viewport = { width: 375, height: 800 };
  await using farm = await ShownFarm.open(browser, [serverStatus()], { viewport });
  farm.change([serverStatus({ files: LACKING }), serverStatus({ name: "b:2" })], checked);
  const words = "lacks 12, differs in 3 of 400 files";
  const summary = farm.page.getByText(words, { exact: true });
  await summary.waitFor();
  const examples = farm.page.getByRole("list", { name: "Examples" });
  assertEquals(await examples.count(), 0);
  await farm.page.getByRole("button", { name: "Redirects" }).press("Tab");
  assertEquals(await farm.page.evaluate("document.activeElement.textContent"), words);
  await farm.page.keyboard.press("Enter");
  assertEquals(await examples.getByRole("listitem").allInnerTexts(), HOSTILE_TARGETS);
  assertEquals(await farm.page.evaluate("document.documentElement.scrollWidth"), 375);

  const later = { ...LACKING, lacking: 13, examples: ["/later.iso"] };
  farm.change([serverStatus({ files: later }), serverStatus({ name: "b:2" })], checked);
  assertEquals(
    await farm.see("summary:has-text('13')"),
    "lacks 13, differs in 3 of 400 files",
  );
  assertEquals(await examples.getByRole("listitem").allInnerTexts(), ["/later.iso"]);
  assertEquals(
    await farm.page.evaluate("document.activeElement.tagName"),
    "SUMMARY",
    "the focus stays where it is",
  );
  const settled = { ...later, examples: [] };
  farm.change([serverStatus({ files: settled }), serverStatus({ name: "b:2" })], checked);
  assertEquals(await farm.see(".shortfall li:has-text('No')"), "No example at hand.");

  await farm.page.getByLabel("Filter the servers").fill("differs in");
  assertEquals(await farm.see("#shown:has-text('1 of')"), "1 of 2 servers");
  assertEquals(await farm.page.locator("body script, img").count(), 0);
  assertEquals(await farm.page.title(), "Load balancer");
  assertEquals(farm.errors, []);
}

const MINUTE_MS = 60_000;

/** A drained server, one that is out by an action, and one that has another weight. */
function actedOn(reason: string | null): ServerStatus[] {
  const terms = { weight: null, reason, since: Date.now(), until: null };
  const until = Date.now() + 28.5 * MINUTE_MS;
  const drained = { isDrained: true, excludedReason: "drained", share: 0 } as const;
  const taken = `an operator took it out: ${reason}`;
  return [
    serverStatus({ name: "a:1", ...drained, actions: [{ ...terms, action: "drain", until }] }),
    out(taken, { name: "b:2", actions: [{ ...terms, action: "out" }] }),
    serverStatus({ name: "c:3", weight: 3, actions: [{ ...terms, action: "weight", weight: 3 }] }),
  ];
}

async function showsActions(browser: Browser): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await using farm = await ShownFarm.open(browser, [serverStatus()], { colorScheme });
    assertEquals(await farm.page.locator(".actions:visible").count(), 0);
    farm.change(actedOn("kernel"));
    const drain = await farm.see(`tr:has-text("a:1") .actions li`);
    assertMatch(
      drain,
      /^drained by an operator until (\d+ \w+, )?[\d:]{8} \(in 28 min\): kernel$/,
    );
    assertEquals(await farm.see(`tr:has-text("b:2") .actions`), "taken out by an operator: kernel");
    assertEquals(await farm.see(`tr:has-text("c:3") .actions`), "weight 3 by an operator: kernel");
    const isSaidTwice = ":is(.excluded, .reason):visible";
    assertEquals(await farm.page.locator(isSaidTwice).count(), 0);
    for (const selector of [".actions li", ".change", ".changes time"]) {
      const contrast: number = await farm.page.evaluate(`(${CONTRAST})("${selector}")`);
      assert(contrast >= 4.5, `${selector}, ${colorScheme}: ${contrast}`);
    }
    await farm.page.getByLabel("Filter the servers").fill("taken out kernel");
    assertEquals(await farm.see("#shown:has-text('1 of')"), "1 of 3 servers");
    assertEquals(farm.errors, []);
  }
}

async function showsHostileActions(browser: Browser): Promise<void> {
  const viewport = { width: 375, height: 800 };
  await using farm = await ShownFarm.open(browser, [serverStatus()], { viewport });
  const at = Date.now();
  const changes = [{ at, server: HOSTILE, event: "action", text: HOSTILE }] as const;
  farm.change(actedOn(HOSTILE), { changes });
  assertStringIncludes(await farm.see(`tr:has-text("a:1") .actions`), HOSTILE);
  const shown = await farm.see("#changes li");
  assertEquals(shown.split(HOSTILE).length - 1, 2, shown);
  assertEquals(await farm.page.locator("img").count(), 0);
  assertEquals(await farm.page.evaluate("document.documentElement.scrollWidth"), 375);
  await farm.page.getByRole("button", { name: "Share" }).click();
  assertEquals(await farm.page.evaluate("location.hash"), "#sort=share");
  assertEquals(farm.errors, []);
}

async function sortsAndKeepsThat(browser: Browser): Promise<void> {
  const servers = [
    serverStatus({ name: "web10:1", share: 0.2, redirects: 5, throughputBytesPerSecond: 3e6 }),
    out("refused", { name: "web9:1", redirects: 50, throughputBytesPerSecond: 1e6 }),
    serverStatus({ name: "web2:1", share: 0.8, redirects: 7, throughputBytesPerSecond: 2e6 }),
    untested({ name: "web1:1" }),
  ];
  await using farm = await ShownFarm.open(browser, servers);
  const { page } = farm;
  const order = async () => (await page.locator("#rows .name").allInnerTexts()).join(" ");
  const sort = (name: string) => page.locator("thead button").getByText(name).click();
  await farm.see("#rows tr");
  assertEquals(await order(), "web9:1 web1:1 web10:1 web2:1");
  const orders: readonly (readonly [column: string, order: string, hash: string])[] = [
    ["Server", "web1:1 web2:1 web9:1 web10:1", "#sort=server"],
    ["Server", "web10:1 web9:1 web2:1 web1:1", "#sort=server&order=down"],
    ["Tests", "web9:1 web10:1 web2:1 web1:1", "#sort=tests"],
    ["Speed", "web10:1 web2:1 web9:1 web1:1", "#sort=speed"],
    ["Speed", "web1:1 web9:1 web2:1 web10:1", "#sort=speed&order=up"],
    ["Share", "web2:1 web10:1 web9:1 web1:1", "#sort=share"],
    ["Redirects", "web9:1 web2:1 web10:1 web1:1", "#sort=redirects"],
    ["State", "web9:1 web1:1 web10:1 web2:1", ""],
    ["State", "web10:1 web2:1 web1:1 web9:1", "#sort=state&order=down"],
  ];
  for (const [column, expected, hash] of orders) {
    await sort(column);
    assertEquals([await order(), await page.evaluate("location.hash")], [expected, hash], column);
  }
  assertEquals(await page.locator("[aria-sort]").getAttribute("aria-sort"), "descending");

  await sort("Speed");
  await page.getByLabel("Filter the servers").fill("web1 http");
  assertEquals(await page.evaluate("location.hash"), "#filter=web1+http&sort=speed");
  await page.reload();
  await farm.see("#shown:has-text('2 of 4 servers')");
  assertEquals(await order(), "web10:1 web1:1");
  assertEquals(await page.getByLabel("Filter the servers").inputValue(), "web1 http");
  await page.evaluate("location.hash = 'filter=web2&sort=constructor&order=x'");
  await farm.see("#shown:has-text('1 of 4 servers')");
  assertEquals(await page.locator("[aria-sort]").getAttribute("id"), "by-state");
  assertEquals(farm.errors, []);
}

async function showsChanges(browser: Browser): Promise<void> {
  await using farm = await ShownFarm.open(browser, [serverStatus()]);
  farm.change([serverStatus()], { changes: [] });
  assertEquals(await farm.see("#no-changes"), "Nothing has changed yet.");
  const at = Date.now();
  const changes = Array.from({ length: 50 }, (_, index) => ({
    at: at - 50 + index,
    server: `s${index}:80`,
    event: "out" as const,
    text: "is out: refused",
  }));
  farm.change([serverStatus()], { changes });
  assertMatch(await farm.see("#changes li"), /^[\d:]{8}\s+s49:80 is out: refused$/);
  assertEquals(await farm.page.locator("#changes li").count(), 50);
  assertEquals(farm.errors, []);
}

async function showsTheCertificatesEnd(browser: Browser): Promise<void> {
  await using farm = await ShownFarm.open(browser, [serverStatus()]);
  await farm.see("#facts div");
  assertEquals(await farm.page.locator("#facts:has-text('Certificate')").count(), 0);
  const days = (count: number) => Date.now() + count * 24 * 60 * MINUTE_MS + MINUTE_MS;
  for (const [left, words, isBad] of [[33, "in 33 d", 0], [13, "in 13 d", 1], [-1, "expired", 1]]) {
    const certificate = { validFrom: 1000, expiresAt: days(left as number) };
    farm.change([serverStatus()], { certificate });
    const shown = await farm.see(`#facts div:has-text("Certificate until"):has-text("${words}")`);
    assertMatch(shown, /^Certificate until\s+\d+ \w+ \d{4} \((in \d+ d|expired)\)$/);
    assertEquals(await farm.page.locator("dd[data-bad]").count(), isBad as number);
  }
  assertEquals(farm.errors, []);
}

/** The contrast of the text of an element with the card behind it, as WCAG 2 measures it. */
const CONTRAST = `(selector) => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[0-9]+/g).map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(selector);
  const card = getComputedStyle(document.querySelector(".tile")).backgroundColor;
  const [a, b] = [getComputedStyle(element).color, card].map(luminance).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}`;

async function showsFilesInBothSchemes(browser: Browser): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await using farm = await ShownFarm.open(browser, [serverStatus()], { colorScheme });
    farm.change([serverStatus({ files: LACKING })], { files: filesStatus(), missing: 2 });
    await farm.page.locator(".shortfall summary").click();
    for (const selector of [".shortfall summary", ".shortfall li", "#missing", "#files-lacking"]) {
      await farm.see(selector);
      const contrast: number = await farm.page.evaluate(`(${CONTRAST})("${selector}")`);
      assert(contrast >= 4.5, `${selector}, ${colorScheme}: ${contrast}`);
    }
  }
}

async function showsLargeFarms(browser: Browser): Promise<void> {
  const servers = Array.from(
    { length: 1000 },
    (_, i) => serverStatus({ name: `s${i}.example:80` }),
  );
  servers[777] = out("refused", { name: "s777.example:80" });
  await using farm = await ShownFarm.open(browser, servers);
  await farm.see("#rows tr");
  const rows = farm.page.locator("#rows tr");
  assertEquals(await rows.count(), 200);
  assertMatch(await rows.first().innerText(), /s777/);
  assertMatch(await farm.see("#shown"), /first 200 of 1,000/);
  await farm.page.getByLabel("Filter the servers").fill("s99 avail");
  assertEquals(await farm.see("#shown:has-text('11 of')"), "11 of 1,000 servers");
  assertEquals(await rows.count(), 11);
}

async function helpsWithoutScripts(browser: Browser): Promise<void> {
  await using farm = await ShownFarm.open(browser, [serverStatus()], { javaScriptEnabled: false });
  assertMatch(await farm.see("noscript"), /needs JavaScript/);
  await farm.page.locator("noscript a").click();
  assertEquals(farm.page.url(), `${farm.url}status.json`);
}

Deno.test("Chromium shows the page of a farm", async (t) => {
  const browser = await chromium.launch(LAUNCH);
  try {
    await t.step("with states that change as it stands", () => showsStates(browser));
    await t.step("and says when nobody listens", () => saysWhenNobodyListens(browser));
    await t.step("and says when the connection is lost, and is back", () => noticesLoss(browser));
    await t.step("on a narrow screen", () => fitsNarrowScreens(browser));
    await t.step("in the dark", () => goesDark(browser));
    await t.step(
      "with names and reasons as text, whatever is in them",
      () => takesTextForText(browser),
    );
    await t.step("with actions, in the light and in the dark", () => showsActions(browser));
    await t.step("with reasons of actions as text, narrow", () => showsHostileActions(browser));
    await t.step("sorted by any column, which its address keeps", () => sortsAndKeepsThat(browser));
    await t.step("with the last fifty changes", () => showsChanges(browser));
    await t.step("with the certificate's end", () => showsTheCertificatesEnd(browser));
    await t.step("with what servers say of their load", () => showsLoad(browser));
    await t.step("without a word of files where none are checked", () => showsNoFiles(browser));
    await t.step(
      "with files that servers lack, by keyboard, on a narrow screen, as text",
      () => showsFilesByKeyboard(browser),
    );
    await t.step(
      "with files that can be read in the light and in the dark",
      () => showsFilesInBothSchemes(browser),
    );
    await t.step("of a thousand servers", () => showsLargeFarms(browser));
    await t.step("and without scripts, where to look", () => helpsWithoutScripts(browser));
  } finally {
    await browser.close();
  }
});
