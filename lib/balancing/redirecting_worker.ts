import { LOG_FLUSH_MS } from "../access_log.ts";
import type { Desk } from "../run/desk.ts";
import { REPORT_MARK } from "../orders.ts";
import { fired, stopSignal } from "../run/stop.ts";
import type { Chooser } from "./chooser.ts";
import { NewsReader, writeReport } from "./news.ts";
import type { Tally } from "./tally.ts";

/** How often a worker reports, in ms. */
const REPORT_MS = 1000;

/**
 * What a worker does: it redirects to whom its parent lets it know of, and reports how many clients
 * went where, until its parent stops it.
 *
 * @param chooser is told who may be picked
 * @param tally of the clients that come to the desk
 * @param openDesk begins to listen, once there is somebody to choose
 * @throws {CommandError} when it is not possible to listen
 */
export async function redirectAsTold(
  chooser: Chooser,
  tally: Tally,
  openDesk: () => Desk,
): Promise<void> {
  const reader = new NewsReader(chooser, () => performance.now());
  const greeted = Promise.withResolvers<void>();
  const stop = stopSignal(undefined, (news) => {
    reader.read(news);
    greeted.resolve();
  });
  await Promise.race([greeted.promise, fired(stop)]);
  const desk = openDesk();
  const report = () => desk.log.append(REPORT_MARK + writeReport(tally.counts));
  desk.announce();
  const reporting = setInterval(report, REPORT_MS);
  await desk.serveUntil(stop);
  await desk.close(stop);
  clearInterval(reporting);
  report();
  await desk.log.flush(LOG_FLUSH_MS);
}
