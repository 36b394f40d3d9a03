import { assertEquals } from "@std/assert";
import { Try } from "../../../lib/download/attempts.ts";
import { DownloadError, exitStatusOf } from "../../../lib/download/download_error.ts";
import { type Outcome } from "../../../lib/download/fetch_file.ts";
import {
  headLines,
  Journal,
  outcomeJson,
  outcomeLines,
  removalJson,
} from "../../../lib/download/display/report.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";
import { fieldsWith } from "../../support/field_lines.ts";

const uri = parseTypedUri("http://b/a");
const SERVERS = [
  { server: "s:1", outcomes: ["gone", "gone", "slow"], failures: 3, lastFailure: 3 },
  { server: "s:2", outcomes: ["done"], failures: 0, lastFailure: 0 },
];
/** A try that brought 5 bytes in 12 ms. */
function tried(server: string, statusCode?: number, failure?: DownloadError["failure"]): Try {
  const one = new Try(server, 100);
  one.end(112.4);
  one.end(200); // It is released once more.
  return Object.assign(one, { statusCode, failure, bytes: 5 });
}

const FAILED: Outcome = {
  job: { uri, name: "a", sha256: undefined },
  downloaded: undefined,
  failure: new DownloadError("network", "s:1: gone"),
  leftover: undefined,
  servers: SERVERS,
  tries: [tried("s:1", 500, "answer"), tried("s:2", undefined, "network"), tried("s:1", 200)],
  failedTries: 3,
  seconds: 1.23456,
};
const SAVED: Outcome = {
  ...FAILED,
  failure: undefined,
  downloaded: { uri, bytes: 5, name: undefined, sha256: "00", wasFinished: false },
};

Deno.test("exitStatusOf() has a status for each failure", () => {
  const kinds = ["answer", "url", "network", "protocol", "file", "redirect", "checksum"] as const;
  const statuses = kinds.map((kind) => exitStatusOf(new DownloadError(kind, "")));
  assertEquals(statuses, [1, 2, 3, 3, 4, 5, 6]);
  assertEquals(exitStatusOf(undefined), 0);
});

Deno.test("outcomeLines() lists the servers that were tried, and what each did", () => {
  const tried = ["tried s:1: gone (2 times); slow", "tried s:2: done"];
  assertEquals(outcomeLines(FAILED), [
    ...tried.map((line) => `client: ${line}`),
    "client: http://b/a: given up after 3 tries: s:1: gone",
  ]);
  assertEquals(outcomeLines(SAVED), [...tried, "saved a: 5 bytes"]);
  assertEquals(outcomeLines({ ...FAILED, failedTries: 1, leftover: "a.part is kept" }), [
    "a.part is kept",
    "client: s:1: gone",
  ]);
  assertEquals(outcomeLines({ ...SAVED, failedTries: 0 }), ["saved a: 5 bytes"]);
  assertEquals(outcomeLines({ ...SAVED, downloaded: undefined }), [
    "a is there: it stays as it is",
  ]);
});

Deno.test("outcomeLines() says which of many files an error is about", () => {
  const expected = { bytes: 5, digest: undefined, pieces: undefined, identity: undefined };
  const described = { sources: [], expected, place: undefined, notice: undefined };
  const last = (name: string, isDescribed: boolean, failedTries: number, message: string) => {
    const job = { ...FAILED.job, name, described: isDescribed ? described : undefined };
    const failure = new DownloadError(message.endsWith("directory") ? "file" : "network", message);
    return outcomeLines({ ...FAILED, job, failedTries, failure }, true).at(-1);
  };
  assertEquals([
    last("f", false, 1, "s:1: gone"),
    last("f", false, 1, "http://s:1/a: 404"),
    last("f", false, 1, "f is a directory"),
    last("f", false, 3, "s:1: gone"),
    last("f", true, 1, "http://s:1/x: 404"),
    last("f", true, 3, "s:1: gone"),
  ], [
    "client: f: s:1: gone",
    "client: http://s:1/a: 404",
    "client: f is a directory",
    "client: http://b/a: given up after 3 tries: s:1: gone",
    "client: f: http://s:1/x: 404",
    "client: http://b/a: f: given up after 3 tries: s:1: gone",
  ]);
});

Deno.test("outcomeJson() tells all of an outcome in one line", () => {
  const value = JSON.parse(outcomeJson(FAILED));
  assertEquals([value.status, value.finalUrl, value.seconds], [3, null, 1.235]);
  assertEquals(value.servers[0], { server: "s:1", outcomes: ["gone", "gone", "slow"] });
  assertEquals(value.tries.slice(1), [
    { server: "s:2", statusCode: null, bytes: 5, ms: 12, failure: "network" },
    { server: "s:1", statusCode: 200, bytes: 5, ms: 12, failure: null },
  ]);
  const saved = JSON.parse(outcomeJson(SAVED));
  assertEquals([saved.file, saved.bytes, saved.sha256, saved.error], ["a", 5, "00", null]);
  // What a server says controls no terminal.
  const failure = new DownloadError("answer", "404 \x9b31m\u2028");
  const line = outcomeJson({ ...FAILED, failure });
  assertEquals([/[\x9b\u2028]/.test(line), JSON.parse(line).error], [false, failure.message]);
  assertEquals(removalJson("a\x9b"), '{"file":"a\\u009b","removed":true}');
});

Deno.test("headLines() shows a head as it goes over the wire", () => {
  const request = { method: "GET", requestTarget: "/a", fieldLines: [["Host", "b"]] as const };
  assertEquals(headLines(request), ["> GET /a HTTP/1.1", "> Host: b"]);
  const fields = fieldsWith([["A", "b"]]);
  const head = { httpVersion: "1.1", statusCode: 200, reasonPhrase: "OK", fields } as const;
  assertEquals(headLines(head), ["< HTTP/1.1 200 OK", "< A: b"]);
});

const server = "s:1";

Deno.test("Journal says every 10 s how far a download is", async () => {
  await import("../../../lib/download/display/screen.ts"); // Later it is loaded within a microtask.
  const lines: string[] = [];
  const journal = new Journal((line) => lines.push(line));
  for (let now = 0; now <= 25_000; now += 100) {
    journal.update("a", { received: now, length: 102_400, server }, now);
    journal.update("b", { received: 1, length: undefined, server }, now);
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(lines, [
    "a: 9.8 kiB of 100 kiB from s:1",
    "b: 1 B from s:1",
    "a: 19.5 kiB of 100 kiB from s:1",
    "b: 1 B from s:1",
  ]);
});

Deno.test("Journal says at once what stays, and nothing of what has ended", async () => {
  const lines: string[] = [];
  const journal = new Journal((line) => lines.push(line));
  journal.update("a", { received: 1, length: 2, server }, 0);
  journal.update("a", { received: 1, length: 2, server }, 10_000);
  journal.say("done");
  journal.end("a");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(lines, ["done"]);
});
