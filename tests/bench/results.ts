/** The contestants. */
export type Name =
  | ("ours" | "ours, --log=common" | "floor" | "Deno.serve" | "node:http")
  | ("nginx" | "nginx return 301" | "nginx random of three" | "nginx open_file_cache")
  | ("HAProxy redirect" | "HAProxy redir" | "lighttpd" | "Caddy")
  | ("curl" | "wget" | "aria2c" | "deno run that prints");

/** A quantity in its unit. */
export type Metric =
  | ("requests/s" | "CPU µs/request" | "median ms" | "99 % ms" | "core busy %")
  | ("connections/s" | "CPU µs/connection" | "KiB/connection" | "connections")
  | ("GiB/s" | "CPU ms/GiB" | "ms" | "MiB" | "growth" | "files" | "functions");

/** The load under which it is measured. */
export type Subject =
  | "redirect, keep-alive"
  | "redirect, pipelined ×16"
  | "redirect, one request per connection"
  | "redirect, 3 requests per connection"
  | "redirect, 16 pipelined requests per connection"
  | "file of 1 KiB, keep-alive"
  | "file of 100 KiB"
  | "file of 10 MiB"
  | "file of 1 GiB"
  | "1 KiB answers while a 1 GiB download runs"
  | "the 1 GiB download beside them"
  | "TLS, file of 20 kB, one kept connection"
  | "TLS, new connections, one request each"
  | "memory at start"
  | "5,000 idle keep-alive connections"
  | "the next 5,000 idle connections"
  | "memory after short connections"
  | "client, 1 GiB to a file in memory"
  | "client, 1 GiB to /dev/null"
  | "client, fifty times 1 KiB, each"
  | "code that runs for a GET of a new file"
  | "code that runs for a GET of a cached file"
  | "code that runs for a redirect";

/** One figure of one contestant, as each round gave it. */
export interface Series {
  readonly subject: Subject;
  readonly metric: Metric;
  readonly contestant: Name;
  readonly values: number[];
}

/** All figures, in the order in which they first came. */
export class Results {
  readonly #series = new Map<string, Series>();

  /** Adds the figures of one round. */
  add(
    subject: Subject,
    contestant: Name,
    figures: Readonly<Partial<Record<Metric, number>>>,
  ): void {
    for (const [metric, value] of Object.entries(figures) as [Metric, number][]) {
      const found = this.find(subject, metric, contestant);
      const key = keyOf(subject, metric, contestant);
      if (found === undefined) {
        this.#series.set(key, { subject, metric, contestant, values: [value] });
      } else found.values.push(value);
    }
  }

  find(subject: Subject, metric: Metric, contestant: Name): Series | undefined {
    return this.#series.get(keyOf(subject, metric, contestant));
  }

  get series(): Series[] {
    return [...this.#series.values()];
  }
}

function keyOf(...parts: readonly string[]): string {
  return parts.join("\n");
}

/** The middle and both ends of some figures. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The spread of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
