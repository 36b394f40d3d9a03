import { assertEquals } from "@std/assert";
import { WorkerProcess } from "../../lib/process/worker_process.ts";
import { ReportedErrors } from "../support/reported_errors.ts";

/** A process that runs the code instead of a role. */
function worker(
  code: string,
  onLines: (lines: string) => void,
  onReport?: (report: unknown) => void,
  onErrorLines: (lines: string) => void = (lines) => {
    throw new Error(lines);
  },
): WorkerProcess {
  const command = { program: Deno.execPath(), args: () => ["eval", "--quiet", code] };
  return new WorkerProcess(command, 0, { onLines, onErrorLines, onReport });
}

Deno.test("WorkerProcess hands on whole lines but the first, which says where it listens", async () => {
  let text = "";
  const onLines = (lines: string) => void (text += `${lines}\n`);
  const process = worker(
    `const write = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
     for (const text of ["listening on ", "http://a:1\\nli", "ne 1\\nline", " 2\\n", "line 3"]) {
       write(text);
       await new Promise((resolve) => setTimeout(resolve, 20));
     }
     Deno.exit(7);`,
    onLines,
  );
  assertEquals(await process.listening, "listening on http://a:1");
  assertEquals(await process.ended, { code: 7, signal: null });
  assertEquals(text, "line 1\nline 2\nline 3\n");
  process.send({ kind: "stop" }); // It has ended.
  process.kill();
});

Deno.test("WorkerProcess takes commands, and can be killed", async () => {
  const module = JSON.stringify(import.meta.resolve("../../lib/process/worker_protocol.ts"));
  const code = `import { receiveCommand } from ${module};
    console.log("listening on http://a:1");
    console.log(await receiveCommand());
    await new Promise(() => setInterval(() => {}, 1000));`;
  for (const kind of ["stop", "drain"] as const) {
    const gate = Promise.withResolvers<string>();
    const process = worker(code, gate.resolve);
    process.send({ kind });
    assertEquals(await gate.promise, kind);
    process.kill();
    assertEquals((await process.ended).signal, "SIGKILL");
  }
});

Deno.test("WorkerProcess sends its worker updates, and hears its reports", async () => {
  const module = JSON.stringify(import.meta.resolve("../../lib/process/worker_protocol.ts"));
  const code = `import { receiveCommand, writeMessage } from ${module};
    console.log("listening on http://a:1");
    const command = await receiveCommand((text) => {
      const content = text.length + " " + text.codePointAt(0);
      console.log(writeMessage({ kind: "report", content }));
    });
    console.log(command);
    Deno.exit();`;
  let text = "";
  const onLines = (lines: string) => void (text += `${lines}\n`);
  const reports: unknown[] = [];
  const process = worker(code, onLines, (report) => reports.push(report));
  for (const content of ["1", "→".repeat(200_000), "😀"]) process.send({ kind: "update", content });
  process.send({ kind: "drain" });
  assertEquals((await process.ended).code, 0);
  assertEquals([reports, text], [["1 49", "200000 8594", "2 128512"], "drain\n"]);
});

Deno.test("WorkerProcess hands on what it says on standard error, and all up to its being killed", async () => {
  const code = `const write = (stream, text) => stream.writeSync(new TextEncoder().encode(text));
    write(Deno.stdout, "listening on http://a:1\\nline 1\\nline");
    write(Deno.stderr, "error 1\\nerror");
    Deno.kill(Deno.pid, "SIGKILL");`;
  const [lines, errors]: string[][] = [[], []];
  const process = worker(code, (it) => lines!.push(it), undefined, (it) => errors!.push(it));
  assertEquals((await process.ended).signal, "SIGKILL");
  assertEquals([lines, errors], [["line 1", "line"], ["error 1", "error"]]);
});

Deno.test("WorkerProcess.ended settles though those that are told throw", async () => {
  using reported = new ReportedErrors();
  const fail = (lines: unknown) => {
    throw new Error(String(lines));
  };
  const code = `console.log("listening on http://a:1\\na"); console.error("b"); Deno.exit(7);`;
  assertEquals((await worker(code, fail, fail, fail).ended).code, 7);
  assertEquals(reported.messages.toSorted(), ["a", "b"]);
});
