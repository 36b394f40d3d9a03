import { assertEquals } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import type { Outcome } from "../../../lib/download/fetch_file.ts";
import { RunTotals } from "../../../lib/download/display/totals.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";

const uri = parseTypedUri("http://a/b");

function outcomeOf(name: string, size: number | undefined, rest: Partial<Outcome>): Outcome {
  const listed = size === undefined ? undefined : { size, modifiedAt: undefined };
  const job = { uri, name, sha256: undefined, listed };
  const nothing = { downloaded: undefined, failure: undefined, leftover: undefined };
  return { job, ...nothing, servers: [], tries: [], failedTries: 0, seconds: 0, ...rest };
}

function downloadedOf(bytes: number, wasFinished = false): Partial<Outcome> {
  return { downloaded: { uri, bytes, name: undefined, sha256: undefined, wasFinished } };
}

const failed = { failure: new DownloadError("network", "x") };

Deno.test("RunTotals adds up what became of files", () => {
  const totals = new RunTotals();
  assertEquals([totals.exitStatus, totals.summaryLine(0)], [
    0,
    "0 files: 0 saved; 0 bytes in 0.0 s",
  ]);
  for (const name of ["a", "b", "c", "d"]) {
    const outcome = { a: downloadedOf(5), b: {}, c: failed, d: downloadedOf(5) }[name]!;
    totals.expect({});
    totals.end(outcomeOf(name, undefined, outcome));
  }
  const expected = "4 files: 2 saved, 1 were there, 1 failed; 10 bytes in 1.3 s";
  assertEquals([totals.exitStatus, totals.summaryLine(1.25)], [3, expected]);
  totals.failBesides({ failure: new DownloadError("file", "x") });
  const more = "4 files: 2 saved, 1 were there, 2 failed; 10 bytes in 1.3 s";
  assertEquals([totals.exitStatus, totals.summaryLine(1.25)], [4, more]);
});

Deno.test("RunTotals knows how far a run is, as far as sizes are known", () => {
  const totals = new RunTotals();
  const progress = () => {
    const { ended, files, bytes, length, transferred } = totals.progress;
    return [ended, files, bytes, length, transferred];
  };
  totals.expect({ listed: { size: 100, modifiedAt: undefined } });
  totals.expect({ listed: { size: 50, modifiedAt: undefined } });
  assertEquals(progress(), [0, 2, 0, 150, 0]);
  totals.expect({});
  totals.update("a", 40, 100);
  assertEquals(progress(), [0, 3, 40, undefined, 0], "40 bytes were there before");
  totals.update("a", 70, 100);
  assertEquals(progress(), [0, 3, 70, undefined, 30]);
  totals.update("a", 10, 100);
  assertEquals(progress(), [0, 3, 10, undefined, 30], "it begins anew");
  totals.end(outcomeOf("a", 100, downloadedOf(100)));
  totals.end(outcomeOf("c", undefined, downloadedOf(7)));
  assertEquals(progress(), [2, 3, 107, 157, 30]);
  totals.update("b", 60, undefined);
  assertEquals(progress(), [2, 3, 167, 167, 30], "it is longer than was listed");
  totals.end(outcomeOf("b", 50, failed));
  assertEquals(progress(), [3, 3, 107, 107, 30]);
});

Deno.test("RunTotals counts the files that a document describes, and not the document", () => {
  const totals = new RunTotals();
  totals.expect({});
  totals.update("a.meta4", 10, undefined);
  const jobOf = (name: string) => outcomeOf(name, undefined, {}).job;
  totals.replace(jobOf("a.meta4"), [jobOf("a"), jobOf("b")]);
  assertEquals([totals.files, totals.progress.bytes], [2, 0]);
  for (const name of ["a", "b"]) totals.end(outcomeOf(name, undefined, downloadedOf(5)));
  assertEquals(totals.summaryLine(1), "2 files: 2 saved; 10 bytes in 1.0 s");
  assertEquals(totals.progress.length, 10);
});
