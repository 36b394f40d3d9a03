/** A response as it stood on the wire; one character is an octet. */
export interface RawReply {
  readonly statusCode: number;
  /** By names in lower case; of several values the last. */
  readonly fields: ReadonlyMap<string, string>;
  /** What is left without chunks. */
  readonly content: string;
}

/**
 * Takes a text apart into responses, by a parser that is not the one under test. It throws when the
 * text ends in the middle of one.
 *
 * @param methods those of the requests, where they are not all GET
 */
export function repliesOf(text: string, methods: readonly string[] = []): RawReply[] {
  const replies: RawReply[] = [];
  let finals = 0;
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) throw new Error(`No whole head: ${JSON.stringify(rest)}`);
    const [statusLine = "", ...lines] = rest.slice(0, end).split("\r\n");
    const [, digits] = /^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z -]*$/.exec(statusLine) ?? [];
    if (digits === undefined) throw new Error(`No status line: ${JSON.stringify(statusLine)}`);
    const fields = new Map(lines.map((line) => {
      const [, name, value] = /^([^:\s]+): (.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`No field line: ${JSON.stringify(line)}`);
      return [name.toLowerCase(), value!];
    }));
    const statusCode = Number(digits);
    const method = statusCode < 200 ? "HEAD" : methods[finals++] ?? "GET";
    const hasContent = method !== "HEAD" && statusCode !== 204 && statusCode !== 304;
    const [content, after] = hasContent
      ? contentOf(fields, rest.slice(end + 4))
      : ["", rest.slice(end + 4)];
    replies.push({ statusCode, fields, content });
    rest = after;
  }
  return replies;
}

/** The only response in a text. */
export function replyOf(text: string, method = "GET"): RawReply {
  const replies = repliesOf(text, [method]);
  if (replies.length !== 1) throw new Error(`${replies.length} responses: ${JSON.stringify(text)}`);
  return replies[0]!;
}

function contentOf(
  fields: ReadonlyMap<string, string>,
  text: string,
): [content: string, rest: string] {
  const length = fields.get("content-length");
  if (length !== undefined) {
    if (text.length < Number(length)) throw new Error(`Content of ${text.length} of ${length}`);
    return [text.slice(0, Number(length)), text.slice(Number(length))];
  }
  if (fields.get("transfer-encoding") !== "chunked") return [text, ""];
  let content = "";
  for (let rest = text;;) {
    const [line, size] = /^([0-9a-f]+)\r\n/.exec(rest) ?? [];
    if (line === undefined) throw new Error(`No chunk: ${JSON.stringify(rest.slice(0, 80))}`);
    const end = line.length + parseInt(size!, 16);
    if (rest.slice(end, end + 2) !== "\r\n") throw new Error("A chunk does not end");
    content += rest.slice(line.length, end);
    rest = rest.slice(end + 2);
    if (end === line.length) return [content, rest];
  }
}
