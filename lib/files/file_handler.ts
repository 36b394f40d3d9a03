import {
  choice,
  type Flag,
  flag,
  type Option,
  option,
  optional,
  type ValueParser,
} from "../cli/option.ts";
import { isWritable } from "../http/fields.ts";
import { trimOws } from "../http/grammar.ts";
import type { Handler } from "../net/handler.ts";
import { ContentDigests } from "./content_digests.ts";
import { EntityTags } from "./entity_tags.ts";
import { Root } from "./root.ts";
import { StaticFiles } from "./static_files.ts";
import { isTestFile, replyWithTestFile } from "./test_file.ts";

/** The value of Cache-Control. */
export const CACHE_CONTROL: ValueParser<string> = {
  placeholder: "VALUE",
  accepts: "a value such as max-age=3600 or no-cache, in ASCII,",
  parse: (text) => isWritable("Cache-Control", text) ? trimOws(text) || undefined : undefined,
};

/** The options that say how files are served. */
export interface FileOptions {
  /** Whether directories are listed. */
  readonly listing: Flag;
  /** What entity-tags are made of. */
  readonly etag: Option<"time" | "content">;
  /** The value of Cache-Control. */
  readonly "cache-control": Option<string | undefined>;
}

/** Their values. */
export interface FileValues {
  /** Whether directories are listed. */
  readonly listing: boolean;
  /** What entity-tags are made of. */
  readonly etag: "time" | "content";
  /** The value of Cache-Control. */
  readonly "cache-control": string | undefined;
}

/** As a command has them. */
export const FILE_OPTIONS: FileOptions = {
  listing: flag("list directories that have no index.html"),
  etag: option(
    choice(["time", "content"]),
    "time",
    "make the ETag of a file of its size and time, or of its content by SHA-256",
  ),
  "cache-control": optional(CACHE_CONTROL, "the Cache-Control of files"),
};

/**
 * Replies with the files below a directory, and with the built-in test file where there is none of
 * its name.
 *
 * @param path the real path of the directory
 */
export async function fileHandler(path: string, options: FileValues): Promise<Handler> {
  const root = new Root(path);
  const digests = options.etag === "content" ? await ContentDigests.below(root) : undefined;
  const epochMs = Date.now;
  const files = new StaticFiles(root, {
    cacheControl: options["cache-control"],
    tags: new EntityTags(digests),
    isListing: options.listing,
    now: () => performance.now(),
    epochMs,
  });
  return (request) => {
    const reply = files.reply(request);
    if (!(reply instanceof Promise)) return reply; // From memory: it is there.
    return reply.then((reply) =>
      reply.statusCode === 404 && isTestFile(request.target)
        ? replyWithTestFile(request, epochMs)
        : reply
    );
  };
}
