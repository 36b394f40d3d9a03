/**
 * Messages between a role and its worker processes. A worker gets its port as its first argument
 * and lines on its standard input; its reports are marked lines of its standard output.
 *
 * @module
 */

/**
 * Command to a worker: `stop` finishes the replies under way; `retire`, sent when another worker has
 * replaced it, also waits for clients that are between two requests.
 */
export type Order = "stop" | "retire";

/** Start of a worker's first argument; its port follows. No user writes it. */
const MARK = "--as-worker-on=";

/** What a line with news begins with; no order does. */
const NEWS = "+";

/** What a line with a report begins with; no line of a log does, for it is escaped there. */
const REPORT = "\x1e";

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

/** An order as octets, for `receiveOrder`. */
export function writeOrder(order: Order): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${order}\n`);
}

/** News as octets, for `receiveOrder`; it must be of one line. */
export function writeNews(news: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${NEWS}${news}\n`);
}

/**
 * Waits for an order on standard input; its end means `stop`, since then the parent is gone. Never
 * rejects.
 *
 * @param onNews called with each line of news, before the order and after it
 */
export function receiveOrder(onNews: (news: string) => void = () => {}): Promise<Order> {
  const { promise, resolve } = Promise.withResolvers<Order>();
  const take = (line: string) => {
    if (line === "stop" || line === "retire") resolve(line);
    else if (line.startsWith(NEWS)) onNews(line.slice(NEWS.length));
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
        reportError(error); // The next line may be the order.
      }
    }
  }
}

/** A report as a line for standard output; it must be of one line. */
export function writeReport(report: string): string {
  return REPORT + report;
}

/**
 * Whole lines of a worker's standard output, without those that are reports.
 *
 * @param onReport called with each report
 */
export function takeReports(lines: string, onReport: (report: string) => void): string {
  if (!lines.includes(REPORT)) return lines;
  return lines.split("\n").filter((line) => {
    if (!line.startsWith(REPORT)) return true;
    onReport(line.slice(REPORT.length));
    return false;
  }).join("\n");
}
