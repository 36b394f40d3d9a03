/**
 * Downloads files over HTTP/1.1, redirects followed, from whichever server can send them.
 *
 * @module
 */

import { runCommand } from "./lib/cli/arguments.ts";
import { UsageError } from "./lib/cli/command.ts";
import { CLIENT_COMMAND, type ClientOptions, rulesOf } from "./lib/download/client_options.ts";
import { Connections } from "./lib/download/connections.ts";
import { type Display, Journal } from "./lib/download/display.ts";
import {
  fetchFile,
  type FetchOptions,
  keepWhenInterrupted,
  type Outcome,
} from "./lib/download/fetch_file.ts";
import { atOnce, type Job, planJobs, readCertificates } from "./lib/download/jobs.ts";
import { NameClaims } from "./lib/download/file_name.ts";
import { fileErrors } from "./lib/download/download_error.ts";
import type { Output } from "./lib/download/output.ts";
import {
  exitStatusOf,
  headLines,
  outcomeJson,
  outcomeLines,
  responseLine,
  summaryLine,
} from "./lib/download/report.ts";
import { print, say } from "./lib/log/console.ts";

await runCommand(CLIENT_COMMAND, async (options, operands) => {
  const jobs = await planJobs(operands, options);
  const stdoutIsData = jobs.some(({ name }) => name === "-");
  if (options.json && stdoutIsData) throw new UsageError("--json and the data would be mixed up");
  if (options.segments > 1 && stdoutIsData) {
    throw new UsageError("--segments needs a file: standard output takes octets in order alone");
  }
  const caCerts = options.ca === undefined ? [] : [await readCertificates(options.ca)];
  if (options.directory !== undefined) await makeDirectory(options.directory);
  const connections = new Connections(options.timeout, { caCerts });
  const display = await displayFor(options);
  const claims = new NameClaims();
  for (const { name } of jobs) {
    if (name === "-" || claims.claim(name)) continue;
    throw new UsageError(`two URLs would be saved as the file that ${name} is`);
  }
  const open = new Map<string, Output>();
  keepWhenInterrupted(open, display);
  const since = performance.now();
  const outcomes = await atOnce(jobs, options.jobs, async (job) => {
    const outcome = await fetchFile(
      job,
      settingsFor(job, jobs.length > 1, options, { connections, claims }, display, open),
    );
    display.end(job.name);
    tell(outcome, options, display);
    return outcome;
  });
  connections.close();
  if (jobs.length > 1 && !options.quiet) {
    display.say(summaryLine(outcomes, (performance.now() - since) / 1000));
  }
  return Math.max(...outcomes.map(exitStatusOf));
});

/** The options of one download, and its reports. */
function settingsFor(
  { name }: Job,
  isOneOfMany: boolean,
  options: ClientOptions,
  shared: Pick<FetchOptions, "connections" | "claims">,
  display: Display,
  open: Map<string, Output>,
): FetchOptions {
  const note = (line: string) => {
    if (!options.quiet) display.say(isOneOfMany ? `${name}: ${line}` : line);
  };
  return {
    ...rulesOf(options),
    ...shared,
    random: Math.random,
    now: () => performance.now(),
    date: () => Date.now() / 1000,
    wait: (ms) => {
      display.end(name);
      return new Promise((resolve) => setTimeout(resolve, ms));
    },
    onHead: options.verbose ? (head) => headLines(head).forEach(note) : undefined,
    onResponse: (head, redirect) => note(responseLine(head, redirect)),
    onNotice: note,
    onProgress: (received, length, server) => {
      if (!options.quiet) display.update(name, { received, length, server }, performance.now());
    },
    onOutput: (output) => {
      if (output === undefined) open.delete(name);
      else open.set(name, output);
    },
  };
}

/** Reports the outcome of a file. */
function tell(outcome: Outcome, { json, quiet }: ClientOptions, display: Display): void {
  if (!quiet || outcome.failure !== undefined) {
    outcomeLines(outcome).forEach((it) => display.say(it));
  }
  if (json) print(outcomeJson(outcome));
}

/** Progress on a terminal, else a journal of lines. */
async function displayFor({ quiet, verbose }: ClientOptions): Promise<Display> {
  if (quiet || verbose || !Deno.stderr.isTerminal()) return new Journal(say);
  const { Screen } = await import("./lib/download/screen.ts");
  return new Screen(Deno.stderr, () => Deno.consoleSize().columns, !Deno.noColor);
}

async function makeDirectory(path: string): Promise<void> {
  await fileErrors(path, () => Deno.mkdir(path, { recursive: true }));
}
