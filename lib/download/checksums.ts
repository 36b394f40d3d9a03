/**
 * Reads a list of SHA-256 checksums as `sha256sum` writes it: `HEX  NAME` or `HEX *NAME` a line. A
 * line that begins with a backslash has `\\` and `\n` in its name for what they stand for.
 *
 * @returns the digests in lower case by name; undefined when a line is none of such a list
 */
export function parseChecksums(text: string): ReadonlyMap<string, string> | undefined {
  const checksums = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, escaped, hex, name] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/i.exec(line) ?? [];
    if (hex === undefined) return undefined;
    const plain = escaped === "" ? name! : name!.replace(/\\([\\n])/g, unescaped);
    checksums.set(plain.replace(/^\.\//, ""), hex.toLowerCase());
  }
  return checksums;
}

function unescaped(_: string, letter: string): string {
  return letter === "n" ? "\n" : letter;
}
