import { htmlReply, Redirect, type Reply, type Request } from "../net/handler.ts";
import { directoryEntries } from "./directory_entries.ts";
import { type Cached, FileCache } from "./file_cache.ts";
import { filePath } from "./file_path.ts";
import { FileReplies, type FileReplyOptions } from "./file_replies.ts";
import { Listings } from "./listings.ts";
import { isMissing, refusal, replyToError } from "./refusal.ts";
import type { OpenFile } from "./open_file.ts";
import type { AskedHead } from "./representation.ts";
import type { FoundDirectory, Root } from "./root.ts";

/** What the content of a directory is called, unless it is to be listed. */
const INDEX = "index.html";

/** How many paths to files in memory are known, and characters of them. */
const PATH_BOUNDS = { octets: 4 * 1024 * 1024, entries: 10_000 };

/** For how long, in ms, a file in memory is taken to be what stands on the disk. */
const FRESH_MS = 1000;

/** How the files below a root are served. */
export interface StaticFilesOptions extends FileReplyOptions {
  /** Whether directories without an index are listed. */
  readonly isListing: boolean;
  /** Gives ms, on any clock that never goes back. */
  readonly now: () => number;
}

/** A path that led to a file in memory. */
interface KnownPath extends Cached {
  /** From the root down. */
  readonly names: readonly string[];
  /** See `FileReply.key`. */
  readonly key: string;
  /** When it was last known to lead there, in ms by the clock of the options. */
  checkedAt: number;
  /** The look at the disk that is under way: one is enough for all who ask. */
  check: Promise<boolean> | undefined;
}

/** Replies with the files below a root. */
export class StaticFiles {
  readonly #root: Root;
  readonly #options: StaticFilesOptions;
  readonly #files: FileReplies;
  readonly #listings: Listings;
  readonly #paths = new FileCache<KnownPath>(PATH_BOUNDS);

  /** For the files of one root. */
  constructor(root: Root, options: StaticFilesOptions) {
    this.#root = root;
    this.#options = options;
    this.#files = new FileReplies(root, options);
    this.#listings = new Listings(root);
  }

  /**
   * The reply to a GET or HEAD.
   *
   * @returns 200, 206, 304, 412 or 416 for a file; 200 for a listing; 301 from a directory's name to
   *     its slash; 400, 403, 404 or 503 with a page that does not tell more than its status
   * @throws what the system says, when it has no answer of its own
   */
  reply({ head, target }: Request): Reply | Promise<Reply> {
    const path = pathOf(target);
    const known = this.#paths.get(path);
    // Without a wait replies to pipelined requests leave in one write.
    if (known !== undefined && this.#options.now() - known.checkedAt < FRESH_MS) {
      const kept = this.#files.kept(known.key);
      if (kept !== undefined) return kept.reply(head, this.#options.epochMs);
    }
    return this.#find(path, target, head, known);
  }

  async #find(
    path: string,
    target: string,
    head: AskedHead,
    known: KnownPath | undefined,
  ): Promise<Reply> {
    if (known !== undefined) {
      known.check ??= this.#isStill(known).finally(() => known.check = undefined);
      const kept = await known.check ? this.#files.kept(known.key) : undefined;
      if (kept !== undefined) return kept.reply(head, this.#options.epochMs);
      this.#paths.delete(path);
    }
    try {
      return await this.#look(path, target, head);
    } catch (error) {
      return replyToError(error);
    }
  }

  async #isStill(known: KnownPath): Promise<boolean> {
    const now = this.#options.now();
    if (!await this.#files.isStill(known.names, known.key)) return false;
    known.checkedAt = now;
    return true;
  }

  async #look(path: string, target: string, head: AskedHead): Promise<Reply> {
    const asked = filePath(target);
    if ("refusedWith" in asked) return refusal(asked.refusedWith);
    const { names, isDirectory } = asked;
    const now = this.#options.now();
    const found = await this.#root.open(names);
    if (found?.kind === "directory") {
      if (!isDirectory) return redirectToDirectory(target);
      return await this.#replyWithDirectory(path, found, names, target, head);
    }
    if (found !== undefined && !isDirectory) {
      return await this.#replyWithFile(path, found.file, names, head, now);
    }
    found?.file.close();
    return refusal(404);
  }

  async #replyWithFile(
    path: string,
    file: OpenFile,
    names: readonly string[],
    head: AskedHead,
    checkedAt: number,
  ): Promise<Reply> {
    const { reply, key } = await this.#files.reply(names, file, head);
    if (key !== undefined) {
      this.#paths.set(path, { names, key, checkedAt, check: undefined, octets: path.length });
    }
    return reply;
  }

  async #replyWithDirectory(
    path: string,
    directory: FoundDirectory,
    names: readonly string[],
    target: string,
    head: AskedHead,
  ): Promise<Reply> {
    const now = this.#options.now();
    const index = await this.#root.open([...names, INDEX]).catch(undefinedIfMissing);
    if (index?.kind === "file") {
      return await this.#replyWithFile(path, index.file, [...names, INDEX], head, now);
    }
    if (this.#options.isListing) {
      return await this.#listings.reply(directory, names, target, head.fields);
    }
    const isEmptyRoot = names.length === 0 && await this.#isEmpty(directory);
    return isEmptyRoot ? NOTHING_YET : refusal(404);
  }

  async #isEmpty(root: FoundDirectory): Promise<boolean> {
    for await (const entries of directoryEntries(this.#root, root, [])) {
      if (entries.length > 0) return false;
    }
    return true;
  }
}

/**
 * The path of a target's file: the names from the root down to it, however they are spelled, so that
 * no path is known twice. What means no file has a path of no use.
 */
function pathOf(target: string): string {
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (!path.includes("%") && !path.includes("//")) {
    return path.endsWith("/") ? path + INDEX : path;
  }
  const asked = filePath(path);
  if ("refusedWith" in asked) return "";
  return ["", ...asked.names, ...(asked.isDirectory ? [INDEX] : [])].join("/");
}

/** For who has just started the server and looks whether it works. */
const NOTHING_YET = htmlReply(
  404,
  "The server is running, but there is nothing in its directory yet. Put files there, and they " +
    `are found under their names; one called ${INDEX} is shown here.`,
);

const TO_DIRECTORY = new Redirect(301, "This is a directory");

/** Relative, and never `//`, so that it cannot lead to another host (RFC 9110 §10.2.2). */
function redirectToDirectory(target: string): Reply {
  const [path = "", ...query] = target.split("?");
  const name = path.slice(path.lastIndexOf("/") + 1);
  return TO_DIRECTORY.to("", [`./${name}/`, ...query].join("?"));
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
