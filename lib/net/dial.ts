import { Connection } from "./connection.ts";
import { DeadlineError, networkError } from "./network_error.ts";

/** A client reads content rather than heads. */
const INPUT_BYTES = 512 * 1024;

/**
 * Connects to a server.
 *
 * @param hostname a name or an address; IPv6 without brackets
 * @param timeoutMs how long the connecting may take, the look-up of the name included
 * @throws {DeadlineError} when it took longer
 * @throws {NetworkError} when it cannot be reached
 */
export async function dial(
  hostname: string,
  port: number,
  timeoutMs: number,
): Promise<Connection> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return new Connection(await Deno.connect({ hostname, port, signal }), {
      inputBytes: INPUT_BYTES,
    });
  } catch (error) {
    throw signal.aborted ? new DeadlineError("connect") : networkError(error);
  }
}
