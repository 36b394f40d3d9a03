/** Reads a list of URLs, one a line: blank lines and those that begin with `#` are passed over. */
export function parseUrlList(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  );
}
