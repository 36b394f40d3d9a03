import type { Request } from "../net/handler.ts";
import { htmlReply, Redirect, type Reply } from "../net/reply.ts";
import type { AskedHead } from "./conditional_reply.ts";
import { directoryEntries } from "./directory_entries.ts";
import { FileCache } from "./file_cache.ts";
import { filePath } from "./file_path.ts";
import { FileReplies, type FileReplyOptions } from "./file_replies.ts";
import type { KeptFile } from "./kept_file.ts";
import { Listings } from "./listings.ts";
import { isMissing, refusal, replyToError } from "./refusal.ts";
import type { FoundDirectory, Root } from "./root.ts";

/** What the content of a directory is called, unless it is to be listed. */
const INDEX = "index.html";

/** How much is kept in memory. */
const CACHE_BOUNDS = { octets: 64 * 1024 * 1024, entries: 10_000 };

/** For how long, in ms, a file in memory is taken to be what stands on the disk. */
const FRESH_MS = 1000;

/** How the files below a root are served. */
export interface StaticFilesOptions extends FileReplyOptions {
  /** Whether directories without an index are listed. */
  readonly isListing: boolean;
}

/** Replies with the files below a root. */
export class StaticFiles {
  readonly #root: Root;
  readonly #options: StaticFilesOptions;
  readonly #files: FileReplies;
  readonly #listings: Listings;
  readonly #cache = new FileCache<KeptFile>(CACHE_BOUNDS);

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
    const key = cacheKey(target);
    const kept = this.#cache.get(key);
    // Without a wait replies to pipelined requests leave in one write.
    if (kept !== undefined && this.#options.now() - kept.checkedAt < FRESH_MS) {
      return kept.reply(head, this.#options.epochMs);
    }
    return this.#find(key, target, head, kept);
  }

  async #find(
    key: string,
    target: string,
    head: AskedHead,
    kept: KeptFile | undefined,
  ): Promise<Reply> {
    if (kept !== undefined) {
      kept.check ??= this.#files.isStill(kept).finally(() => kept.check = undefined);
      if (await kept.check) return kept.reply(head, this.#options.epochMs);
      this.#cache.delete(key);
    }
    try {
      return await this.#look(key, target, head);
    } catch (error) {
      return replyToError(error);
    }
  }

  async #look(key: string, target: string, head: AskedHead): Promise<Reply> {
    const asked = filePath(target);
    if ("refusedWith" in asked) return refusal(asked.refusedWith);
    const { names, isDirectory } = asked;
    const found = await this.#root.open(names);
    if (found?.kind === "directory") {
      if (!isDirectory) return redirectToDirectory(target);
      return await this.#replyWithDirectory(key, found, names, target, head);
    }
    if (found !== undefined && !isDirectory) {
      return await this.#files.reply(names, found.file, head, (it) => this.#cache.set(key, it));
    }
    found?.file.close();
    return refusal(404);
  }

  async #replyWithDirectory(
    key: string,
    directory: FoundDirectory,
    names: readonly string[],
    target: string,
    head: AskedHead,
  ): Promise<Reply> {
    const index = await this.#root.open([...names, INDEX]).catch(undefinedIfMissing);
    if (index?.kind === "file") {
      const keep = (kept: KeptFile) => this.#cache.set(key, kept);
      return await this.#files.reply([...names, INDEX], index.file, head, keep);
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
 * The key under which a target's file is kept: the names from the root down to it, however they are
 * spelled, so that no file is kept twice. What means no file has a key of no use.
 */
function cacheKey(target: string): string {
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
  return TO_DIRECTORY.to([`./${name}/`, ...query].join("?"));
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
