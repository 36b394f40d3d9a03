import { RawClient } from "./raw_client.ts";

/** What became of a crowd's requests. */
export interface RequestCounts {
  /** Answered as they should be. */
  answered: number;
  /** On kept connections that the server closed while the request was on its way: sent again. */
  repeated: number;
  /** Connections that were made. */
  connections: number;
  /** All that must not happen. */
  readonly failures: string[];
}

/** How a crowd asks. */
export interface CrowdOptions {
  /** Clients at a time. */
  readonly clients: number;
  /** Whether each keeps its connection as long as the server does. */
  readonly isPersistent: boolean;
  /** What each waits between an answer and its next request. */
  readonly pauseMs?: number;
  /** Of a right answer; by default 200. */
  readonly statusCode?: number;
}

/** Asks 127.0.0.1 for a target again and again, until the signal fires. */
export async function keepAsking(
  port: number,
  target: string,
  options: CrowdOptions,
  until: AbortSignal,
): Promise<RequestCounts> {
  const counts: RequestCounts = { answered: 0, repeated: 0, connections: 0, failures: [] };
  const ask = async () => {
    while (!until.aborted) await useConnection(port, target, options, until, counts);
  };
  await Promise.all(Array.from({ length: options.clients }, ask));
  return counts;
}

/** Uses one connection until it ends. */
async function useConnection(
  port: number,
  target: string,
  { isPersistent, pauseMs = 0, statusCode = 200 }: CrowdOptions,
  until: AbortSignal,
  counts: RequestCounts,
): Promise<void> {
  let asked = 0;
  try {
    using client = await RawClient.connect(port);
    counts.connections++;
    const fields = `Host: a\r\n${isPersistent ? "" : "Connection: close\r\n"}`;
    for (let goesOn = true; goesOn && !until.aborted;) {
      asked++;
      await client.send(`GET ${target} HTTP/1.1\r\n${fields}\r\n`);
      const response = await client.response();
      if (response.statusCode !== statusCode) counts.failures.push(`status ${response.statusCode}`);
      else counts.answered++;
      goesOn = isPersistent && response.fields.get("connection") !== "close";
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  } catch (error) {
    // Between two requests a server may close a connection (RFC 9112 §9.3.1).
    if (asked > 1) counts.repeated++;
    else counts.failures.push(String(error));
  }
}
