/**
 * Downloads files over HTTP/1.1, redirects followed, from whichever server can send them.
 *
 * @module
 */

import { runCommand } from "./lib/cli/arguments.ts";
import { UsageError } from "./lib/cli/command.ts";
import {
  CLIENT_COMMAND,
  type ClientOptions,
  fileRulesOf,
  retryRulesOf,
} from "./lib/download/client_options.ts";
import type { DownloadSettings } from "./lib/download/context.ts";
import {
  fetchFile,
  keepWhenInterrupted,
  type Outcome,
  type Run,
} from "./lib/download/fetch_file.ts";
import { fileErrors } from "./lib/download/file_error.ts";
import { NameClaims } from "./lib/download/file_name.ts";
import { atOnce, type Job, planJobs } from "./lib/download/jobs.ts";
import { openReach, type Reach } from "./lib/download/reach.ts";
import {
  type Display,
  exitStatusOf,
  headLines,
  Journal,
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
  if (options.segments !== "auto" && options.segments > 1 && stdoutIsData) {
    throw new UsageError("--segments needs a file: standard output takes bytes in order alone");
  }
  const { connections, transportOf } = await openReach(options, jobs);
  if (options.directory !== undefined) await makeDirectory(options.directory);
  const display = await displayFor(options);
  const run: Run = { claims: new NameClaims(), open: new Map() };
  for (const { name } of jobs) {
    if (name === "-" || run.claims.claim(name)) continue;
    throw new UsageError(`two URLs would be saved as the file that ${name} is`);
  }
  keepWhenInterrupted(run.open, (name) => display.end(name));
  const since = performance.now();
  const isOne = jobs.length === 1;
  const all = await atOnce(jobs, options.jobs, async (job, add) => {
    const settings = settingsFor(job, !isOne, options, transportOf(job), display);
    const outcome = await fetchFile(job, settings, fileRulesOf(options), run);
    display.end(job.name);
    if (outcome.jobs === undefined) tell(outcome, options, display);
    else add(outcome.jobs);
    return outcome;
  });
  const outcomes = all.filter((outcome) => outcome.jobs === undefined);
  connections.close();
  if (outcomes.length > 1 && !options.quiet) {
    display.say(summaryLine(outcomes, (performance.now() - since) / 1000));
  }
  return Math.max(...outcomes.map(exitStatusOf));
});

/** How one file is downloaded, and what is told of it. */
function settingsFor(
  { name }: Job,
  isOneOfMany: boolean,
  options: ClientOptions,
  reach: ReturnType<Reach["transportOf"]>,
  display: Display,
): DownloadSettings {
  const { verbose, quiet, segments, progress } = options;
  const note = (line: string) => {
    if (!quiet) display.say(isOneOfMany ? `${name}: ${line}` : line);
  };
  return {
    transport: {
      ...reach,
      timeoutMs: options.timeout,
      maxRedirects: options["max-redirects"],
      allowDowngrade: options["allow-downgrade"],
      segments,
    },
    retry: {
      ...retryRulesOf(options),
      random: Math.random,
      monotonicMs: () => performance.now(),
      wait: (ms) => {
        display.end(name);
        return new Promise((resolve) => setTimeout(resolve, ms));
      },
    },
    observer: {
      onHead: verbose ? (head) => headLines(head).forEach(note) : undefined,
      onResponse: (head, redirect) => note(responseLine(head, redirect)),
      onNotice: note,
      onProgress: (received, length, server) => {
        if (!quiet || progress === "json") {
          display.update(name, { received, length, server }, performance.now());
        }
      },
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

/** Progress for programs or on a terminal, else a journal of lines. */
async function displayFor({ progress, quiet, verbose }: ClientOptions): Promise<Display> {
  if (progress === "json") {
    const { ProgressLines } = await import("./lib/download/progress_lines.ts");
    const lines = new ProgressLines(say);
    setInterval(() => lines.tick(performance.now()), 1000);
    return lines;
  }
  if (quiet || verbose || !Deno.stderr.isTerminal()) return new Journal(say);
  const { Screen } = await import("./lib/download/screen.ts");
  return new Screen(Deno.stderr, () => Deno.consoleSize().columns, !Deno.noColor);
}

async function makeDirectory(path: string): Promise<void> {
  await fileErrors(path, () => Deno.mkdir(path, { recursive: true }));
}
