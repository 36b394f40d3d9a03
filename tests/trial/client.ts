import { download } from "../../lib/download/download.ts";
import { DownloadError } from "../../lib/download/download_error.ts";
import { AttemptLog } from "../../lib/download/attempts.ts";
import { StreamOutput } from "../../lib/download/output.ts";
import { parseTypedUri } from "../../lib/download/target_uri.ts";
import { Connections } from "../../lib/download/transport.ts";
import { PLAIN_SAVING, plainSettings } from "../support/downloading.ts";

/** What became of one download. */
export interface Experience {
  /** From the first question to the balancer until the end, in seconds. */
  readonly seconds: number;
  /** Tries that failed. */
  readonly failures: number;
  /** Why it was given up in the end; undefined when it was not. */
  readonly reason: string | undefined;
  /** Whether it ended with another length than was asked for. */
  readonly isWrong: boolean;
}

/** As with client.ts. */
const TIMEOUT_MS = 30_000;

/** Downloads a file of that size through a balancer as client.ts would, and keeps nothing of it. */
export async function experience(balancer: string, bytes: number): Promise<Experience> {
  const start = performance.now();
  const attempts = new AttemptLog();
  const connections = new Connections(TIMEOUT_MS);
  const told = (reason: string | undefined, isWrong: boolean): Experience => ({
    seconds: (performance.now() - start) / 1000,
    failures: attempts.failures,
    reason,
    isWrong,
  });
  try {
    const typed = parseTypedUri(`${balancer}/test.bin?bytes=${bytes}`);
    const context = { typed, attempts, ...plainSettings(connections, TIMEOUT_MS) };
    const downloaded = await download(context, nowhere(), PLAIN_SAVING);
    return told(undefined, downloaded.bytes !== bytes);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return told(error.message, false);
  } finally {
    connections.close();
  }
}

function nowhere(): StreamOutput {
  return new StreamOutput("nowhere", {
    write: (octets) => Promise.resolve(octets.length),
    close: () => {},
  });
}
