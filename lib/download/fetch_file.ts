import { say } from "../log/console.ts";
import type { ResponseHead } from "../http/response.ts";
import type { Display } from "./display.ts";
import { DownloadError, fileErrors } from "./download_error.ts";
import { download, type Downloaded, type DownloadOptions } from "./download.ts";
import type { FinishedFile } from "./finished_file.ts";
import type { Algorithm } from "../http/digest_fields.ts";
import { type NameClaims, safeName } from "./file_name.ts";
import type { Job } from "./jobs.ts";
import { leftoverLine, NOTHING, type Output } from "./output.ts";
import { AttemptLog, type ServerRecord } from "./attempt_log.ts";
import { openOutput } from "./open_output.ts";
import type { Verification } from "./verification.ts";

/** How files are downloaded. */
export interface FetchOptions
  extends Omit<DownloadOptions, "verification" | "finished" | "nameFor"> {
  /** Whether to go on with what an earlier run left. */
  readonly mayContinue: boolean;
  /** Whether a file that is there stays as it is. */
  readonly keepsExisting: boolean;
  /** The names of this run: those of all jobs, and those that servers propose. */
  readonly claims: NameClaims;
  /** Whether a server may name the file. */
  readonly followsDisposition: boolean;
  /** Whether the SHA-256 is to be told. */
  readonly wantsSha256: boolean;
  /** Told of an output while it is open, and undefined when it is no more. */
  readonly onOutput: (output: Output | undefined) => void;
}

/** What became of one file. */
export interface Outcome {
  /** What was to be downloaded. */
  readonly job: Job;
  /** What was: undefined when it failed, or when a file that was there stays. */
  readonly downloaded: Downloaded | undefined;
  /** Why it failed. */
  readonly failure: DownloadError | undefined;
  /** What is left of it, where it failed, in words; undefined for nothing. */
  readonly leftover: string | undefined;
  /** The servers that were tried, and what each did. */
  readonly servers: readonly ServerRecord[];
  /** How many tries failed. */
  readonly failedTries: number;
  /** How long it took. */
  readonly seconds: number;
}

/** Downloads one file. What fails is told by what is returned. */
export async function fetchFile(job: Job, options: FetchOptions): Promise<Outcome> {
  const attempts = new AttemptLog();
  const since = options.now();
  const end = (rest: Partial<Outcome>): Outcome => ({
    job,
    downloaded: undefined,
    failure: undefined,
    leftover: undefined,
    servers: attempts.records,
    failedTries: attempts.failures,
    seconds: (options.now() - since) / 1000,
    ...rest,
  });
  let output: Output | undefined;
  try {
    const existing = await existingFile(job.name, options);
    if (existing !== undefined && options.keepsExisting) return end({});
    const finished = await finishedFile(job, existing);
    if (finished === "proven") return end({ downloaded: asIs(job, existing!) });
    const verification = await verificationOf(job, options);
    output = await openOutput(job.name, { ...options, url: job.uri.href });
    options.onOutput(output);
    const nameFor = options.followsDisposition ? proposedPath(job, options) : undefined;
    const settings = { ...options, verification, finished, nameFor };
    const downloaded = await download(job.uri, output, attempts, settings);
    if (downloaded.wasFinished || downloaded.isTaken) output.abandon();
    if (downloaded.isTaken) return end({});
    return end({ downloaded });
  } catch (error) {
    const failure = error instanceof DownloadError ? error : undefined;
    const { partName, received = 0 } = output ?? {};
    const leftover = output?.abandon(failure?.failure === "file") ?? NOTHING;
    if (failure === undefined) throw error;
    return end({ failure, leftover: leftoverLine(job.name, partName, received, leftover) });
  } finally {
    options.onOutput(undefined);
  }
}

/** What is there under the name, if that matters. */
async function existingFile(
  name: string,
  { mayContinue, keepsExisting }: FetchOptions,
): Promise<FinishedFile | undefined> {
  if (name === "-" || !(mayContinue || keepsExisting)) return undefined;
  const found = await Deno.stat(name).catch(() => undefined);
  if (!found?.isFile) return undefined;
  const digest = async (algorithm: Algorithm) => {
    const { digestOfOctets } = await import("./verification.ts");
    return await fileErrors(
      name,
      async () => await digestOfOctets(algorithm, (await Deno.open(name)).readable),
    );
  };
  return { size: found.size, modifiedAt: (found.mtime?.getTime() ?? 0) / 1000, digest };
}

async function verificationOf(
  { sha256 }: Job,
  { wantsSha256 }: FetchOptions,
): Promise<Verification | undefined> {
  if (sha256 === undefined && !wantsSha256) return undefined;
  const { Verification } = await import("./verification.ts");
  return new Verification(sha256, wantsSha256);
}

/** The file that is there, if it may be the one; `proven` when its checksum shows that it is. */
async function finishedFile(
  { sha256 }: Job,
  existing: FinishedFile | undefined,
): Promise<FinishedFile | "proven" | undefined> {
  if (existing === undefined || sha256 === undefined) return existing;
  return await existing.digest("sha-256") === sha256 ? "proven" : undefined;
}

/**
 * The path that a server's name for the file leads to: beside its own, and never another file's. It
 * is claimed as soon as it is known, for no other download of this run to take it.
 */
function proposedPath({ name }: Job, { claims, onNotice }: FetchOptions) {
  let claimed: string | undefined;
  return async ({ fields }: ResponseHead): Promise<string | undefined> => {
    const { proposedName } = await import("./content_disposition.ts");
    const { dirname, join } = await import("@std/path");
    const proposed = name === "-" ? undefined : proposedName(fields);
    if (proposed === undefined) return undefined;
    const path = join(dirname(name), safeName(proposed));
    if (path === claimed) return path;
    if (path === join(name)) return undefined;
    const isThere = await Deno.lstat(path).then(() => true, () => false);
    if (isThere || !claims.claim(path)) {
      const why = isThere ? "is there: it stays as it is" : "is the name of another download";
      onNotice(`${path}, as the server calls it, ${why}`);
      return undefined;
    }
    if (claimed !== undefined) claims.release(claimed);
    return claimed = path;
  };
}

function asIs({ uri, sha256 }: Job, { size }: FinishedFile): Downloaded {
  return { uri, bytes: size, name: undefined, sha256, wasFinished: true };
}

/**
 * From now on a signal to end the process keeps what has arrived, says how to go on with it, and
 * ends the process with the status that a shell gives it: 128 and the signal's number.
 *
 * @param open the outputs that are open at the time, by their names
 */
export function keepWhenInterrupted(open: ReadonlyMap<string, Output>, display: Display): void {
  const exitStatuses = { SIGINT: 130, ...(Deno.build.os !== "windows" && { SIGTERM: 143 }) };
  for (const [signal, exitStatus] of Object.entries(exitStatuses)) {
    Deno.addSignalListener(signal as Deno.Signal, () => {
      for (const name of open.keys()) display.end(name);
      for (const [name, output] of open) keep(name, output);
      say("client: interrupted");
      Deno.exit(exitStatus);
    });
  }
}

function keep(name: string, output: Output): void {
  const { partName, received } = output;
  const line = leftoverLine(name, partName, received, output.abandon(true));
  if (line !== undefined) say(line);
}
