/**
 * Messages between a role and its worker processes: lines of JSON, on a worker's standard input and
 * among the lines of its log on its standard output. A worker gets its port as its first argument.
 *
 * @module
 */

/**
 * Command to a worker: `stop` finishes open requests; `drain`, sent when another worker has replaced
 * it, also waits for clients that are between two requests.
 */
export type Command = "stop" | "drain";

/**
 * One line: a command, an update that the role sends its workers, or a report of a worker. The role
 * defines the content of updates and reports, and validates it where it is read.
 */
export type Message =
  | { readonly kind: Command }
  | { readonly kind: "update" | "report"; readonly content: unknown };

/** Start of a worker's first argument; its port follows. No user writes it. */
const MARK = "--as-worker-on=";

/** What a message begins with (RFC 7464); no line of a log does, since it is escaped there. */
const RECORD_SEPARATOR = "\x1e";

/** In a worker, the port to listen on beside others, 0 for any free one; else undefined. */
export function workerPort(): number | undefined {
  const [, port] = new RegExp(`^${MARK}([0-9]+)$`).exec(Deno.args[0] ?? "") ?? [];
  return port === undefined ? undefined : Number(port);
}

/** The arguments of this process as its user wrote them. */
export function userArguments(): readonly string[] {
  return Deno.args.slice(workerPort() === undefined ? 0 : 1);
}

/** The arguments of a worker of this process. */
export function workerArguments(port: number): string[] {
  return [`${MARK}${port}`, ...userArguments()];
}

/** Writes a message as a line without its end. */
export function writeMessage(message: Message): string {
  return RECORD_SEPARATOR + JSON.stringify(message);
}

/** Reads a line without its end; undefined if it is no message. */
export function readMessage(line: string): Message | undefined {
  if (!line.startsWith(RECORD_SEPARATOR)) return undefined;
  try {
    const message: unknown = JSON.parse(line.slice(RECORD_SEPARATOR.length));
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  const { kind } = value;
  if (kind === "update" || kind === "report") return "content" in value;
  return kind === "stop" || kind === "drain";
}

/**
 * Waits for a command on standard input; its end means `stop`, since then the parent is gone. Never
 * rejects.
 *
 * @param onUpdate called with the content of each update, before the command and after it
 */
export function receiveCommand(onUpdate: (content: unknown) => void = () => {}): Promise<Command> {
  const { promise, resolve } = Promise.withResolvers<Command>();
  const take = (line: string) => {
    const message = readMessage(line);
    if (message?.kind === "update") onUpdate(message.content);
    else if (message?.kind === "stop" || message?.kind === "drain") resolve(message.kind);
  };
  readLines(take).catch(reportError).then(() => resolve("stop"));
  return promise;
}

async function readLines(take: (line: string) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await Deno.stdin.read(buffer).catch(() => null);
    if (count === null) return;
    const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      try {
        take(line);
      } catch (error) {
        reportError(error); // The next line may be the command.
      }
    }
  }
}

/**
 * Whole lines of a worker's standard output, without those that are messages.
 *
 * @param onReport called with the content of each report
 */
export function takeReports(lines: string, onReport: (content: unknown) => void): string {
  if (!lines.includes(RECORD_SEPARATOR)) return lines;
  return lines.split("\n").filter((line) => {
    if (!line.startsWith(RECORD_SEPARATOR)) return true;
    const message = readMessage(line);
    if (message?.kind === "report") onReport(message.content);
    return false;
  }).join("\n");
}
