import { say } from "../log/console.ts";
import type { ResponseHead } from "../http/response.ts";
import { AttemptLog, type ServerRecord, type Try } from "./attempts.ts";
import type { DownloadContext, DownloadSettings } from "./context.ts";
import { DivertedError, download, type Downloaded } from "./download.ts";
import { DownloadError } from "./download_error.ts";
import { type NameClaims, proposedName, safeName } from "./output/file_name.ts";
import type { ContentDigest, ExpectedContent } from "./expected_content.ts";
import { existingFile, type FinishedFile, isListedFile } from "./output/finished_file.ts";
import type { FinalAnswer } from "./follow_redirects.ts";
import { isMetalinkName, type Job } from "./jobs/jobs.ts";
import { forgetKilled, openOutput } from "./output/open_output.ts";
import { leftoverLine, NOTHING, type Output } from "./output/output.ts";
import { Sources } from "./sources.ts";
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
  /** The jobs of the files of a Metalink document, where it was one; nothing else came of it then. */
  readonly jobs?: readonly Job[];
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
  const { name } = job;
  try {
    return end(await bring(job, settings, attempts, rules, run));
  } catch (error) {
    const failure = error instanceof DownloadError ? error : undefined;
    const output = run.open.get(name);
    // Verified pieces of a content that nothing can complete are of no use.
    if (failure?.failure === "checksum" && output?.canBegin && output.received > 0) {
      output.begin({ entityTag: undefined, length: undefined });
    }
    const { partName, received = 0 } = output ?? {};
    const leftover = output?.abandon(failure?.failure === "file") ?? NOTHING;
    if (failure === undefined) throw error;
    return end({ failure, leftover: leftoverLine(name, partName, received, leftover) });
  } finally {
    run.open.delete(name);
  }
}

/** Brings what a job is about: the jobs of a document, a file that is there already, or a new one. */
async function bring(
  job: Job,
  settings: DownloadSettings,
  attempts: AttemptLog,
  rules: FileRules,
  run: Run,
): Promise<Partial<Outcome>> {
  const { name, uri, described } = job;
  if (described !== undefined) await prepare(described, settings.observer.onNotice);
  const sources = new Sources(described?.sources ?? [uri]);
  const context = { ...settings, sources, attempts, expected: described?.expected };
  if (job.atHand !== undefined || (job.follow && isMetalinkName(uri.requestTarget))) {
    return { jobs: await jobsOfDocument(job, context, run.claims) };
  }
  const isOfUse = rules.mayContinue || rules.keepsExisting;
  const existing = isOfUse ? await existingFile(name) : undefined;
  if (existing !== undefined && rules.keepsExisting) return {};
  const isIt = existing && await isExpected(existing, job);
  if (existing && isIt) {
    await forgetKilled(name);
    return { downloaded: asIs(job, existing) };
  }
  return await save(job, context, isIt === false ? undefined : existing, rules, run);
}

/** Downloads a job's file into its place, unless it turns out that it is a document, or is there. */
async function save(
  job: Job,
  context: DownloadContext,
  finished: FinishedFile | undefined,
  rules: FileRules,
  { claims, open }: Run,
): Promise<Partial<Outcome>> {
  const { name, uri } = job;
  const { expected, observer: { onNotice } } = context;
  const { mayContinue, keepsExisting, keepsTime } = rules;
  const verification = await verificationOf(job, rules);
  const known = { identity: expected?.identity, pieces: await pieceCheckOf(expected) };
  const opening = { url: uri.href, mayContinue, keepsExisting, claims, onNotice, ...known };
  const saved = await openOutput(name, opening);
  const decoded = await decodedOutput(context, saved, verification);
  const output: Output = decoded ?? saved;
  open.set(name, output);
  const downloaded = await download(context, output, {
    verification: decoded === undefined ? verification : undefined,
    finished,
    keepsTime,
    nameFor: rules.followsDisposition ? proposedPath(name, claims, onNotice) : undefined,
    isDiverted: job.follow && isMetalink,
  }).catch((error) => {
    if (!(error instanceof DivertedError)) throw error;
    return error.answer;
  });
  if ("answer" in downloaded) {
    output.abandon();
    open.delete(name);
    return { jobs: await jobsOfDocument(job, context, claims, downloaded) };
  }
  if (downloaded.wasFinished || downloaded.isTaken) output.abandon();
  const sha256 = decoded?.sha256 ?? downloaded.sha256;
  return downloaded.isTaken ? {} : { downloaded: { ...downloaded, sha256 } };
}

/** Prepares the place of a file that a Metalink document describes. */
async function prepare(
  { sources, place, notice }: NonNullable<Job["described"]>,
  onNotice: (text: string) => void,
): Promise<void> {
  if (sources.length === 0) {
    const reason = "the Metalink document names no URL for it that may be asked for";
    throw new DownloadError("protocol", reason);
  }
  if (notice !== undefined) onNotice(notice);
  if (place === undefined) return;
  const { makeWay } = await import("./jobs/metalink_jobs.ts");
  await makeWay(place.root, place.path);
}

/** What decodes for an output, where codings are asked for. */
async function decodedOutput(
  { transport: { codings } }: DownloadSettings,
  output: Output,
  verification: Verification | undefined,
) {
  if (codings === undefined) return undefined;
  const { DecodedOutput } = await import("./output/decoded_output.ts");
  return new DecodedOutput(output, verification);
}

/** Whether an answer brings a Metalink document (RFC 5854 §7.1). */
function isMetalink({ fields }: ResponseHead): boolean {
  return /^application\/metalink4\+xml[ \t]*(?:;|$)/i.test(fields.get("content-type") ?? "");
}

/** The jobs of the files that a Metalink document describes; their names are claimed. */
async function jobsOfDocument(
  job: Job,
  context: DownloadContext,
  claims: NameClaims,
  answer?: FinalAnswer,
): Promise<readonly Job[]> {
  const { name, uri, described, follow, atHand } = job;
  const { onNotice } = context.observer;
  const { fetchDocument } = await import("./jobs/metalink_jobs.ts");
  // A newer version is worth one try.
  const retry = atHand === undefined ? context.retry : { ...context.retry, retries: 0 };
  const asking = { ...context, retry };
  const asked = described?.sources[0] ?? uri;
  const jobs = await fetchDocument(asked, follow!, asking, answer).catch((error) => {
    if (!(error instanceof DownloadError) || atHand === undefined) throw error;
    onNotice(`going by the version at hand: ${error.message}`);
    return atHand;
  });
  claims.release(name); // Nothing is saved under it.
  const taken = jobs.find((it) => it.name !== "-" && !claims.claim(it.name));
  if (taken !== undefined) {
    throw new DownloadError("url", `${uri.href}: ${taken.name} is the name of another download`);
  }
  const isNewerNamed = jobs[0]?.atHand !== undefined;
  const files = jobs.length === 1 ? "a file" : `${jobs.length} files`;
  if (!isNewerNamed) onNotice(`it describes ${files}`);
  return jobs;
}

/** The digests that the content of a job is to have. */
function digestsOf({ sha256, described }: Job): ContentDigest[] {
  const { digest } = described?.expected ?? {};
  const typed = sha256 === undefined ? [] : [{ algorithm: "sha-256", hex: sha256 } as const];
  return digest === undefined ? typed : [...typed, digest];
}

/** Whether a file is what a job is to bring; undefined where nothing is known of that. */
async function isExpected(file: FinishedFile, job: Job): Promise<boolean | undefined> {
  const isListed = job.listed && isListedFile(file, job.listed);
  if (isListed !== undefined) return isListed;
  const { bytes = file.size } = job.described?.expected ?? {};
  if (bytes !== file.size) return false;
  const digests = digestsOf(job);
  for (const { algorithm, hex } of digests) {
    if (await file.digest(algorithm) !== hex) return false;
  }
  return digests.length === 0 ? undefined : true;
}

async function verificationOf(
  job: Job,
  { wantsSha256 }: FileRules,
): Promise<Verification | undefined> {
  const digests = digestsOf(job);
  if (digests.length === 0 && !wantsSha256) return undefined;
  const { Verification } = await import("./verification.ts");
  return new Verification(digests, wantsSha256);
}

/** What checks the pieces of a content whose digests are known. */
async function pieceCheckOf(expected: ExpectedContent | undefined) {
  if (expected?.pieces === undefined) return undefined;
  const { PieceCheck } = await import("./output/pieces.ts");
  return new PieceCheck(expected.pieces, expected.bytes!);
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
