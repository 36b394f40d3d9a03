/** `HEX  NAME`, `HEX *NAME`, or with one blank or TAB between; a backslash before it: see below. */
const PLAIN = /^[ \t]*(?<escaped>\\?)(?<hex>[0-9a-f]{64})(?: [ *]|[ \t]+)(?<name>.+)$/i;

/** `SHA256 (NAME) = HEX`, as of `--tag`, the BSDs and openssl. */
const TAGGED =
  /^[ \t]*(?<escaped>\\?)SHA(?:2-)?256 ?\((?<name>.+)\) ?= ?(?<hex>[0-9a-f]{64})[ \t]*$/i;

/** SHA-256 checksums by the names of files, which may have directories before them. */
export class Checksums {
  readonly #digests = new Map<string, Set<string>>();

  /**
   * Reads a list as `sha256sum -c` does: its own and that of `--tag`, however its lines
   * end. All other lines are passed over: those of other algorithms, and of a signature around.
   * A line that begins with a backslash has `\\` and `\n` in its name for what they stand for.
   */
  constructor(text: string) {
    for (const line of text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)) {
      const { escaped, hex, name } = (PLAIN.exec(line) ?? TAGGED.exec(line))?.groups ?? {};
      if (hex === undefined) continue;
      const plain = escaped === ""
        ? name!
        : name!.replace(/\\([\\n])/g, (_, letter) => letter === "n" ? "\n" : letter);
      this.#add(plain.replace(/^(?:\.\/)+/, ""), hex.toLowerCase());
    }
  }

  get count(): number {
    return this.#digests.size;
  }

  /**
   * The checksums that are listed for a file, in lower case: of that name, else of that name in a
   * directory. If there are several, those whose directories are the last of `path` count.
   *
   * @param path where the file comes from
   * @returns one, unless the list contradicts itself; none when the file is not listed
   */
  find(name: string, path: string): string[] {
    const exact = this.#digests.get(name);
    if (exact !== undefined) return [...exact];
    const listed = [...this.#digests].filter(([it]) => it.endsWith(`/${name}`));
    const fitting = listed.filter(([it]) => path.endsWith(it.startsWith("/") ? it : `/${it}`));
    const digests = (fitting.length > 0 ? fitting : listed).flatMap(([, it]) => [...it]);
    return [...new Set(digests)];
  }

  #add(name: string, hex: string): void {
    const digests = this.#digests.get(name);
    if (digests === undefined) this.#digests.set(name, new Set([hex]));
    else digests.add(hex);
  }
}
