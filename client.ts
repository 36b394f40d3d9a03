/**
 * Downloads files over HTTP/1.1, redirects followed, from whichever server can send them.
 *
 * @module
 */

import { runCommand } from "./lib/cli/arguments.ts";
import { UsageError } from "./lib/cli/command.ts";
import {
  count,
  duration,
  flag,
  option,
  optional,
  SIZE,
  text,
  type ValueParser,
  type Values,
} from "./lib/cli/option.ts";
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
import { SILENCE_LIMITS } from "./lib/download/relief.ts";
import { print, say } from "./lib/log/console.ts";

const SHA256: ValueParser<string> = {
  placeholder: "HEX",
  accepts: "a SHA-256 of 64 hexadecimal digits",
  parse: (text) => /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined,
};

const command = {
  name: "client",
  permissions: "--allow-net --allow-read=. --allow-write=.",
  synopsis: "[OPTIONS] URL...",
  summary:
    "Downloads each URL into a file, redirects followed. A try that fails is followed by one " +
    "that begins at the URL as typed, where a balancer can pick another server. Under the file's " +
    "name there is the whole of it or what was there before, whatever happens on the way.",
  operands: { URL: "what to download, beginning with http:// or https://" },
  options: {
    output: optional(text("FILE"), "where to; - is standard output (default: the URL's name)", "o"),
    directory: optional(text("DIR"), "where the files go; made if it is not there", "d"),
    input: optional(text("FILE"), "read URLs from it, one a line; - is standard input", "i"),
    jobs: option(count(1, 100), "4", "files to download at once"),
    segments: option(count(1, 16), "1", "parts of a file to ask for at once, of several servers"),
    continue: flag("go on with what an earlier run left, if it is still the same", "c"),
    "no-clobber": flag("leave a file that is there as it is"),
    "content-disposition": flag("name a file as its server proposes, made safe"),
    "no-remote-time": flag("let files be as new as they are, not as old as on their server"),
    sha256: optional(SHA256, "refuse any other content"),
    checksums: optional(text("FILE"), "refuse content that is not as listed; as of sha256sum"),
    retries: option(count(0, 1000), "5", "tries with servers that have failed before"),
    "max-redirects": option(count(0, 1000), "10", "redirects to follow"),
    timeout: option(duration(), "30s", "give a server up that is silent for so long"),
    "min-speed": option(SIZE, "0", "give a server up that sends less a second over --timeout"),
    ca: optional(text("FILE"), "trust these certificates as well, in PEM"),
    "allow-downgrade": flag("follow redirects from https to http"),
    json: flag("print a line of JSON about each file on standard output"),
    quiet: flag("say nothing but what went wrong", "q"),
    verbose: flag("show the heads of requests and responses", "v"),
  },
  notes: `Exit status, for several files the highest:
  0 done, 1 the server answered with an error, 2 wrong usage,
  3 network or protocol failure, 4 cannot write, 5 redirects without end,
  6 wrong checksum, 70 a bug of ours, 130 interrupted

Variables such as HTTP_PROXY are not read.

Examples:
  deno run --allow-net --allow-read=. --allow-write=. client.ts \\
    http://localhost:8080/file.iso
  deno run --allow-net client.ts -o - http://localhost:8080/notes.txt`,
};

type ClientOptions = Values<typeof command.options>;

await runCommand(command, async (options, operands) => {
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

/** How one file is downloaded, and who is told of it. */
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

/** What the options say about each download. */
function rulesOf(options: ClientOptions) {
  return {
    timeoutMs: options.timeout,
    segments: options.segments,
    maxRedirects: options["max-redirects"],
    allowDowngrade: options["allow-downgrade"],
    retries: options.retries,
    minSpeed: options["min-speed"],
    silence: SILENCE_LIMITS,
    mayContinue: options.continue,
    keepsExisting: options["no-clobber"],
    keepsTime: !options["no-remote-time"],
    followsDisposition: options["content-disposition"],
    wantsSha256: options.json,
  };
}

/** Tells what became of a file. */
function tell(outcome: Outcome, { json, quiet }: ClientOptions, display: Display): void {
  if (!quiet || outcome.failure !== undefined) {
    outcomeLines(outcome).forEach((it) => display.say(it));
  }
  if (json) print(outcomeJson(outcome));
}

/** A screen where a person is looking, else a journal. */
async function displayFor({ quiet, verbose }: ClientOptions): Promise<Display> {
  if (quiet || verbose || !Deno.stderr.isTerminal()) return new Journal(say);
  const { Screen } = await import("./lib/download/screen.ts");
  return new Screen(Deno.stderr, () => Deno.consoleSize().columns, !Deno.noColor);
}

async function makeDirectory(path: string): Promise<void> {
  await fileErrors(path, () => Deno.mkdir(path, { recursive: true }));
}
