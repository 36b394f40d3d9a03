/**
 * Downloads files over HTTP/1.1, redirects followed, from whichever server can send them.
 *
 * @module
 */

import { runCommand } from "./lib/cli/arguments.ts";
import { UsageError } from "./lib/cli/command.ts";
import {
  checkCompressed,
  checkStandardOutput,
  CLIENT_COMMAND,
  type ClientOptions,
  fileRulesOf,
  refuseTreeOptions,
} from "./lib/download/client_options.ts";
import { DownloadError } from "./lib/download/download_error.ts";
import {
  fetchFile,
  keepWhenInterrupted,
  type Outcome,
  type Run,
} from "./lib/download/fetch_file.ts";
import { NameClaims } from "./lib/download/output/file_name.ts";
import { atOnce, type Job, makeDirectory, planJobs } from "./lib/download/jobs/jobs.ts";
import { openReach } from "./lib/download/reach.ts";
import {
  displayFor,
  outcomeJson,
  outcomeLines,
  removalJson,
} from "./lib/download/display/report.ts";
import { settingsFor } from "./lib/download/settings.ts";
import { RunTotals } from "./lib/download/display/totals.ts";
import { print } from "./lib/log/console.ts";

await runCommand(CLIENT_COMMAND, async (options, operands) => {
  const jobs = await planJobs(operands, options);
  if (jobs.some(({ name }) => name === "-")) checkStandardOutput(options);
  checkCompressed(options);
  // Loaded only where it is needed.
  const mirror = options.recursive
    ? (await import("./lib/download/recursive/mirror.ts")).planMirror(options, jobs)
    : refuseTreeOptions(options);
  const { connections, transportOf } = await openReach(options, jobs);
  if (options.directory !== undefined) await makeDirectory(options.directory);
  const totals = new RunTotals();
  const display = await displayFor(options, () => totals.progress);
  const run: Run = { claims: new NameClaims(), open: new Map() };
  for (const { name } of jobs) {
    if (name === "-" || run.claims.claim(name)) continue;
    throw new UsageError(`two URLs would be saved as the file that ${name} is`);
  }
  keepWhenInterrupted(run.open, (name) => display.end(name));
  const since = performance.now();
  const isMany = () => totals.files > 1 || options.recursive;
  // Credentials for a directory are for the origin of its URL, wherever its files are asked for.
  const reachOf = (job: Job) => transportOf(options.recursive ? jobs[0]! : job);
  const settingsOf = (job: Job) =>
    settingsFor(job, isMany(), options, reachOf(job), display, totals);
  let isPrinted = true;
  const tell = (outcome: Outcome, isOneOfMany: boolean) => {
    linesFor(outcome, isOneOfMany, options).forEach((it) => display.say(it));
    if (options.json) isPrinted &&= print(outcomeJson(outcome));
  };
  const fetchJob = async (job: Job, claims = run.claims) => {
    const outcome = await fetchFile(job, settingsOf(job), fileRulesOf(options), { ...run, claims });
    display.end(job.name);
    if (outcome.jobs === undefined) {
      totals.end(outcome);
      tell(outcome, isMany());
    } else totals.replace(job, outcome.jobs);
    return outcome;
  };
  if (mirror === undefined) {
    for (const job of jobs) totals.expect(job);
    await atOnce(jobs, options.jobs, async (job, add) => add((await fetchJob(job)).jobs ?? []));
  } else {
    await mirror({
      totals,
      settingsOf,
      fetchFile: fetchJob,
      report: (outcome) => tell(outcome, true),
      onNotice: (line) => options.quiet || display.say(line),
      onRemoved: (file) => {
        if (!options.quiet) display.say(`removed ${file}`);
        if (options.json) isPrinted &&= print(removalJson(file));
      },
    });
  }
  connections.close();
  if (isMany() && !options.quiet) {
    display.say(totals.summaryLine((performance.now() - since) / 1000));
  }
  if (!isPrinted) {
    const failure = new DownloadError("file", "cannot write standard output");
    totals.failBesides({ failure });
    display.say(`client: ${failure.message}`);
  }
  return totals.exitStatus;
});

/** The messages about an outcome. */
function linesFor(
  outcome: Outcome,
  isOneOfMany: boolean,
  { quiet, recursive }: ClientOptions,
): string[] {
  const isUnchanged = recursive && outcome.downloaded?.wasFinished;
  if (outcome.failure === undefined && (quiet || isUnchanged)) return [];
  return outcomeLines(outcome, isOneOfMany);
}
