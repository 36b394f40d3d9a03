import { assertEquals } from "@std/assert";
import type { LogSink } from "../../lib/access_log.ts";
import { SharedSink, WorkerProcess } from "../../lib/run/worker.ts";

/** Takes a few octets at a time, and fails after so many writes. */
class SlowSink implements LogSink {
  text = "";
  constructor(readonly most = 3, public writes = Infinity) {}

  async write(octets: Uint8Array): Promise<number> {
    await Promise.resolve();
    if (this.writes-- <= 0) throw new Deno.errors.BrokenPipe();
    const taken = octets.subarray(0, this.most);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }
}

const octets = (text: string) => new TextEncoder().encode(text);

Deno.test("SharedSink writes nothing too early, and each write whole", async () => {
  const sink = new SlowSink();
  const gate = Promise.withResolvers<void>();
  const shared = new SharedSink(sink, gate.promise);
  const writes = ["first line\n", "second line\n"].map((text) => shared.write(octets(text)));
  await Promise.resolve();
  assertEquals(sink.text, "");
  gate.resolve();
  await Promise.all(writes);
  assertEquals(sink.text, "first line\nsecond line\n");
});

Deno.test("SharedSink drops all once its sink has failed", async () => {
  const sink = new SlowSink(3, 2);
  const shared = new SharedSink(sink, Promise.resolve());
  await shared.write(octets("first line\n"));
  await shared.write(octets("second line\n"));
  assertEquals(sink.text, "first ");
});

/** A process that runs the code instead of a role. */
function worker(
  code: string,
  sink: LogSink,
  onReport?: (report: string) => void,
): WorkerProcess {
  const command = { program: Deno.execPath(), args: () => ["eval", "--quiet", code] };
  return new WorkerProcess(command, 0, sink, onReport);
}

Deno.test("WorkerProcess hands on whole lines but the first, which says where it listens", async () => {
  const sink = new SlowSink(1000);
  const process = worker(
    `const write = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
     for (const text of ["listening on ", "http://a:1\\nli", "ne 1\\nline", " 2\\n", "line 3"]) {
       write(text);
       await new Promise((resolve) => setTimeout(resolve, 20));
     }
     Deno.exit(7);`,
    sink,
  );
  assertEquals(await process.listening, "listening on http://a:1");
  assertEquals(await process.ended, { code: 7, signal: null });
  assertEquals(sink.text, "line 1\nline 2\n");
  process.order("stop"); // Nobody hears it.
  process.kill();
});

Deno.test("WorkerProcess takes orders, and can be killed", async () => {
  const module = JSON.stringify(import.meta.resolve("../../lib/orders.ts"));
  const code = `import { receiveOrder } from ${module};
    console.log("listening on http://a:1");
    console.log(await receiveOrder());
    await new Promise(() => setInterval(() => {}, 1000));`;
  for (const order of ["stop", "retire"] as const) {
    const gate = Promise.withResolvers<string>();
    const process = worker(code, {
      write: (octets) => {
        gate.resolve(new TextDecoder().decode(octets));
        return Promise.resolve(octets.length);
      },
    });
    process.order(order);
    assertEquals(await gate.promise, `${order}\n`);
    process.kill();
    assertEquals((await process.ended).signal, "SIGKILL");
  }
});

Deno.test("WorkerProcess lets its worker know news, and hears its reports", async () => {
  const module = JSON.stringify(import.meta.resolve("../../lib/orders.ts"));
  const code = `import { receiveOrder, REPORT_MARK } from ${module};
    console.log("listening on http://a:1");
    const order = await receiveOrder((news) => console.log(REPORT_MARK + news.length + " " + news.codePointAt(0)));
    console.log(order);`;
  const sink = new SlowSink(1000);
  const reports: string[] = [];
  const process = worker(code, sink, (report) => reports.push(report));
  for (const news of ["1", "→".repeat(200_000), "😀"]) process.inform(news);
  process.order("retire");
  process.inform("too late");
  assertEquals((await process.ended).code, 0);
  assertEquals([reports, sink.text], [["1 49", "200000 8594", "2 128512"], "retire\n"]);
});
