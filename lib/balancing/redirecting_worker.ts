import { standardOutput } from "../log/access_log.ts";
import { LAST_LINES_MS, type LineWriter } from "../log/line_writer.ts";
import type { HttpServer } from "../process/http_server.ts";
import { fired, stopSignal } from "../process/signals.ts";
import { writeReport } from "../process/worker_protocol.ts";
import type { Chooser } from "./chooser.ts";
import { PoolSubscriber, writeCounts } from "./news.ts";
import type { RequestCounters } from "./tally.ts";

/** How often a worker reports, in ms. */
const REPORT_MS = 1000;

/**
 * What a worker does: it redirects to whom its parent lets it know of, and reports how many clients
 * went where, until its parent stops it.
 *
 * @param chooser is told who may be picked
 * @param counters of the clients of the server; it is emptied by each report
 * @param openServer begins to listen, once a server can be picked; its access log goes to the output given
 * to where the reports go
 * @throws {CommandError} when it is not possible to listen
 */
export async function runWorker(
  chooser: Chooser,
  counters: RequestCounters,
  openServer: (output: LineWriter) => HttpServer,
): Promise<void> {
  const reader = new PoolSubscriber(chooser, () => performance.now());
  const greeted = Promise.withResolvers<void>();
  const stop = stopSignal(undefined, (news) => {
    reader.read(news);
    greeted.resolve();
  });
  await Promise.race([greeted.promise, fired(stop)]);
  const output = standardOutput();
  const server = openServer(output);
  server.announce();
  const reporting = setInterval(() => report(counters, output), REPORT_MS);
  await server.serveUntil(stop);
  await server.close(stop);
  clearInterval(reporting);
  report(counters, output);
  await output.flush(LAST_LINES_MS);
}

/**
 * Reports what was counted since the last report. Where so much waits for the parent that a report
 * would be dropped there is none: the counters keeps it all for the next one.
 */
export function report(counters: RequestCounters, output: LineWriter): void {
  if (!output.isFull) output.write(writeReport(writeCounts(counters.take())));
}
