/** How one server did in a round. */
export interface RoundTime {
  /** `host:port`. */
  readonly server: string;
  /** Of its last transfer that passed. */
  readonly elapsedMs: number;
}

/** A line of a balancer's standard error with `--log=json`; which fields there are, `event` says. */
export interface StateRecord {
  /** In ms since the epoch, by the balancer's clock. */
  readonly at: number;
  /** What happened. */
  readonly event: string;
  /** The line as it was. */
  readonly line: string;
  /** Whom it happened to, `host:port`. */
  readonly server?: string;
  /** How long a server that returns was out. */
  readonly outMs?: number;
  /** How many are in the list. */
  readonly servers?: number;
  /** How many of them are available. */
  readonly available?: number;
  /** The servers of a round. */
  readonly fastest?: readonly RoundTime[];
  /** What is said to people. */
  readonly message?: string;
}

/** Reads a line; undefined when it is no object with a time and an event. */
export function parseStateRecord(line: string): StateRecord | undefined {
  try {
    const value = JSON.parse(line);
    const at = Date.parse(value.time);
    return Number.isNaN(at) || typeof value.event !== "string" ? undefined : { ...value, at, line };
  } catch {
    return undefined;
  }
}
