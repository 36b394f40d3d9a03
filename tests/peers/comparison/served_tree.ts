import { manyOctets } from "../../support/farm.ts";
import { RANGE_SETS } from "../../cases/range_sets.ts";
import { RANGES } from "../../cases/ranges.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

/** When every file was last changed, in s since 1970: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const MODIFIED = 784111777;

/** When one of them will have been changed: in 2100. */
const FUTURE = 4102444800;

/** Files whose media type is looked at, by name or by the end of one. */
export const TYPED: readonly string[] = [
  ...["page.html", "page.htm", "PAGE.HTML", "style.css", "script.js", "module.mjs", "data.json"],
  ...["note.txt", "notes.md", "table.csv", "feed.xml", "drawing.svg", "image.png", "photo.jpg"],
  ...["image.webp", "image.avif", "icon.ico", "font.woff2", "film.mp4", "film.webm", "song.wav"],
  ...["song.mp3", "song.ogg", "paper.pdf", "archive.zip", "archive.tar.gz", "archive.gz"],
  ...["disk.iso", "program.wasm", "site.webmanifest", "none", "unknown.type", "two.dots.txt"],
  ...["trailing.", "library.so", "source.ts", "captions.vtt", "list.m3u8", "part.m4s"],
];

/** Names that are not easy to ask for. */
export const ODD_NAMES: readonly string[] = [
  ...["a b.txt", "grüße.txt", "cafe\u0301.txt", "日本.txt", "😀.txt", "100%.txt", "%41.txt"],
  ...["what?.txt", "hash#.txt", 'quote".txt', "apostrophe'.txt", "plus+.txt", "and&.txt"],
  ...["semi;colon.txt", "colon:.txt", "back\\slash.txt", "star*.txt", "pipe|.txt", "less<.txt"],
  ...["line\nfeed.txt", "return\r.txt", "tab\t.txt", "tilde~", "~tilde", "a..b.txt", "-dash"],
  ...["[brackets].txt", "{braces}.txt", "dollar$.txt", "at@.txt", "equals=.txt", "comma,.txt"],
  ...["caret^.txt", "tick`.txt", "bell\x07.txt", "delete\x7f.txt", "nbsp\u00a0.txt", "CON", "nul"],
];

const HIDDEN = [".hidden", ".well-known/x", "..double", "...", "dir/.hidden/x.txt", "dir/.x"];

/** Each holds its own name, so that what was sent can be told from all else. */
const NAMED: readonly string[] = [
  ...["index.html", "dated.txt", "future.txt", "dir/index.html", "dir/page.html", "dir/a b/c.txt"],
  ...[
    "dir/sub/page.html",
    "nested/index.html/page.txt",
    "empty dir/.keep",
    "outer.txt",
    "empty/.k",
  ],
  ...["coded/all.css", "coded/all.css.br", "coded/all.css.zst", "coded/all.css.gz"],
  ...["coded/gzip.css", "coded/gzip.css.gz", "coded/orphan.css.gz", "coded/page.html"],
  ...["coded/page.html.gz", "coded/index.html", "coded/index.html.gz"],
  ...TYPED.map((name) => `types/${name}`),
  ...ODD_NAMES.map((name) => `odd/${name}`),
  ...HIDDEN,
];

/** Links in the root, and where they lead. */
const LINKS = {
  "link.txt": "outer.txt",
  "link-dir": "dir",
  "link-up.txt": "dir/../outer.txt",
  "link-hidden.txt": ".hidden",
  "link-broken": "nowhere",
  "link-loop": "link-loop",
  "link-out.txt": "../outside/secret.txt",
  "link-out": "../outside",
} as const;

/** A directory with all kinds of files, and beside it one that nobody should see. */
export interface ServedTree extends AsyncDisposable {
  /** What is served. */
  readonly root: string;
}

/** Makes one. */
export async function servedTree(): Promise<ServedTree> {
  const all = await TemporaryDirectory.with();
  for (const name of NAMED) await all.write(`root/${name}`, `the content of ${name}\n`);
  await all.write("outside/secret.txt", "the secret\n");
  for (const length of new Set([...RANGES, ...RANGE_SETS].map((row) => row.length))) {
    await writeOctets(all, `root/sizes/${length}.pdf`, length);
  }
  await Deno.mkdir(all.join("root/dir/nothing"));
  for (const [name, target] of Object.entries(LINKS)) {
    await Deno.symlink(target, all.join(`root/${name}`));
  }
  await date(all.join("root"));
  await Deno.utime(all.join("root/future.txt"), FUTURE, FUTURE);
  return { root: all.join("root"), [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

/** Large ones have holes. */
async function writeOctets(tree: TemporaryDirectory, name: string, length: number): Promise<void> {
  await tree.write(name, manyOctets(Math.min(length, 10_000)));
  await Deno.truncate(tree.join(name), length);
}

async function date(directory: string): Promise<void> {
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) await date(path);
    if (!isSymlink) await Deno.utime(path, MODIFIED, MODIFIED);
  }
}
