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
  proxyVariables,
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
import { atOnce, type Job, planJobs, readCertificates } from "./lib/download/jobs.ts";
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
import { Connections, type Transport } from "./lib/download/transport.ts";
import type { AddressFamily } from "./lib/net/dial.ts";
import { print, say } from "./lib/log/console.ts";

await runCommand(CLIENT_COMMAND, async (options, operands) => {
  const jobs = await planJobs(operands, options);
  const stdoutIsData = jobs.some(({ name }) => name === "-");
  if (options.json && stdoutIsData) throw new UsageError("--json and the data would be mixed up");
  if (options.segments > 1 && stdoutIsData) {
    throw new UsageError("--segments needs a file: standard output takes octets in order alone");
  }
  const { connections, rateLimit } = await openConnections(options);
  const userFields = await userFieldsFor(options, jobs);
  if (options.directory !== undefined) await makeDirectory(options.directory);
  const display = await displayFor(options);
  const run: Run = { claims: new NameClaims(), open: new Map() };
  for (const { name } of jobs) {
    if (name === "-" || run.claims.claim(name)) continue;
    throw new UsageError(`two URLs would be saved as the file that ${name} is`);
  }
  keepWhenInterrupted(run.open, (name) => display.end(name));
  const since = performance.now();
  const outcomes = await atOnce(jobs, options.jobs, async (job) => {
    const reach = { connections, rateLimit, userFields: userFields?.(job) };
    const settings = settingsFor(job, jobs.length > 1, options, reach, display);
    const outcome = await fetchFile(job, settings, fileRulesOf(options), run);
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

/** How one file is downloaded, and what is told of it. */
function settingsFor(
  { name }: Job,
  isOneOfMany: boolean,
  options: ClientOptions,
  reach: Pick<Transport, "connections" | "rateLimit" | "userFields">,
  display: Display,
): DownloadSettings {
  const { verbose, quiet, segments } = options;
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
        if (!quiet) display.update(name, { received, length, server }, performance.now());
      },
    },
  };
}

/** The connections of the run, and what keeps all of them within `--limit-rate`. */
async function openConnections(options: ClientOptions) {
  const { ca, ipv4, ipv6, timeout } = options;
  if (ipv4 && ipv6) throw new UsageError("-4 and -6 exclude each other");
  const family: AddressFamily | undefined = ipv4 ? 4 : ipv6 ? 6 : undefined;
  const caCerts = ca === undefined ? [] : [await readCertificates(ca)];
  const rateLimit = await rateLimitOf(options);
  const proxies = await proxiesOf(options);
  const dialing = { family, inputBytes: rateLimit?.pieceBytes, proxies };
  return { connections: new Connections(timeout, { caCerts }, dialing), rateLimit };
}

/** The proxies that servers are reached through; undefined for none. */
async function proxiesOf({ proxy }: ClientOptions) {
  const variables = proxyVariables(proxy !== undefined);
  if (variables === undefined) return undefined;
  const { Proxies } = await import("./lib/download/proxy.ts");
  return new Proxies(proxy, variables);
}

async function rateLimitOf({ "limit-rate": rate }: ClientOptions) {
  if (rate === 0) return undefined;
  const { RateLimit } = await import("./lib/download/rate_limit.ts");
  return new RateLimit(rate, () => performance.now());
}

/** What the user wants sent with the requests of each job; undefined for nothing. */
async function userFieldsFor(options: ClientOptions, jobs: readonly Job[]) {
  const { header, "header-everywhere": isEverywhere, user, netrc, quiet } = options;
  const isNone = header.length === 0 && !isEverywhere && user === undefined && netrc === undefined;
  if (isNone && jobs.every(({ uri }) => uri.userinfo === undefined)) return undefined;
  const { prepareUserFields } = await import("./lib/download/user_fields.ts");
  const fields = await prepareUserFields(options, (text) => quiet || say(text));
  return (job: Job): Transport["userFields"] => (uri) => fields.fieldsFor(uri, job.uri);
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
