import type { Span } from "./replay.ts";

/** One redirect as a client or the access log saw it; moments are in ms since the epoch. */
export interface Redirected {
  /** Whom to, `host:port`. */
  readonly server: string;
  /** It was asked for at this moment, or later. */
  readonly askedAt: number;
  /** It had come by then. */
  readonly toldAt: number;
}

/** How long it may take until all workers know what the log says. */
const NEWS_MS = 100;

/** Whether a redirect led to a server after the log had said that it gets no clients. */
export function wasForbidden(
  { askedAt, toldAt }: Redirected,
  spansWithout: readonly Span[],
): boolean {
  return spansWithout.some(([from, to]) => from + NEWS_MS < askedAt && toldAt < to);
}

/** Whether a redirect led to a server while that was dead. */
export function wasInVain({ askedAt, toldAt }: Redirected, dead: readonly Span[]): boolean {
  return dead.some(([from, to]) => from <= askedAt && toldAt < to);
}

/** The redirects of an access log in JSON. */
export function redirectsIn(lines: readonly string[]): Redirected[] {
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
    .filter(({ server }) => server !== null)
    .map(({ server, time }) => {
      const at = Date.parse(time);
      return { server, askedAt: at, toldAt: at };
    });
}
