import { escapeControlsInJson, say } from "../../log/console.ts";
import type { ClientRequest } from "../../net/exchange.ts";
import { reasonPhrase, type ResponseHead } from "../../http/response.ts";
import { type DownloadError, exitStatusOf } from "../download_error.ts";
import type { Outcome } from "../fetch_file.ts";
import type { Progress, TotalProgress } from "./screen.ts";
import type { TargetUri } from "../requests/target_uri.ts";

/**
 * The messages about an outcome, a line each.
 *
 * @param isOneOfMany whether an error has to say which file it is about
 */
export function outcomeLines(outcome: Outcome, isOneOfMany = false): string[] {
  const { job: { name, uri }, downloaded, failure, servers, failedTries, leftover } = outcome;
  if (failure !== undefined) {
    const left = leftover === undefined ? [] : [leftover];
    const about = isOneOfMany ? subjectOf(outcome.job, failure, failedTries) : "";
    if (failedTries < 2) return [...left, `client: ${about}${failure.message}`];
    const tried = serverLines(servers).map((line) => `client: tried ${line}`);
    const givenUp = `given up after ${failedTries} tries: ${failure.message}`;
    return [...left, ...tried, `client: ${uri.href}: ${about}${givenUp}`];
  }
  if (downloaded === undefined) return [`${name} is there: it stays as it is`];
  if (downloaded.wasFinished) return [`${name} is already complete: ${downloaded.bytes} bytes`];
  const tried = failedTries === 0 ? [] : serverLines(servers).map((line) => `tried ${line}`);
  const saved = name === "-" ? "to standard output" : downloaded.name ?? name;
  return [...tried, `saved ${saved}: ${downloaded.bytes} bytes`];
}

/** A file's name before an error, where neither that nor the URL before it tells which one it is. */
function subjectOf(
  { name, described }: Outcome["job"],
  { failure, message }: DownloadError,
  failedTries: number,
): string {
  const isNamed = failure === "file" ||
    (!described && (failedTries > 1 || /^https?:\/\//.test(message)));
  return isNamed ? "" : `${name}: `;
}

/** Each server and how the tries with it ended, a line each. */
function serverLines(servers: Outcome["servers"]): string[] {
  return servers.map(({ server, outcomes }) => {
    const counts = new Map<string, number>();
    for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const parts = [...counts].map(([what, n]) => n === 1 ? what : `${what} (${n} times)`);
    return `${server}: ${parts.join("; ")}`;
  });
}

/** One line of JSON about an outcome, without its line end. */
export function outcomeJson(outcome: Outcome): string {
  const { job: { name, uri }, downloaded, failure, servers, tries, seconds } = outcome;
  const members = {
    url: uri.href,
    finalUrl: downloaded?.uri.href ?? null,
    file: downloaded?.name ?? name,
    servers: servers.map(({ server, outcomes }) => ({ server, outcomes })),
    tries: tries.map(({ server, statusCode, bytes, ms, failure }) => ({
      server,
      statusCode: statusCode ?? null,
      bytes,
      ms: Math.round(ms),
      failure: failure ?? null,
    })),
    bytes: downloaded?.bytes ?? 0,
    seconds: Math.round(seconds * 1000) / 1000,
    sha256: downloaded?.sha256 ?? null,
    status: exitStatusOf(failure),
    error: failure?.message ?? null,
  };
  return escapeControlsInJson(JSON.stringify(members));
}

/** One line of JSON about a file that was removed, without its line end. */
export function removalJson(file: string): string {
  return escapeControlsInJson(JSON.stringify({ file, removed: true }));
}

/** A status line that was met, and where a redirect leads. */
export function responseLine(head: ResponseHead, redirect: TargetUri | undefined): string {
  const phrase = head.reasonPhrase || reasonPhrase(head.statusCode);
  const target = redirect === undefined ? "" : ` → ${redirect.href}`;
  return `${head.statusCode} ${phrase}${target}`;
}

/** A head as it goes over the wire, a line each: `>` for what goes out, `<` for what comes in. */
export function headLines(head: ClientRequest | ResponseHead): string[] {
  const [arrow, start, fieldLines] = "method" in head
    ? [">", `${head.method} ${head.requestTarget} HTTP/1.1`, head.fieldLines]
    : ["<", `HTTP/${head.httpVersion} ${head.statusCode} ${head.reasonPhrase}`, head.fields];
  return [start, ...[...fieldLines].map(([name, value]) => `${name}: ${value}`)]
    .map((line) => `${arrow} ${line}`);
}

/** Shows messages and progress to the user. */
export interface Display {
  /** Shows a line that stays. */
  say(line: string): void;
  /** A download has got on; the time is on any clock that never goes back. */
  update(name: string, progress: Progress, monotonicMs: number): void;
  /** A download has ended, or waits. */
  end(name: string): void;
}

/** How often a running download is reported: silence would be taken for a hang. */
const INTERVAL_MS = 10_000;

/** What a pipe or a log gets: a line now and then, none of which is written over. */
export class Journal implements Display {
  readonly #write: (line: string) => void;
  readonly #due = new Map<string, number>();

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  say(line: string): void {
    this.#write(line);
  }

  update(name: string, { received, length, server }: Progress, monotonicMs: number): void {
    const due = this.#due.get(name);
    if (due === undefined || monotonicMs < due) {
      if (due === undefined) this.#due.set(name, monotonicMs + INTERVAL_MS);
      return;
    }
    this.#due.set(name, monotonicMs + INTERVAL_MS);
    // Most downloads end before: what makes the text is loaded only here.
    import("./screen.ts").then(({ sizes }) => {
      if (this.#due.has(name)) this.#write(`${name}: ${sizes(received, length)} from ${server}`);
    }).catch(reportError);
  }

  end(name: string): void {
    this.#due.delete(name);
  }
}

/**
 * Progress for programs or on a terminal, else a journal of lines.
 *
 * @param total how far the whole run is
 */
export async function displayFor(
  { progress, quiet, verbose }: {
    readonly progress: "text" | "json";
    readonly quiet: boolean;
    readonly verbose: boolean;
  },
  total: () => TotalProgress,
): Promise<Display> {
  if (progress === "json") {
    const { ProgressLines } = await import("./progress_lines.ts");
    const lines = new ProgressLines(say);
    setInterval(() => lines.tick(performance.now()), 1000);
    return lines;
  }
  if (quiet || verbose || !Deno.stderr.isTerminal()) return new Journal(say);
  const { Screen } = await import("./screen.ts");
  return new Screen(Deno.stderr, () => Deno.consoleSize(), !Deno.noColor, total);
}
