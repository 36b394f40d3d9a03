import { say } from "../log/console.ts";
import type { ResponseHead } from "../http/response.ts";
import { AttemptLog, type ServerRecord, type Try } from "./attempts.ts";
import type { DownloadSettings } from "./context.ts";
import { download, type Downloaded } from "./download.ts";
import { DownloadError } from "./download_error.ts";
import { type NameClaims, proposedName, safeName } from "./file_name.ts";
import { existingFile, type FinishedFile, isListedFile } from "./finished_file.ts";
import type { Job } from "./jobs.ts";
import { openOutput } from "./open_output.ts";
import { leftoverLine, NOTHING, type Output } from "./output.ts";
import type { Verification } from "./verification.ts";

/** How files are saved. */
export interface FileRules {
  /** Whether to go on with what an earlier run left. */
  readonly mayContinue: boolean;
  /** Whether a file that is there stays as it is. */
  readonly keepsExisting: boolean;
  /** Whether a file is to be as old as its content is said to be. */
  readonly keepsTime: boolean;
  /** Whether a server may name the file. */
  readonly followsDisposition: boolean;
  readonly wantsSha256: boolean;
}

/** What the downloads of one run share. */
export interface Run {
  /** The names of this run: those of all jobs, and those that servers propose. */
  readonly claims: NameClaims;
  /** The outputs that are open, by the names of their files. */
  readonly open: Map<string, Output>;
}

/** What became of one file. */
export interface Outcome {
  readonly job: Job;
  /** What was: undefined when it failed, or when a file that was there stays. */
  readonly downloaded: Downloaded | undefined;
  readonly failure: DownloadError | undefined;
  /** What is left of it, where it failed, in words; undefined for nothing. */
  readonly leftover: string | undefined;
  readonly servers: readonly ServerRecord[];
  readonly tries: readonly Try[];
  readonly failedTries: number;
  readonly seconds: number;
}

/** Downloads one file. Never throws a DownloadError: the outcome holds it. */
export async function fetchFile(
  job: Job,
  settings: DownloadSettings,
  rules: FileRules,
  run: Run,
): Promise<Outcome> {
  const attempts = new AttemptLog();
  const since = performance.now();
  const end = (rest: Partial<Outcome>): Outcome => ({
    job,
    downloaded: undefined,
    failure: undefined,
    leftover: undefined,
    servers: attempts.records,
    tries: attempts.tries,
    failedTries: attempts.failures,
    seconds: (performance.now() - since) / 1000,
    ...rest,
  });
  const { name, uri, sha256, listed } = job;
  const { mayContinue, keepsExisting, keepsTime, followsDisposition } = rules;
  const { onNotice } = settings.observer;
  let output: Output | undefined;
  try {
    const existing = mayContinue || keepsExisting ? await existingFile(name) : undefined;
    if (existing !== undefined && keepsExisting) return end({});
    const isListed = existing && listed && isListedFile(existing, listed);
    if (existing !== undefined && isListed) return end({ downloaded: asIs(job, existing) });
    const finished = isListed === false ? undefined : existing;
    if (finished && sha256 !== undefined && await finished.digest("sha-256") === sha256) {
      return end({ downloaded: asIs(job, finished) });
    }
    const verification = await verificationOf(job, rules);
    const { claims } = run;
    const opening = { url: uri.href, mayContinue, keepsExisting, claims, onNotice };
    output = await openOutput(name, opening);
    run.open.set(name, output);
    const nameFor = followsDisposition ? proposedPath(name, claims, onNotice) : undefined;
    const context = { ...settings, typed: uri, attempts };
    const saving = { verification, finished, keepsTime, nameFor };
    const downloaded = await download(context, output, saving);
    if (downloaded.wasFinished || downloaded.isTaken) output.abandon();
    return end(downloaded.isTaken ? {} : { downloaded });
  } catch (error) {
    const failure = error instanceof DownloadError ? error : undefined;
    const { partName, received = 0 } = output ?? {};
    const leftover = output?.abandon(failure?.failure === "file") ?? NOTHING;
    if (failure === undefined) throw error;
    return end({ failure, leftover: leftoverLine(name, partName, received, leftover) });
  } finally {
    run.open.delete(name);
  }
}

async function verificationOf(
  { sha256 }: Job,
  { wantsSha256 }: FileRules,
): Promise<Verification | undefined> {
  if (sha256 === undefined && !wantsSha256) return undefined;
  const { Verification } = await import("./verification.ts");
  return new Verification(sha256, wantsSha256);
}

/**
 * The path that a server's name for the file leads to: beside its own, and never another file's. It
 * is claimed as soon as it is known, for no other download of this run to take it.
 */
function proposedPath(name: string, claims: NameClaims, onNotice: (text: string) => void) {
  let claimed: string | undefined;
  return async ({ fields }: ResponseHead): Promise<string | undefined> => {
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
 * @param endProgress called first for each name
 */
export function keepWhenInterrupted(
  open: ReadonlyMap<string, Output>,
  endProgress: (name: string) => void,
): void {
  const exitStatuses = { SIGINT: 130, ...(Deno.build.os !== "windows" && { SIGTERM: 143 }) };
  for (const [signal, exitStatus] of Object.entries(exitStatuses)) {
    Deno.addSignalListener(signal as Deno.Signal, () => {
      for (const name of open.keys()) endProgress(name);
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
