import { UsageError } from "../cli/command.ts";
import { fieldLine, Fields, type FieldSection } from "../http/fields.ts";
import type { Load } from "../http/load_report.ts";
import type { Reply, Request } from "../net/handler.ts";
import { ERROR_REPLY } from "../net/server_connection.ts";
import { ContentDigests, EntityTags } from "./entity_tags.ts";
import { filePath, isServable } from "./file_path.ts";
import { FileServer, type FileValues } from "./file_server.ts";
import { Root } from "./root.ts";
import type { CacheStatus } from "./server_status.ts";

/** The files of the root that are sent in place of our own pages, by status code. */
const PAGES: ReadonlyMap<number, string> = new Map([
  [404, "404.html"],
  [500, "50x.html"],
  [503, "50x.html"],
]);

/** Statuses of a request for the fallback that say that there is no such file, or none to read. */
const IS_NO_FILE: ReadonlySet<number> = new Set([301, 403, 404]);

/**
 * Replies with files and, where there is none, with a fallback or with error pages of the root. They
 * are opened, kept in memory and chosen by Accept-Encoding as all files are. While one cannot be
 * sent, the reply is the one without it.
 */
export class Pages {
  readonly #files: FileServer;
  readonly #root: Root;
  /** The target of the fallback. */
  readonly #fallback: string | undefined;

  private constructor(files: FileServer, root: Root, fallback: string | undefined) {
    this.#files = files;
    this.#root = root;
    this.#fallback = fallback;
  }

  /**
   * Pages beside these files.
   *
   * @param fallback the path of a file, from the root down; sent for paths that name nothing
   * @throws {UsageError} if there is no such file
   */
  static async of(files: FileServer, root: Root, fallback?: string): Promise<Pages> {
    if (fallback === undefined) return new Pages(files, root, undefined);
    const names = fallback.split("/");
    const isFile = names.every((name, depth) => isServable(name, depth)) &&
      await isReadable(root, names);
    if (!isFile) {
      throw new UsageError(`--fallback=${fallback} is no file below ROOT that can be sent`);
    }
    return new Pages(files, root, `/${names.map(encodeURIComponent).join("/")}`);
  }

  /** As `FileServer.cache`. */
  get cache(): CacheStatus {
    return this.#files.cache;
  }

  /**
   * As `FileServer.reply`. A page has the status of the error that it stands for, whatever conditions
   * and ranges the request has; a fallback is sent as if it had been asked for.
   */
  reply(request: Request): Reply | Promise<Reply> {
    const reply = this.#files.reply(request);
    // What is in memory is no error.
    return reply instanceof Promise ? reply.then((it) => this.#instead(it, request)) : reply;
  }

  /** The reply to a request that failed unexpectedly. Never rejects. */
  readonly replyToError = (request: Request): Promise<Reply> => this.#pageFor(ERROR_REPLY, request);

  async #instead(reply: Reply, request: Request): Promise<Reply> {
    if (!PAGES.has(reply.statusCode)) return reply;
    const target = this.#fallback;
    if (target !== undefined && reply.statusCode === 404 && !isRefused(request)) {
      const found = await this.#files.reply({ ...request, target });
      if (!IS_NO_FILE.has(found.statusCode)) return found;
    }
    return await this.#pageFor(reply, request);
  }

  /** The page of the root for an error, or the reply itself. Never rejects. */
  async #pageFor(reply: Reply, request: Request): Promise<Reply> {
    const { statusCode } = reply;
    const name = PAGES.get(statusCode)!;
    if (!this.#root.mayHave([name])) return reply;
    const head = { ...request.head, fields: codingsOf(request), errorStatus: statusCode };
    try {
      const page = await this.#files.reply({ ...request, head, target: `/${name}` });
      if (page.statusCode !== statusCode) return reply;
      if (statusCode !== 503) return page;
      const headerSection = page.headerSection + fieldLine("Retry-After", "1") as FieldSection;
      return { ...page, headerSection };
    } catch {
      return reply; // Such as an error of the disk: the first one is what counts.
    }
  }
}

async function isReadable(root: Root, names: readonly string[]): Promise<boolean> {
  const found = await root.open(names).catch(() => undefined);
  if (found?.kind !== "file") return false;
  found.file.close();
  return true;
}

/** Whether a path is refused, such as that of a hidden file, rather than that it names nothing. */
function isRefused({ target }: Request): boolean {
  return "refusedWith" in filePath(target);
}

/** Of the fields of a request, only the one that decides the coding. */
function codingsOf({ head: { fields } }: Request): Fields {
  const codings = fields.get("accept-encoding");
  return new Fields(codings === undefined ? [] : [`accept-encoding:${codings}`]);
}

/**
 * Serves the files below a directory with its pages, and a built-in test file if it has none.
 *
 * @param path the real path of the directory
 * @param load what answers to the test file say of the server; nothing if undefined
 */
export async function openFileServer(
  path: string,
  options: FileValues,
  load?: () => Load,
): Promise<Pages> {
  const root = new Root(path);
  const digests = options.etag === "content" ? await ContentDigests.below(root) : undefined;
  const files = new FileServer(root, {
    cacheControl: options["cache-control"],
    tags: new EntityTags(digests),
    isListing: options.listing,
    load,
    monotonicMs: () => performance.now(),
    epochMs: Date.now,
  });
  return await Pages.of(files, root, options.fallback);
}
