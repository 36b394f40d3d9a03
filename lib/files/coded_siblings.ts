import type { ContentCoding } from "../http/negotiation.ts";
import type { Root } from "./root.ts";

/** What was compressed beforehand and stands beside the file that it was made of. */
export interface CodedSibling {
  /** How it was compressed. */
  readonly coding: ContentCoding;
  /** Where it stands, from the root down. */
  readonly names: readonly string[];
  /** See `OpenFile.identity`. */
  readonly identity: string;
}

/** In our order of preference: the smallest first, as a rule. */
const SUFFIXES = [["br", ".br"], ["zstd", ".zst"], ["gzip", ".gz"]] as const;

/**
 * The siblings of a file: `a.css.br`, `a.css.zst` and `a.css.gz` of `a.css`. Like nginx's
 * `gzip_static` we do not ask how old they are: who changes a file makes them anew. What is
 * compressed by its own name has none.
 *
 * @param names of the file, which is there
 */
export async function codedSiblings(root: Root, names: readonly string[]): Promise<CodedSibling[]> {
  const name = names.at(-1)!;
  if (SUFFIXES.some(([, suffix]) => name.endsWith(suffix))) return [];
  const siblings: CodedSibling[] = [];
  for (const [coding, suffix] of SUFFIXES) {
    const sibling = [...names.slice(0, -1), name + suffix];
    if (!root.mayHave(sibling)) continue;
    const identity = await root.identify(sibling).catch(() => undefined);
    if (identity !== undefined) siblings.push({ coding, names: sibling, identity });
  }
  return siblings;
}
