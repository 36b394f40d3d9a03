import { contentType } from "@std/media-types";
import { extname } from "@std/path";
import { type FieldSection, fieldSection } from "../http/field_section.ts";
import { Redirect } from "../http/redirect.ts";
import { htmlReply, type Reply } from "../http/reply.ts";
import { FileCache } from "./file_cache.ts";
import { filePath } from "./file_path.ts";
import { FileContent, type OpenFile } from "./open_file.ts";
import type { Root } from "./root.ts";

/** What the content of a directory without an index is called. */
const INDEX = "index.html";

/** Files up to this size, in octets, are kept in memory, and in all so many. */
const MOST_CACHED_OCTETS = 256 * 1024;
const CACHE_BOUNDS = { octets: 64 * 1024 * 1024, entries: 10_000 };

/** For how long, in ms, a file in memory is taken to be what stands on the disk. */
const FRESH_MS = 1000;

/** A small file in memory, and the reply that it is. */
class CachedFile {
  readonly octets: number;
  checkedAt: number;
  /** The look at the disk that is under way: one is enough for all who ask. */
  check: Promise<boolean> | undefined;

  constructor(
    readonly names: readonly string[],
    readonly identity: string,
    readonly reply: Reply & { readonly content: Uint8Array },
    now: number,
  ) {
    this.octets = reply.content.length;
    this.checkedAt = now;
  }
}

/** Replies with the files below a root. */
export class StaticFiles {
  readonly #root: Root;
  readonly #now: () => number;
  readonly #cache = new FileCache<CachedFile>(CACHE_BOUNDS);

  /** For the files of one root; `now` gives ms, on any clock that never goes back. */
  constructor(root: Root, now: () => number) {
    this.#root = root;
    this.#now = now;
  }

  /**
   * The reply to a request for a file.
   *
   * @param target in origin form
   * @returns 200 with the file; 301 from a directory's name to its slash; 400, 403, 404 or 503 with a
   *     page that does not tell more than its status
   * @throws what the system says, when it has no answer of its own
   */
  reply(target: string): Reply | Promise<Reply> {
    const query = target.indexOf("?");
    const path = query === -1 ? target : target.slice(0, query);
    const cached = this.#cache.get(path);
    // Without a wait replies to pipelined requests leave in one write.
    if (cached !== undefined && this.#now() - cached.checkedAt < FRESH_MS) return cached.reply;
    return this.#find(path, target, cached).catch(replyToError);
  }

  async #find(path: string, target: string, cached: CachedFile | undefined): Promise<Reply> {
    if (cached !== undefined) {
      cached.check ??= this.#isStill(cached).finally(() => cached.check = undefined);
      if (await cached.check) return cached.reply;
      this.#cache.delete(path);
    }
    const asked = filePath(path);
    if ("refusedWith" in asked) return refusal(asked.refusedWith);
    let names = asked.names;
    let found = await this.#root.open(names);
    if (found?.kind === "directory") {
      if (!asked.isDirectory) return redirectToDirectory(target);
      names = [...names, INDEX];
      found = await this.#root.open(names);
    } else if (asked.isDirectory) {
      if (found?.kind === "file") found.file.close();
      return refusal(404);
    }
    return found?.kind === "file" ? await this.#replyWith(path, names, found.file) : refusal(404);
  }

  /** Whether what is in memory is still what stands on the disk. */
  async #isStill(cached: CachedFile): Promise<boolean> {
    const now = this.#now();
    const identity = await this.#root.identify(cached.names).catch(() => undefined);
    if (identity !== cached.identity) return false;
    cached.checkedAt = now;
    return true;
  }

  /** The 200 for a file, which is kept when it is small. */
  async #replyWith(path: string, names: readonly string[], file: OpenFile): Promise<Reply> {
    const headerSection = representationFields(names.at(-1)!);
    if (file.size > MOST_CACHED_OCTETS) {
      return { statusCode: 200, headerSection, content: new FileContent(file) };
    }
    const now = this.#now();
    try {
      const content = await file.readAll();
      const reply = { statusCode: 200, headerSection, content };
      this.#cache.set(path, new CachedFile(names, file.identity, reply, now));
      return reply;
    } finally {
      file.close();
    }
  }
}

/** The name that was asked for decides the media type, whatever a link points to. */
function representationFields(name: string): FieldSection {
  return fieldSection([
    ["Content-Type", contentType(extname(name)) ?? "application/octet-stream"],
    ["X-Content-Type-Options", "nosniff"],
  ]);
}

const TO_DIRECTORY = new Redirect(301, "This is a directory:");

/** Relative, and never `//`, so that it cannot lead to another host (RFC 9110 §10.2.2). */
function redirectToDirectory(target: string): Reply {
  const [path = "", ...query] = target.split("?");
  const name = path.slice(path.lastIndexOf("/") + 1);
  return TO_DIRECTORY.to([`./${name}/`, ...query].join("?"));
}

const SENTENCES = {
  400: "The path is not correctly encoded.",
  403: "This file may not be read.",
  404: "There is no such file here.",
  503: "Too much is going on here. Please try again.",
};

function refusal(statusCode: keyof typeof SENTENCES): Reply {
  const fieldLines = statusCode === 503 ? [["Retry-After", "1"] as const] : [];
  return htmlReply(statusCode, SENTENCES[statusCode], fieldLines);
}

const STATUSES: Readonly<Record<string, keyof typeof SENTENCES>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ELOOP: 404,
  ENAMETOOLONG: 404,
  EACCES: 403,
  EPERM: 403,
  EMFILE: 503,
  ENFILE: 503,
};

function replyToError(error: unknown): Reply {
  if (error instanceof Deno.errors.NotCapable) return refusal(403);
  if (error instanceof Deno.errors.PermissionDenied) return refusal(403);
  if (error instanceof Deno.errors.NotFound) return refusal(404);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const statusCode = STATUSES[code];
  if (statusCode === undefined) throw error;
  return refusal(statusCode);
}
