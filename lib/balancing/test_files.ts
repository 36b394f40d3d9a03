import { parseEntityTag } from "../http/validators.ts";
import type { Server } from "./list/server.ts";
import type { TestFile } from "./sample.ts";

/**
 * Whether all servers give the same test file. Times of different files cannot be compared, and
 * who resumes a download at another server needs the same ETag there.
 */
export class ContentConsistency {
  /** What was last found about each server. */
  #told: ReadonlyMap<Server, string> = new Map();

  /**
   * Compares what the servers gave in one round by what most of them gave; with no majority, by the
   * first.
   *
   * @returns what is wrong with whom, but for what was found in the last comparison as well
   */
  compare(files: ReadonlyMap<Server, TestFile>): [Server, string][] {
    const found = new Map<Server, string>();
    const sizes = [...files].map(([server, { bytes }]) => [server, `${bytes}`] as const);
    const usual = mostFrequent(sizes.map(([, size]) => size));
    for (const [server, size] of sizes) {
      if (size !== usual) found.set(server, `its test file has ${size} bytes, not ${usual}`);
    }
    // Of what has another size, the ETag has to differ.
    const tags = [...files].filter(([server]) => !found.has(server)).flatMap(([server, file]) => {
      const tag = parseEntityTag(file.entityTag ?? "");
      return tag === undefined ? [] : [[server, tag.opaque] as const];
    });
    const usualTag = mostFrequent(tags.map(([, opaque]) => opaque));
    for (const [server, opaque] of tags) {
      if (opaque !== usualTag) found.set(server, "its test file has another ETag than the others");
    }
    const news = [...found].filter(([server, problem]) => this.#told.get(server) !== problem);
    this.#told = found;
    return news;
  }
}

/** The text that is there most often; of equals the first. */
function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  let most: string | undefined;
  for (const [text, count] of counts) {
    if (most === undefined || count > counts.get(most)!) most = text;
  }
  return most;
}
