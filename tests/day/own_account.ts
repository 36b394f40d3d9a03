import type { StatusDocument } from "../../lib/balancing/status.ts";
import type { StateLog } from "./state_log.ts";

/** What a balancer itself says of its day, where it shows how the farm stands. */
export interface OwnAccount {
  /** Clients that it redirected; killed workers take what they had not yet told with them. */
  readonly redirects: number;
  /** Clients that it turned away. */
  readonly unavailable: number;
  /** Servers that it shows otherwise than the log tells. */
  readonly contradictions: readonly string[];
}

/**
 * Asks a balancer that is at rest.
 *
 * @throws {Error} when the log does not tell where it shows the farm
 */
export async function ownAccount(log: StateLog): Promise<OwnAccount> {
  const messages = log.records.map(({ message = "" }) => message);
  const [, origin] = messages.map((it) => /^the farm is shown at (\S+)\//.exec(it))
    .find((it) => it !== null) ?? [];
  if (origin === undefined) throw new Error("Nothing says where the farm is shown");
  const response = await fetch(`${origin}/status.json`);
  const { redirects, unavailable, servers }: StatusDocument = await response.json();
  const contradictions = servers
    .filter(({ name, state }) => log.replay.stateOf(name) !== state)
    .map(({ name, state }) => `${name} is shown as ${state}, told as ${log.replay.stateOf(name)}`);
  return { redirects, unavailable, contradictions };
}
