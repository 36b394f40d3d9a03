/**
 * Downloads files over HTTP/1.1, redirects followed.
 *
 * @module
 */

import { runCommand } from "./lib/args.ts";
import { UsageError } from "./lib/command.ts";
import { download } from "./lib/download/download.ts";
import { DownloadError, type DownloadFailure } from "./lib/download/download_error.ts";
import { fileName } from "./lib/download/file_name.ts";
import { openOutput } from "./lib/download/output.ts";
import { Progress } from "./lib/download/progress.ts";
import { parseTypedUri, type TargetUri } from "./lib/download/target_uri.ts";
import { reasonPhrase, type ResponseHead } from "./lib/http/message.ts";
import { say } from "./lib/log.ts";
import { count, duration, option, optional, text } from "./lib/option.ts";

const command = {
  name: "client",
  permissions: "--allow-net --allow-read=. --allow-write=.",
  synopsis: "[OPTIONS] URL...",
  summary: "Downloads each URL into a file, redirects followed. Under the file's name there is " +
    "the whole of it or what was there before, whatever happens on the way.",
  operands: { URL: "what to download, beginning with http://" },
  options: {
    output: optional(text("FILE"), "where to; - is standard output (default: the URL's name)", "o"),
    "max-redirects": option(count(0, 1000), "10", "redirects to follow"),
    timeout: option(duration(), "30s", "give up when connecting takes or nothing arrives so long"),
  },
  notes: `Exit status:
  0 done, 1 the server answered with an error, 2 wrong usage,
  3 network or protocol failure, or redirects without end, 4 cannot write

Examples:
  deno run --allow-net --allow-read=. --allow-write=. client.ts \\
    http://localhost:8080/file.iso
  deno run --allow-net client.ts -o - http://localhost:8080/notes.txt`,
};

const EXIT_STATUSES: Readonly<Record<DownloadFailure, number>> = {
  answer: 1,
  url: 2,
  network: 3,
  file: 4,
};

await runCommand(command, async (options, operands) => {
  const jobs = plan(operands, options.output);
  let exitStatus = 0;
  for (const { uri, name } of jobs) {
    const failure = await fetchInto(name, uri, options["max-redirects"], options.timeout);
    if (failure === undefined) continue;
    say(`client: ${failure.message}`);
    exitStatus = Math.max(exitStatus, EXIT_STATUSES[failure.failure]);
  }
  return exitStatus;
});

/** Where each URL is to go. Every mistake is told before anything is asked for. */
function plan(
  operands: readonly string[],
  output: string | undefined,
): { uri: TargetUri; name: string }[] {
  if (operands.length === 0) throw new UsageError("no URL is given: name one, as http://host/file");
  if (output !== undefined && operands.length > 1) {
    throw new UsageError(`--output=${output} takes one URL, but ${operands.length} are given`);
  }
  const names = new Set<string>();
  return operands.map((operand) => {
    const uri = typedUri(operand);
    const name = output ?? fileName(uri);
    if (names.has(name)) throw new UsageError(`two URLs would be saved as ${name}`);
    names.add(name);
    return { uri, name };
  });
}

function typedUri(operand: string): TargetUri {
  try {
    return parseTypedUri(operand);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

/** Downloads one URL; a failure is told by what is returned. */
async function fetchInto(
  name: string,
  uri: TargetUri,
  maxRedirects: number,
  timeoutMs: number,
): Promise<DownloadError | undefined> {
  const progress = new Progress(name, Deno.stderr);
  try {
    const output = await openOutput(name);
    try {
      const bytes = await download(uri, output, {
        maxRedirects,
        timeoutMs,
        onResponse: sayStatus,
        onProgress: (received, length) => progress.show(received, length, performance.now()),
      });
      progress.clear();
      say(`saved ${name === "-" ? "to standard output" : name}: ${bytes} bytes`);
      return undefined;
    } catch (error) {
      await output.abandon();
      throw error;
    }
  } catch (error) {
    if (error instanceof DownloadError) return error;
    throw error;
  } finally {
    progress.clear();
  }
}

/** Every status line that is met, and where a redirect leads. */
function sayStatus(head: ResponseHead, redirect: TargetUri | undefined): void {
  const phrase = head.reasonPhrase || reasonPhrase(head.statusCode);
  const target = redirect === undefined ? "" : ` → ${redirect.href}`;
  say(`${head.statusCode} ${phrase}${target}`);
}
