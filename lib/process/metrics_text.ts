/**
 * Metrics for Prometheus, in its text format 0.0.4.
 *
 * @module
 */

/** The media type of the text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Whether a value may fall, or only rises. */
export type MetricType = "gauge" | "counter";

/** A metric: its value for what is given; without one if that is null or undefined. */
export type Metric<T> = readonly [
  type: MetricType,
  name: string,
  help: string,
  valueOf: (of: T) => number | null | undefined,
];

/** Writes the metrics of one program, whose names begin with its own. */
export class MetricsText {
  readonly #prefix: string;

  /** @param program such as `balancer`, for names such as `balancer_workers` */
  constructor(program: string) {
    this.#prefix = `${program}_`;
  }

  /** The lines that stand before the samples of a metric. */
  heading(type: MetricType, name: string, help: string): string {
    const full = this.#prefix + name;
    return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n`;
  }

  /** One sample; nothing if its value is unknown. */
  sample(
    name: string,
    labels: Readonly<Record<string, string>>,
    value: number | null = null,
  ): string {
    return value === null ? "" : `${this.#prefix}${name}${labelsText(labels)} ${value}\n`;
  }

  /** Metrics without labels; nothing of those whose value is unknown. */
  all<T>(metrics: readonly Metric<T>[], of: T): string {
    return metrics.map(([type, name, help, valueOf]) => {
      const sample = this.sample(name, {}, valueOf(of));
      return sample && this.heading(type, name, help) + sample;
    }).join("");
  }
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

/** Escapes backslash, quote and line feed in a label's value. */
function escapeLabel(value: string): string {
  return value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}

/** Milliseconds as seconds, the unit of metrics. */
export function seconds(ms: number | null = null): number | null {
  return ms === null ? null : ms / 1000;
}
