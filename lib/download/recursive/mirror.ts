/**
 * `--recursive`: downloads a directory and all below it into a local one.
 *
 * @module
 */

import { UsageError } from "../../cli/command.ts";
import { AttemptLog } from "../attempts.ts";
import type { ClientOptions } from "../client_options.ts";
import type { DownloadSettings } from "../context.ts";
import { DownloadError } from "../download_error.ts";
import type { Outcome } from "../fetch_file.ts";
import { NameClaims } from "../output/file_name.ts";
import type { Job } from "../jobs/jobs.ts";
import type { RunTotals } from "../display/totals.ts";
import type { TargetUri } from "../requests/target_uri.ts";
import { entryUri, fetchListing, type Listing } from "./fetch_listing.ts";
import type { ListedEntry } from "./listing.ts";
import { LocalTree, pathIn } from "./local_tree.ts";
import { foldedName, localName, PathFilter } from "./tree_path.ts";

/** What the run does for a mirror. */
export interface MirrorHost {
  readonly totals: RunTotals;
  /** How a job is downloaded; a directory's name ends in a slash. */
  readonly settingsOf: (job: Job) => DownloadSettings;
  /** Downloads a file, adds it to the totals, and reports what became of it. */
  readonly fetchFile: (job: Job, claims: NameClaims) => Promise<Outcome>;
  /** Reports a failure. */
  readonly report: (outcome: Outcome) => void;
  readonly onNotice: (text: string) => void;
  readonly onRemoved: (path: string) => void;
}

/** What is downloaded, and how much of it. */
interface MirrorRules {
  readonly start: TargetUri;
  readonly filter: PathFilter;
  /** Levels of directories that are listed; 1 for the first alone. */
  readonly depth: number;
  /** Whether files go that their server has no more. */
  readonly deletes: boolean;
  /** Listings and files at once. */
  readonly jobs: number;
}

/** Files that wait while directories are listed: so many are known ahead, for the sake of memory. */
const MOST_WAITING_FILES = 10_000;

/** The most directories of one run: a tree that goes round in loops has no end. */
const MOST_DIRECTORIES = 100_000;

/**
 * Prepares the download of a directory and all below it.
 *
 * @param jobs the one that was planned for its URL
 * @returns does it; throws a DownloadError, `file`, if the local directory cannot be made
 * @throws {UsageError} if options contradict each other
 */
export function planMirror(
  options: ClientOptions,
  jobs: readonly Job[],
): (host: MirrorHost) => Promise<void> {
  const refused = ["output", "sha256", "checksums", "content-disposition"] as const;
  const wrong = refused.find((name) => options[name] !== undefined && options[name] !== false);
  if (wrong !== undefined) {
    throw new UsageError(`--recursive and --${wrong} exclude each other`);
  }
  const { directory, depth, delete: deletes } = options;
  if (deletes && directory === undefined) {
    throw new UsageError("--delete removes files from a directory: name it by --directory=DIR");
  }
  const filter = new PathFilter(options.include, options.exclude);
  const rules = { start: jobs[0]!.uri, filter, depth, deletes, jobs: options.jobs };
  return async (host) => {
    const tree = await LocalTree.open(directory ?? ".");
    await new Mirror(rules, tree, host).run();
  };
}

/** A directory that is to be listed. */
interface Directory {
  /** With a slash at its end, but for the first. */
  readonly uri: TargetUri;
  readonly path: string;
  /** 1 for the first. */
  readonly depth: number;
}

/** A file that is to be downloaded. */
interface WaitingFile {
  readonly siblings: Siblings;
  readonly entry: ListedEntry;
  readonly path: string;
}

/** What the files of a directory share. */
interface Siblings {
  readonly directory: TargetUri;
  /** Of this directory alone: a part file takes no name that another file will have. */
  readonly claims: NameClaims;
}

/** What the page of a directory is saved as; it is asked for by the directory's own URI. */
const PAGE_NAME = "index.html";
const PAGE: ListedEntry = { kind: "file", segment: "", size: undefined, modifiedAt: undefined };

class Mirror {
  readonly #rules: MirrorRules;
  readonly #tree: LocalTree;
  readonly #host: MirrorHost;
  /** Both are stacks: of one directory all is done before the next, and few wait. */
  readonly #directories: Directory[] = [];
  readonly #files: WaitingFile[] = [];
  /** What is here, but not on the server. */
  readonly #extras: string[] = [];
  /** Let what has to wait until the extras in its place are gone be downloaded. */
  readonly #blocked: (() => void)[] = [];
  #directoryCount = 1;
  #notEntered = 0;
  #isFull = false;
  #listing = 0;
  #changed = Promise.withResolvers<void>();
  /** Why nothing may be removed. */
  #doubt: string | undefined;

  constructor(rules: MirrorRules, tree: LocalTree, host: MirrorHost) {
    this.#rules = rules;
    this.#tree = tree;
    this.#host = host;
  }

  async run(): Promise<void> {
    const { start, depth, deletes } = this.#rules;
    this.#host.totals.isGrowing = true;
    this.#directories.push({ uri: start, path: "", depth: 1 });
    await this.#downloadAll();
    if (this.#notEntered > 0) this.#doubt ??= "not all directories were entered";
    if (deletes) await this.#removeExtras();
    for (const push of this.#blocked) push();
    await this.#downloadAll();
    if (this.#notEntered === 0) return;
    this.#host.onNotice(`--depth=${depth}: ${this.#notEntered} directories were not entered`);
  }

  /** Downloads what waits, and all that this leads to. */
  async #downloadAll(): Promise<void> {
    const worker = async () => {
      for (let next; (next = await this.#next()) !== undefined;) await next();
    };
    await Promise.all(Array.from({ length: this.#rules.jobs }, worker));
  }

  /** What is to be done next; undefined when all is done. */
  async #next(): Promise<(() => Promise<void>) | undefined> {
    for (;;) {
      const mayList = this.#files.length < MOST_WAITING_FILES;
      const directory = mayList ? this.#directories.pop() : undefined;
      if (directory !== undefined) return this.#listingOf(directory);
      const file = this.#files.pop();
      if (file !== undefined) return () => this.#download(file);
      if (this.#listing === 0) return undefined;
      await this.#changed.promise;
    }
  }

  #listingOf(directory: Directory): () => Promise<void> {
    this.#listing++;
    return async () => {
      try {
        await this.#list(directory);
      } finally {
        this.#listing--;
        this.#host.totals.isGrowing = this.#listing > 0 || this.#directories.length > 0;
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      }
    };
  }

  async #list({ uri, path, depth }: Directory): Promise<void> {
    const name = `${this.#tree.pathOf(path)}/`;
    const attempts = new AttemptLog();
    const job: Job = { uri, name, sha256: undefined };
    const { transport, retry, observer } = this.#host.settingsOf(job);
    const settings = { transport, retry, observer: { ...observer, onProgress: () => {} } };
    await this.#reportFailure(job, attempts, async () => {
      const listing = await fetchListing(uri, settings, attempts);
      const { entries, directory, isPage } = listing;
      const named = await this.#nameAll(directory, entries, path);
      if (isPage && !named.has(PAGE_NAME)) named.set(PAGE_NAME, PAGE);
      const extras = await this.#noteExtras(path, named, listing);
      const claims = await this.#makeRoom(path, named);
      this.#pushAll({ directory, claims }, named, path, depth, extras);
    });
  }

  /** The entries by their local names; those that cannot have one of their own are reported. */
  async #nameAll(
    directory: TargetUri,
    entries: readonly ListedEntry[],
    path: string,
  ): Promise<Map<string, ListedEntry>> {
    const named = new Map<string, ListedEntry>();
    const wanted = new Set<string>();
    const folded = new Map<string, string>();
    for (const entry of entries) {
      const name = localName(entry.segment, Deno.build.os === "windows");
      const isWanted = this.#wants(entry, pathIn(path, name ?? entry.segment));
      const twin = name === undefined || wanted.has(name) ? name : folded.get(foldedName(name));
      const isTaken = twin !== undefined && (twin === name || await this.#tree.ignoresCase());
      if (isWanted && (name === undefined || isTaken)) {
        const reason = name === undefined
          ? "no file can have that name"
          : twin === name
          ? "it has two entries of that name"
          : `the file system takes its name and "${twin}" for one`;
        this.#refuse(entryUri(directory, entry), pathIn(path, name ?? entry.segment), reason);
      } else if (name !== undefined && (isWanted || !named.has(name))) {
        named.set(name, entry);
        if (!isWanted) continue;
        wanted.add(name);
        folded.set(foldedName(name), name);
      }
    }
    return named;
  }

  #wants({ kind }: ListedEntry, path: string): boolean {
    const { filter } = this.#rules;
    return kind === "file" ? filter.takes(path) : filter.enters(path);
  }

  #refuse(uri: TargetUri, path: string, reason: string): void {
    const failure = new DownloadError("file", `${uri.href} is not saved: ${reason}`);
    const name = this.#tree.pathOf(path);
    this.#fail(failureOutcome({ uri, name, sha256: undefined }, failure));
  }

  /** Remembers what is here and not listed, if that may have to go; these are its paths. */
  async #noteExtras(
    path: string,
    named: ReadonlyMap<string, ListedEntry>,
    { isPage, mayBeCut }: Listing,
  ): Promise<ReadonlySet<string>> {
    if (!this.#rules.deletes) return new Set();
    const name = `${this.#tree.pathOf(path)}/`;
    if (isPage) this.#doubt ??= `${name} has a page in place of a listing`;
    if (mayBeCut) this.#doubt ??= `${name} has a listing that may have been cut short`;
    const isStart = path === "";
    const kinds = new Map([...named].map(([name, { kind }]) => [name, kind]));
    const others = await this.#tree.others(path, kinds);
    if (isStart && named.size === 0 && others.length > 0) {
      const reason = "it lists nothing, which may be a mistake: --delete removes nothing";
      throw new DownloadError("protocol", `${this.#rules.start.href}: ${reason}`);
    }
    this.#extras.push(...others);
    return new Set(others);
  }

  /**
   * Makes a local directory, unless it may stay empty because few files are wanted.
   *
   * @returns the names that part files in it cannot have
   */
  async #makeRoom(path: string, named: ReadonlyMap<string, ListedEntry>): Promise<NameClaims> {
    const claims = new NameClaims();
    const partNames = [...named.keys()].filter((name) => /\.part(?:\.json)?$/.test(name));
    if (!this.#rules.filter.isSelective || partNames.length > 0) {
      await this.#tree.makeDirectory(path);
    }
    for (const name of partNames) claims.claim(this.#tree.pathOf(pathIn(path, name)));
    return claims;
  }

  #pushAll(
    siblings: Siblings,
    named: ReadonlyMap<string, ListedEntry>,
    path: string,
    depth: number,
    extras: ReadonlySet<string>,
  ): void {
    // From the last to the first, since they are taken from the end.
    for (const [name, entry] of [...named].reverse()) {
      const entryPath = pathIn(path, name);
      if (!this.#wants(entry, entryPath)) continue;
      const push = () => this.#push(siblings, entry, entryPath, depth);
      if (extras.has(entryPath)) this.#blocked.push(push);
      else push();
    }
  }

  #push(siblings: Siblings, entry: ListedEntry, path: string, depth: number): void {
    if (entry.kind === "file") {
      this.#host.totals.expect({ listed: entry });
      this.#files.push({ siblings, entry, path });
      return;
    }
    const uri = entryUri(siblings.directory, entry);
    if (depth === this.#rules.depth) this.#notEntered++;
    else if (this.#directoryCount < MOST_DIRECTORIES) {
      this.#directoryCount++;
      this.#directories.push({ uri, path, depth: depth + 1 });
    } else this.#refuseMore(uri, path);
  }

  /** There are more directories than one run enters: that is said once. */
  #refuseMore(uri: TargetUri, path: string): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const reason = `there are more than ${MOST_DIRECTORIES} directories`;
    const failure = new DownloadError("protocol", `${uri.href} is not entered: ${reason}`);
    const name = `${this.#tree.pathOf(path)}/`;
    this.#fail(failureOutcome({ uri, name, sha256: undefined }, failure));
  }

  async #download({ siblings, entry, path }: WaitingFile): Promise<void> {
    const { totals, report, fetchFile } = this.#host;
    const { size, modifiedAt } = entry;
    const uri = entryUri(siblings.directory, entry);
    const listed = { size, modifiedAt };
    const job: Job = { uri, name: this.#tree.pathOf(path), sha256: undefined, listed };
    let outcome: Outcome;
    try {
      await this.#tree.makeWayFor(path);
      outcome = await fetchFile(job, siblings.claims);
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      outcome = failureOutcome(job, error);
      totals.end(outcome);
      report(outcome);
    }
    if (outcome.failure !== undefined) this.#doubt ??= "not all was downloaded";
  }

  async #removeExtras(): Promise<void> {
    const { filter, start } = this.#rules;
    if (this.#doubt !== undefined) {
      if (this.#extras.length > 0) this.#host.onNotice(`--delete removes nothing: ${this.#doubt}`);
      return;
    }
    for (const path of this.#extras) {
      const job: Job = { uri: start, name: this.#tree.pathOf(path), sha256: undefined };
      await this.#reportFailure(job, new AttemptLog(), async () => {
        for await (const removed of this.#tree.remove(path, filter)) {
          this.#host.onRemoved(removed);
        }
      });
    }
  }

  /** Does what is no download of a file, and reports it if it fails. */
  async #reportFailure(job: Job, attempts: AttemptLog, act: () => Promise<void>): Promise<void> {
    const since = performance.now();
    try {
      await act();
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      const seconds = (performance.now() - since) / 1000;
      this.#fail(failureOutcome(job, error, attempts, seconds));
    }
  }

  #fail(outcome: Outcome): void {
    this.#doubt ??= "not all was downloaded";
    this.#host.totals.failBesides(outcome);
    this.#host.report(outcome);
  }
}

function failureOutcome(
  job: Job,
  failure: DownloadError,
  attempts = new AttemptLog(),
  seconds = 0,
): Outcome {
  const { records: servers, failures: failedTries, tries } = attempts;
  return {
    job,
    downloaded: undefined,
    failure,
    leftover: undefined,
    servers,
    tries,
    failedTries,
    seconds,
  };
}
