import { assertEquals } from "@std/assert";
import { Chooser } from "../../lib/balancing/chooser.ts";
import { FileCatalog } from "../../lib/balancing/file_checks/file_catalog.ts";
import type { FileDemand } from "../../lib/balancing/file_checks/file_checker.ts";
import { FileRouter } from "../../lib/balancing/file_checks/file_router.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { fileNameOf, METALINK_TYPE, writeMetalink } from "../../lib/balancing/metalink.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { Redirector } from "../../lib/balancing/redirector.ts";
import { RequestCounters } from "../../lib/balancing/request_counters.ts";
import { candidatesOf } from "../support/candidates.ts";
import { contentOf, fieldOf, requestFor } from "../support/replies.ts";

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

const SHA256 = "ab".repeat(32);

/** What servers have: for each target a mark for each of the servers a, b and c. */
const FILES: Readonly<Record<string, string>> = {
  "/pub/f.iso": "++-",
  "/two.iso": "+~+",
  "/real.iso": "+++",
  "/real.iso.meta4": "-+-",
  "/q.iso?v=1": "+--",
  "/dir/": "+++",
  "/none": "---",
  "/nowhere.iso": "---",
  "/silent.iso": "???",
};

/** A redirector to the servers a, b and c, of which c is the fastest; they lack all else. */
function redirector(alternatives = 0, isChecking = true) {
  const servers = ["a:1", "b:1=https://b.example/pub", "c:1"].map(parseServer);
  const chooser = new Chooser(POLICIES.rank());
  chooser.update(candidatesOf(servers, [1, 2, 3]), 0);
  const catalog = new FileCatalog({ expiryMs: 600_000, random: () => 0 });
  catalog.setServers(servers.map(({ id }) => id));
  const asked: string[] = [];
  const ask = (target: string) => {
    asked.push(target);
    [...FILES[target] ?? "---"].forEach((mark, i) => {
      const { id } = servers[i]!;
      const version = { bytes: mark === "+" ? 7 : 8, sha256: mark === "+" ? SHA256 : undefined };
      if (mark === "-") catalog.learn(target, id, { kind: "lacks" }, 0);
      else if (mark !== "?") catalog.learn(target, id, { kind: "has", version }, 0);
    });
  };
  const demand: FileDemand = {
    want: () => {},
    find: (target) => Promise.resolve(ask(target)),
    isAwaited: () => false,
  };
  const mode = isChecking ? "after" : "off";
  const files = new FileRouter({ chooser, catalog, demand, mode, timeoutMs: 1, epochMs: () => 0 });
  const counters = new RequestCounters();
  const info = () => {};
  const options = { statusCode: 301, alternatives, retryAfterSeconds: 1, files, counters, info };
  return { handle: new Redirector(chooser, options).handle, ask, asked, counters };
}

/** Requests and what they are answered: a document of a file, a redirect to a target, or 404. */
const REQUESTS: readonly {
  readonly story: string;
  readonly target: string;
  readonly accept?: string;
  readonly method?: string;
  readonly answer: "document" | "redirect" | "missing";
}[] = [
  { story: "the suffix", target: "/pub/f.iso.meta4", answer: "document" },
  { story: "the suffix, by HEAD", target: "/pub/f.iso.meta4", method: "HEAD", answer: "document" },
  { story: "the type", target: "/pub/f.iso", accept: METALINK_TYPE, answer: "document" },
  {
    story: "the type in other letters, among others",
    target: "/pub/f.iso",
    accept: "text/html;q=0.5, Application/Metalink4+XML;q=0.1",
    answer: "document",
  },
  {
    story: "the type, refused",
    target: "/pub/f.iso",
    accept: `${METALINK_TYPE};q=0, */*`,
    answer: "redirect",
  },
  {
    story: "the type, refused with decimals",
    target: "/pub/f.iso",
    accept: `${METALINK_TYPE}; q=0.000`,
    answer: "redirect",
  },
  { story: "another type", target: "/pub/f.iso", accept: "application/*", answer: "redirect" },
  { story: "any type", target: "/pub/f.iso", accept: "*/*", answer: "redirect" },
  {
    story: "the type of an older version",
    target: "/pub/f.iso",
    accept: "application/metalink+xml",
    answer: "redirect",
  },
  { story: "a real file of that name", target: "/real.iso.meta4", answer: "redirect" },
  {
    story: "a file beside a real one",
    target: "/real.iso",
    accept: METALINK_TYPE,
    answer: "document",
  },
  {
    story: "a target with a query, by type",
    target: "/q.iso?v=1",
    accept: METALINK_TYPE,
    answer: "document",
  },
  { story: "a suffix before a query", target: "/f.iso.meta4?v=1", answer: "redirect" },
  { story: "a suffix in a query", target: "/q.iso?v=1.meta4", answer: "redirect" },
  { story: "a directory, by type", target: "/dir/", accept: METALINK_TYPE, answer: "redirect" },
  { story: "a directory, by suffix", target: "/dir/.meta4", answer: "missing" },
  { story: "a file that all lack, by suffix", target: "/nowhere.iso.meta4", answer: "missing" },
  {
    story: "a file that all lack, by type",
    target: "/nowhere.iso",
    accept: METALINK_TYPE,
    answer: "missing",
  },
  {
    story: "a file of which nothing is known, by type",
    target: "/silent.iso",
    accept: METALINK_TYPE,
    answer: "redirect",
  },
  { story: "a document of a document", target: "/pub/f.iso.meta4.meta4", answer: "missing" },
];

Deno.test(`Redirector answers requests for Metalink documents (${REQUESTS.length} rows)`, async () => {
  for (const { story, target, accept, method, answer } of REQUESTS) {
    const { handle, counters } = redirector();
    const fields = accept === undefined ? "" : `Accept: ${accept}\r\n`;
    const reply = await handle(requestFor(target, fields, method));
    const content = await contentOf(reply);
    const seen = reply.statusCode === 200
      ? "document"
      : reply.statusCode === 404
      ? "missing"
      : "redirect";
    assertEquals(seen, answer, story);
    assertEquals(fieldOf(reply, "cache-control"), "no-store", story);
    assertEquals(
      [counters.redirects, counters.missing],
      [Number(answer === "redirect"), Number(answer === "missing")],
      story,
    );
    if (answer === "document") {
      assertEquals(fieldOf(reply, "content-type"), METALINK_TYPE, story);
      assertEquals(content.includes("<size>7</size>"), true, story);
    } else if (answer === "redirect") {
      assertEquals(fieldOf(reply, "location")?.endsWith(target), true, story);
    } else assertEquals(content.includes("None of the servers has this file."), true, story);
  }
});

Deno.test("Redirector describes a file by the servers of one version, the best first", async () => {
  const { handle, asked } = redirector();
  const document = await contentOf(await handle(requestFor("/two.iso.meta4")));
  const urls = [...document.matchAll(/<url priority="(\d+)">(.*)<\/url>/g)].map((it) =>
    it.slice(1)
  );
  assertEquals(urls, [["1", "http://c:1/two.iso"], ["2", "http://a:1/two.iso"]]);
  assertEquals(document.includes(`<hash type="sha-256">${SHA256}</hash>`), true);
  assertEquals(document.includes('<file name="two.iso">'), true);
  assertEquals(asked, ["/two.iso.meta4", "/two.iso"]);
  const shown = await contentOf(await handle(requestFor("/pub/f.iso.meta4")));
  assertEquals(shown.match(/<url.*<\/url>/g), [
    '<url priority="1">https://b.example/pub/pub/f.iso</url>',
    '<url priority="2">http://a:1/pub/f.iso</url>',
  ]);
});

Deno.test("Redirector names the document of a file that it knows, and servers of one version", async () => {
  const { handle, ask } = redirector(9);
  const links = async (target: string) => {
    const { headerSection } = await handle(requestFor(target));
    return [...headerSection.matchAll(/^Link: <([^>]*)>; rel=(\w+)/gm)].map(([, uri, rel]) =>
      `${rel} ${uri}`
    ).sort();
  };
  const all = ["duplicate http://a:1/two.iso", "duplicate http://c:1/two.iso"];
  const unknown = ["duplicate https://b.example/pub/two.iso"];
  assertEquals(await links("/two.iso"), [...all, ...unknown]);
  ask("/two.iso");
  assertEquals(await links("/two.iso"), ["describedby /two.iso.meta4", ...all]);
  for (const target of ["/dir/", "/q.iso?v=1", "/real.iso.meta4"]) {
    ask(target);
    const found = (await links(target)).filter((it) => it.startsWith("describedby"));
    assertEquals(found, [], target);
  }
});

Deno.test("Redirector that checks no files knows of no documents and no missing files", async () => {
  const { handle, ask, asked } = redirector(0, false);
  for (const target of ["/nowhere.iso", "/pub/f.iso.meta4", "/pub/f.iso"]) {
    ask(target);
    const reply = await handle(requestFor(target, `Accept: ${METALINK_TYPE}\r\n`));
    assertEquals([reply.statusCode, fieldOf(reply, "link")], [301, undefined], target);
  }
  assertEquals(asked.length, 3);
});
