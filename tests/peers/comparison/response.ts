/** A response as it was sent, whatever its server thinks of HTTP. One character is an octet. */
export interface Response {
  /** Three digits, or in words what came in place of a status line. */
  readonly statusCode: string;
  /** By names in lower case, the values of several lines joined. */
  readonly fields: ReadonlyMap<string, string>;
  /** What is left without chunks. */
  readonly content: string;
}

/** The final response in all that was received until the connection ended. */
export function finalResponse(text: string): Response {
  const [head = ""] = text.split("\r\n\r\n", 1);
  const [statusLine = "", ...lines] = head.split("\r\n");
  const statusCode = /^HTTP\/1\.[01] ([0-9]{3}) /.exec(statusLine)?.[1];
  if (statusCode === undefined) {
    return { statusCode: inWords(text), fields: new Map(), content: "" };
  }
  const rest = text.slice(head.length + 4);
  if (statusCode.startsWith("1")) return finalResponse(rest);
  const fields = fieldsOf(lines);
  const content = fields.get("transfer-encoding") === "chunked" ? unchunked(rest) : rest;
  return { statusCode, fields, content };
}

function inWords(text: string): string {
  return text === "" ? "nothing" : "content without a head";
}

function fieldsOf(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    const before = fields.get(name.toLowerCase());
    fields.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

function unchunked(text: string): string {
  const [line = "", size = ""] = /^([0-9a-f]+)\r\n/i.exec(text) ?? [];
  const length = parseInt(size, 16);
  if (!(length > 0)) return "";
  const end = line.length + length;
  return text.slice(line.length, end) + unchunked(text.slice(end + 2));
}

/** One part of a 206 that has several. */
export interface Part {
  readonly contentRange: string;
  readonly contentType: string;
  readonly content: string;
}

/** The parts of a multipart response, read by their delimiters; undefined when it is none. */
export function partsOf({ fields, content }: Response): Part[] | undefined {
  const type = fields.get("content-type") ?? "";
  const boundary = /^multipart\/byteranges; *boundary="?([^"]+)"?$/.exec(type)?.[1];
  if (boundary === undefined) return undefined;
  return `\r\n${content}`.split(`\r\n--${boundary}`).slice(1, -1).map((piece) => {
    const end = piece.indexOf("\r\n\r\n");
    const fields = fieldsOf(piece.slice(2, end).split("\r\n"));
    const field = (name: string) => fields.get(name) ?? "none";
    return {
      contentRange: field("content-range"),
      contentType: field("content-type"),
      content: piece.slice(end + 4),
    };
  });
}
