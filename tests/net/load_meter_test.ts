import { assertEquals } from "@std/assert";
import { LoadMeter, NO_LOAD } from "../../lib/net/load_meter.ts";

/** A meter, and what it measures at a time. */
function meterOn() {
  let now = 0;
  const meter = new LoadMeter(() => now);
  const at = (ms: number) => {
    now = ms;
    return meter;
  };
  return { meter, at, measure: (ms: number) => at(ms).measure() };
}

/** A transfer and its connection, which has sent a head of 100 bytes. */
function transferOf(meter: LoadMeter, length: number | undefined) {
  const connection = { writtenBytes: 100, sentBytes: 0 };
  const written = { contentBytes: 0 };
  const transfer = meter.begin(connection, written, length);
  const write = (bytes: number) => {
    written.contentBytes += bytes;
    connection.writtenBytes += bytes;
  };
  return { write, send: (bytes: number) => connection.sentBytes += bytes, transfer };
}

Deno.test("LoadMeter.measure() finds nothing where nothing was sent", () => {
  assertEquals(meterOn().measure(5), NO_LOAD);
});

Deno.test("LoadMeter.measure() counts what the system has not taken as pending", () => {
  const { meter, measure } = meterOn();
  const { write, send } = transferOf(meter, 1000);
  assertEquals(measure(0).pendingBytes, 1000);
  write(600);
  assertEquals(measure(100).pendingBytes, 1000);
  send(100); // The head.
  assertEquals(measure(200), { ...NO_LOAD, openTransfers: 1, pendingBytes: 1000 });
  send(250);
  assertEquals(measure(300), {
    ...{ openTransfers: 1, pendingBytes: 750, bytesPerSecond: 250, utilization: 0.1 },
  });
});

Deno.test("LoadMeter.measure() adds up transfers, of which one has no known length", () => {
  const { meter, measure } = meterOn();
  const known = transferOf(meter, 1000);
  const unknown = transferOf(meter, undefined);
  for (const { write, send } of [known, unknown]) {
    write(500);
    send(400);
  }
  meter.end(transferOf(meter, 7).transfer, true);
  const load = measure(0);
  assertEquals([load.openTransfers, load.pendingBytes], [2, 700]);
});

Deno.test("LoadMeter.measure() takes an ended transfer for sent as far as it was", () => {
  for (const [isWhole, bytesPerSecond] of [[true, 600], [false, 200]] as const) {
    const { meter, measure } = meterOn();
    const { write, send, transfer } = transferOf(meter, 600);
    measure(0);
    write(600);
    send(300);
    meter.end(transfer, isWhole);
    assertEquals(measure(1000), { ...NO_LOAD, bytesPerSecond });
  }
});

Deno.test("LoadMeter.measure() gives the rate of the last second", () => {
  const { meter, measure } = meterOn();
  const { write, send } = transferOf(meter, 10_000);
  send(100);
  measure(0);
  const rates: number[] = [];
  for (let ms = 250; ms <= 3000; ms += 250) {
    if (ms <= 1500) {
      write(100);
      send(100);
    }
    rates.push(measure(ms).bytesPerSecond);
  }
  assertEquals(rates, [100, 200, 300, 400, 400, 400, 300, 200, 100, 0, 0, 0]);
});

Deno.test("LoadMeter.measure() gives the part of the last second in which it was sending", () => {
  const { meter, at, measure } = meterOn();
  measure(0);
  const [first, second] = [transferOf(meter, 100), transferOf(meter, 100)];
  for (const { write } of [first, second]) write(100);
  at(100).end(first.transfer, true);
  at(300).end(second.transfer, true);
  at(500);
  const { write, transfer } = transferOf(meter, 100);
  write(100);
  assertEquals(measure(600).utilization, 0.4);
  at(650).end(transfer, true);
  assertEquals([measure(1000), measure(1600)].map((it) => it.utilization), [0.45, 0.05]);
});

Deno.test("LoadMeter.measure() counts no time before the first byte after a rest", () => {
  const { meter, measure } = meterOn();
  measure(0);
  measure(60_000); // A transfer begins.
  const { write, send } = transferOf(meter, 10_000);
  write(500);
  send(600);
  assertEquals(measure(60_250).bytesPerSecond, 500);
});

Deno.test("LoadMeter.measure() spreads what was sent during a pause over all of it", () => {
  const { meter, measure } = meterOn();
  const { write, send } = transferOf(meter, 10_000);
  measure(0);
  write(5000);
  send(5100);
  assertEquals(measure(5000).bytesPerSecond, 1000);
});

Deno.test("LoadMeter.measure() measures at most every 50 ms", () => {
  const { meter, measure } = meterOn();
  measure(0);
  transferOf(meter, 10);
  assertEquals([49, 50].map((ms) => measure(ms).openTransfers), [0, 1]);
});

Deno.test("LoadMeter.begin() tells that there is something to measure", () => {
  const { meter } = meterOn();
  let times = 0;
  meter.onBegun = () => times++;
  transferOf(meter, 10);
  transferOf(meter, 10);
  assertEquals(times, 2);
});

Deno.test("LoadMeter.sent has all responses, and content as far as the system has taken it", () => {
  const { meter, measure } = meterOn();
  assertEquals(meter.sent, { bytes: 0, responses: {} });
  meter.count(404, 50);
  meter.count(404, 50);
  meter.count(304, 0);
  const { write, send, transfer } = transferOf(meter, 1000);
  write(600);
  send(300); // The head has 100.
  assertEquals(meter.sent, { bytes: 300, responses: { 304: 1, 404: 2 } });
  meter.end(transfer, true);
  meter.count(200, 0);
  assertEquals(meter.sent, { bytes: 700, responses: { 200: 1, 304: 1, 404: 2 } });
  assertEquals(measure(0).bytesPerSecond, 0, "pages of errors are no transfers");
});
