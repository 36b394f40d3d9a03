import { assertEquals } from "@std/assert";
import { type EventStream, EventStreams } from "../../../lib/balancing/admin/event_streams.ts";
import type { FarmStatus, ServerStatus } from "../../../lib/balancing/status.ts";
import { HandTicker } from "./hand_ticker.ts";
import { farmStatus, NOW, serverStatus } from "./made_up_farm.ts";

/** Streams over a farm of which only the redirects change. */
export class Watched {
  redirects = 0;
  /** What makes the status longer. */
  policy = "rank";
  timesAsked = 0;
  readonly ticker = new HandTicker();
  readonly errors: unknown[] = [];
  /** What happens instead of a status. */
  failure: Error | undefined;
  servers: readonly ServerStatus[] = [serverStatus()];
  readonly streams = new EventStreams(
    () => this.#status(),
    (error) => this.errors.push(error),
    this.ticker.start,
  );

  #status(): FarmStatus {
    const { redirects, policy } = this;
    if (this.failure !== undefined) throw this.failure;
    return farmStatus(this.servers, { at: NOW + 1000 * ++this.timesAsked, redirects, policy });
  }
}

/** All that a stream gives without waiting: `ping`, or the number of redirects of each status. */
export async function newsOf(stream: EventStream): Promise<(number | "ping")[]> {
  const news: (number | "ping")[] = [];
  const buffer = new Uint8Array(100_000);
  while (stream.isBehind) {
    const count = (await stream.read(buffer))!;
    const text = new TextDecoder().decode(buffer.subarray(0, count));
    const [, json] = /^retry: 1000\ndata: (.*)\n\n$/.exec(text) ?? [];
    if (json === undefined) assertEquals(text, "event: ping\ndata: {}\n\n");
    news.push(json === undefined ? "ping" : JSON.parse(json).redirects);
  }
  return news;
}
