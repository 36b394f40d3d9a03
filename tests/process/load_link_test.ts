import { assertEquals } from "@std/assert";
import type { Load } from "../../lib/http/load_report.ts";
import { NO_LOAD } from "../../lib/net/load_meter.ts";
import { type Counts, LoadPublisher, ServerLoad } from "../../lib/process/load_link.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

function loadOf(
  openTransfers: number,
  pendingBytes = 0,
  bytesPerSecond = 0,
  utilization = 0,
): Load {
  return { openTransfers, pendingBytes, bytesPerSecond, utilization };
}

/** A process that sends, and its reports. */
function processOf() {
  const clock = new VirtualClock();
  const reports: Load[] = [];
  const link = { isFull: false };
  const load = new ServerLoad({
    ...{ clock: clock.read, schedule: clock.schedule },
    report: (it) => !link.isFull && "load" in it && reports.push(it.load) > 0,
  });
  const connection = { writtenBytes: 0, sentBytes: 0 };
  const written = { contentBytes: 0 };
  return { clock, reports, load, connection, written, link };
}

Deno.test("ServerLoad reports what changes, four times a second, and then nothing", async () => {
  const { clock, reports, load, connection, written } = processOf();
  await clock.advance(10_000);
  assertEquals(reports, []);
  const transfer = load.meter.begin(connection, written, 1000);
  await clock.advance(500);
  assertEquals(reports, [loadOf(1, 1000)]);
  written.contentBytes = connection.writtenBytes = connection.sentBytes = 1000;
  await clock.advance(250);
  assertEquals(reports.splice(1), [loadOf(1, 0, 1000, 0.25)]);
  load.meter.end(transfer, true);
  await clock.advance(250);
  assertEquals(reports.splice(1), [loadOf(0, 0, 1000, 0.25)]);
  await clock.advance(60_000);
  assertEquals(reports.splice(1), [NO_LOAD]);
  load.meter.begin(connection, { contentBytes: 0 }, 2000);
  await clock.advance(250);
  assertEquals(reports.splice(1), [loadOf(1, 2000)]);
});

Deno.test("ServerLoad reports again what could not be reported", async () => {
  const { clock, reports, load, connection, written, link } = processOf();
  link.isFull = true;
  load.meter.end(load.meter.begin(connection, written, 10), true);
  load.meter.begin(connection, written, 10);
  await clock.advance(10_000);
  link.isFull = false;
  await clock.advance(250);
  assertEquals(reports, [loadOf(1, 10)]);
});

Deno.test("ServerLoad.now() adds the load of others, until they say otherwise", () => {
  const { load, connection, written } = processOf();
  load.meter.begin(connection, written, 1000);
  assertEquals(load.now(), loadOf(1, 1000));
  load.learn({ load: loadOf(2, 30, 4, 0.5) });
  assertEquals(load.now(), loadOf(3, 1030, 4, 0.5));
  const wrong = [undefined, null, 3, {}, { load: null }, { load: { openTransfers: 9 } }];
  for (const content of wrong) load.learn(content);
  assertEquals(load.now(), loadOf(3, 1030, 4, 0.5));
  load.learn({ load: NO_LOAD });
  assertEquals(load.now(), loadOf(1, 1000));
});

Deno.test("ServerLoad.close() ends its measuring", async () => {
  const { clock, reports, load, connection, written } = processOf();
  load.meter.begin(connection, written, 1000);
  load.close();
  load.meter.begin(connection, written, 1000);
  await clock.advance(10_000);
  assertEquals(reports, []);
});

/** Workers by their process ids, and what each was sent. */
function workersOf(publisher: LoadPublisher, ...pids: readonly number[]) {
  return pids.map((pid) => {
    const updates: unknown[] = [];
    const accepting = { promise: Promise.resolve() };
    const end = publisher.subscribe((content) => {
      updates.push(content);
      return accepting.promise;
    }, pid);
    return { pid, updates, end, accepting };
  });
}

Deno.test("LoadPublisher tells each worker the load of all others", async () => {
  const clock = new VirtualClock();
  const publisher = new LoadPublisher(clock.schedule);
  const [a, b, c] = workersOf(publisher, 1, 2, 3);
  publisher.onReport({ load: loadOf(1, 10, 100) }, 1);
  publisher.onReport({ load: loadOf(2, 20, 200) }, 2);
  await clock.advance(1000);
  assertEquals(a!.updates, [{ load: loadOf(2, 20, 200) }]);
  assertEquals(b!.updates, [{ load: loadOf(1, 10, 100) }]);
  assertEquals(c!.updates, [{ load: loadOf(3, 30, 300) }]);
  publisher.onReport({ load: loadOf(1, 10, 100) }, 1);
  for (const content of [undefined, {}, { load: "much" }]) publisher.onReport(content, 1);
  publisher.onReport({ load: loadOf(9) }, 4);
  await clock.advance(1000);
  assertEquals([a, b, c].map((it) => it!.updates.length), [1, 1, 1]);
});

Deno.test("LoadPublisher forgets a worker that has ended, and tells a new one", async () => {
  const clock = new VirtualClock();
  const publisher = new LoadPublisher(clock.schedule);
  const [a, b] = workersOf(publisher, 1, 2);
  publisher.onReport({ load: loadOf(1) }, 1);
  publisher.onReport({ load: loadOf(2) }, 2);
  await clock.advance(1000);
  const [c] = workersOf(publisher, 3);
  await settled();
  assertEquals(c!.updates, [{ load: loadOf(3) }]);
  b!.end();
  publisher.onReport({ load: loadOf(7) }, 2); // It was on its way.
  await clock.advance(1000);
  assertEquals([a, c].map((it) => it!.updates.at(-1)), [{ load: NO_LOAD }, { load: loadOf(1) }]);
});

Deno.test("LoadPublisher sends a worker that does not read only the latest, afterwards", async () => {
  const clock = new VirtualClock();
  const publisher = new LoadPublisher(clock.schedule);
  const [, b] = workersOf(publisher, 1, 2);
  const accepted = Promise.withResolvers<void>();
  b!.accepting.promise = accepted.promise;
  for (let open = 1; open <= 50; open++) {
    publisher.onReport({ load: loadOf(open) }, 1);
    await clock.advance(250);
  }
  assertEquals(b!.updates, [{ load: loadOf(1) }]);
  accepted.resolve();
  await settled();
  assertEquals(b!.updates, [{ load: loadOf(1) }, { load: loadOf(50) }]);
});

/** What a process has counted. */
function countsOf(sent: number, open: number, responses: Record<string, number> = {}): Counts {
  return { totals: { sent, responses }, levels: { open } };
}

Deno.test("ServerLoad reports counts once a second while they change, and at the end", async () => {
  const clock = new VirtualClock();
  const reports: unknown[] = [];
  const link = { isFull: true };
  const report = (content: unknown) => !link.isFull && reports.push(content) > 0;
  const load = new ServerLoad({ clock: clock.read, schedule: clock.schedule, report });
  let counts = countsOf(1, 1);
  load.reportCounts(() => counts);
  await clock.advance(2000);
  link.isFull = false;
  await clock.advance(1000);
  counts = countsOf(2, 1);
  await clock.advance(3000);
  assertEquals(reports.splice(0), [{ counts: countsOf(1, 1) }, { counts: countsOf(2, 1) }]);
  counts = countsOf(3, 0);
  load.close();
  await clock.advance(3000);
  assertEquals(reports, [{ counts: countsOf(3, 0) }]);
});

Deno.test("ServerLoad of a process without a parent reports nothing", async () => {
  const clock = new VirtualClock();
  const load = new ServerLoad({ clock: clock.read, schedule: clock.schedule, report: undefined });
  load.reportCounts(() => {
    throw new Error("Nobody asks for counts here.");
  });
  load.meter.begin({ writtenBytes: 0, sentBytes: 0 }, { contentBytes: 0 }, 5);
  await clock.advance(5000);
  load.close();
});

Deno.test("LoadPublisher adds up counts and loads; totals outlive their worker, levels do not", async () => {
  const clock = new VirtualClock();
  const publisher = new LoadPublisher(clock.schedule);
  assertEquals(publisher.counts, { totals: {}, levels: {} });
  const [a] = workersOf(publisher, 1, 2);
  publisher.onReport({ counts: countsOf(1, 1, { 200: 1 }) }, 1);
  publisher.onReport({ counts: countsOf(10, 1, { 200: 5, 404: 7 }) }, 1);
  publisher.onReport({ counts: countsOf(5, 3, { 404: 1 }) }, 2);
  publisher.onReport({ load: loadOf(2, 3, 4) }, 1);
  publisher.onReport({ load: loadOf(1) }, 2);
  for (const counts of [undefined, 3, { totals: null, levels: {} }, { totals: {} }]) {
    publisher.onReport({ counts }, 2);
  }
  assertEquals(publisher.counts, countsOf(15, 4, { 200: 5, 404: 8 }));
  assertEquals([publisher.load, publisher.pids], [loadOf(3, 3, 4), [1, 2]]);
  a!.end();
  publisher.onReport({ counts: countsOf(99, 99) }, 1); // It was on its way.
  assertEquals(publisher.counts, countsOf(15, 3, { 200: 5, 404: 8 }));
  assertEquals([publisher.load, publisher.pids], [loadOf(1), [2]]);
  await clock.advance(1000);
});
