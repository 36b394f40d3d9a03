/**
 * What a worker process is told: its port by its first argument, all else over its standard input.
 *
 * @module
 */

/**
 * What a worker is told: to `stop`, finishing what is under way, or to `retire` since another has
 * taken its place, so that there is time for clients that are between two requests.
 */
export type Order = "stop" | "retire";

/** What the first argument of a worker begins with; its port follows. No user writes it. */
const MARK = "--as-worker-on=";

const [, port] = new RegExp(`^${MARK}([0-9]+)$`).exec(Deno.args[0] ?? "") ?? [];

/** In a worker, the port to listen on beside others, 0 for any free one; else undefined. */
export const workerPort: number | undefined = port === undefined ? undefined : Number(port);

/** The arguments of this process as its user wrote them. */
export const userArguments: readonly string[] = Deno.args.slice(workerPort === undefined ? 0 : 1);

/** The arguments of a worker of this process. */
export function workerArguments(port: number): string[] {
  return [`${MARK}${port}`, ...userArguments];
}

/** An order as octets, for `receiveOrder`. */
export function writeOrder(order: Order): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(order.charAt(0));
}

/** Waits for an order on standard input; its end means `stop`, since then the parent is gone. */
export async function receiveOrder(): Promise<Order> {
  const octet = new Uint8Array(1);
  const count = await Deno.stdin.read(octet).catch(() => null);
  return count !== null && octet[0] === writeOrder("retire")[0] ? "retire" : "stop";
}
