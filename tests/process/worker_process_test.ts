import { assertEquals } from "@std/assert";
import { WholeLines, type WorkerEnd, WorkerProcess } from "../../lib/process/worker_process.ts";
import { writeMessage } from "../../lib/process/worker_protocol.ts";
import { withPatched } from "../support/patched.ts";
import { ReportedErrors } from "../support/reported_errors.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A process that runs the code instead of a role. */
function worker(
  code: string,
  onLines: (lines: string) => void,
  onReport?: (report: unknown, pid: number) => void,
  onErrorLines: (lines: string) => void = (lines) => {
    throw new Error(lines);
  },
): WorkerProcess {
  const command = { program: Deno.execPath(), args: () => ["eval", "--quiet", code] };
  return new WorkerProcess(command, 0, { onLines, onErrorLines, onReport });
}

Deno.test("WorkerProcess takes orders, and can be killed", async () => {
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

Deno.test("WorkerProcess can be killed before it listens", async () => {
  const process = worker("await new Promise(() => setInterval(() => {}, 1000));", () => {});
  process.kill();
  assertEquals([await process.listening, (await process.ended).signal], [undefined, "SIGKILL"]);
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
    Deno.exit(7);`;
  let text = "";
  const onLines = (lines: string) => void (text += `${lines}\n`);
  const reports: unknown[] = [];
  const process = worker(code, onLines, (report, pid) => {
    assertEquals(pid, process.pid);
    reports.push(report);
  });
  for (const content of ["1", "→".repeat(200_000), "😀"]) process.send({ kind: "update", content });
  process.send({ kind: "drain" });
  assertEquals(await process.listening, "listening on http://a:1");
  assertEquals(await process.ended, { code: 7, signal: null });
  assertEquals([reports, text], [["1 49", "200000 8594", "2 128512"], "drain\n"]);
  process.send({ kind: "stop" }); // It has ended.
  process.kill();
});

Deno.test("WorkerProcess hands on what it says on standard error, and all up to its being killed", async () => {
  const code = `const write = (stream, text) => stream.writeSync(new TextEncoder().encode(text));
    write(Deno.stdout, "listening on http://a:1\\n" + Deno.pid + "\\nline");
    write(Deno.stderr, "error 1\\nerror");
    Deno.kill(Deno.pid, "SIGKILL");`;
  const [lines, errors]: string[][] = [[], []];
  const process = worker(code, (it) => lines!.push(it), undefined, (it) => errors!.push(it));
  assertEquals((await process.ended).signal, "SIGKILL");
  assertEquals([lines, errors], [[`${process.pid}`, "line"], ["error 1", "error"]]);
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

/** What becomes of the output of a worker that comes in these pieces. */
async function readFrom(pieces: readonly Uint8Array[]) {
  const stdin: string[] = [];
  class FakeCommand {
    spawn() {
      const status: Promise<WorkerEnd> = Promise.resolve({ code: 0, signal: null });
      const write = (bytes: Uint8Array) => void stdin.push(new TextDecoder().decode(bytes));
      const stdout = ReadableStream.from(pieces);
      const stderr = ReadableStream.from([]);
      return { pid: 7, stdin: new WritableStream({ write }), stdout, stderr, status, kill() {} };
    }
  }
  let log = "";
  const reports: unknown[] = [];
  const errors: string[] = [];
  const onLines = (lines: string) => void (log += `${lines}\n`);
  let listening: string | undefined;
  await withPatched(Deno, "Command", () => FakeCommand, async () => {
    const command = { program: "none", args: () => [] };
    const worker = new WorkerProcess(command, 0, {
      onLines,
      onErrorLines: (lines) => errors.push(lines),
      onReport: (report) => reports.push(report),
    });
    worker.send({ kind: "update", content: { a: 1 } });
    worker.send({ kind: "stop" });
    listening = await worker.listening;
    assertEquals(await worker.ended, { code: 0, signal: null });
  });
  return { listening, log, reports, errors, stdin: stdin.join("") };
}

/** The same bytes, cut otherwise: whole, in two at each place, and byte by byte. */
function cutsOf(text: string): Uint8Array[][] {
  const bytes = bytesOf(text);
  const places = Array.from({ length: bytes.length }, (_, i) => i);
  return [
    [bytes],
    ...places.slice(1).map((at) => [bytes.slice(0, at), bytes.slice(at)]),
    places.map((at) => bytes.slice(at, at + 1)),
  ];
}

const report = (content: string) => writeMessage({ kind: "report", content });
const [A, B] = [report("a"), report("→")];

/** What a worker writes, and what of it is handed on as the log and as reports. */
const OUTPUTS: readonly (readonly [output: string, log: string, reports: readonly string[]])[] = [
  ["here\n", "", []],
  ["here\nline 1\nline 2\n", "line 1\nline 2\n", []],
  [`here\n${A}\n`, "", ["a"]],
  [`here\nline 1\n${A}\nline 2\n`, "line 1\nline 2\n", ["a"]],
  [`here\n${A}\n${A}\nline →\n${B}\nx\n`, "line →\nx\n", ["a", "a", "→"]],
  [`here\n${A}\n\n\x1e\n`, "\n", ["a"]],
  [`here\nline 1\n${A}\nlast`, "line 1\nlast\n", ["a"]],
  ["here\nlast →", "last →\n", []],
  ["here\n\n", "\n", []],
  ["here\na\n\nb", "a\n\nb\n", []],
  ["here\né→😀\nb\nc\n", "é→😀\nb\nc\n", []],
  ["here\n\ufeffa\nb", "\ufeffa\nb\n", []],
  [`here\nline 1\n${A}\n\x1elost`, "line 1\n", ["a"]],
];

Deno.test("WorkerProcess takes reports out of the lines, however these are cut", async () => {
  for (const [output, log, reports] of OUTPUTS) {
    for (const pieces of cutsOf(output)) {
      const read = await readFrom(pieces);
      const message = `${JSON.stringify(output)} in ${pieces.length} pieces`;
      assertEquals([read.listening, read.log, read.reports], ["here", log, reports], message);
    }
  }
});

Deno.test("WorkerProcess writes messages a line at a time, in order", async () => {
  const { stdin } = await readFrom([bytesOf("here\n")]);
  const messages = [{ kind: "update", content: { a: 1 } }, { kind: "stop" }] as const;
  assertEquals(stdin, messages.map((message) => `${writeMessage(message)}\n`).join(""));
});

Deno.test("WorkerProcess bears a worker that ends without a whole line", async () => {
  for (const text of ["", "he", "\x1ea"]) {
    const { listening, log, reports, errors } = await readFrom(text === "" ? [] : [bytesOf(text)]);
    assertEquals({ listening, log, reports }, { listening: undefined, log: "", reports: [] });
    assertEquals(errors, text === "" ? [] : [text]);
  }
});

Deno.test("WholeLines keeps no more than 1 MiB of a line, and the next line whole", () => {
  const lines = new WholeLines();
  const piece = bytesOf("x".repeat(512 * 1024));
  for (let i = 0; i < 10; i++) assertEquals(lines.take(piece), "");
  assertEquals(lines.take(bytesOf("x\nnext\n")), `${"x".repeat(1024 * 1024)}\nnext\n`);
  for (let i = 0; i < 10; i++) lines.take(piece);
  assertEquals(lines.end(), "x".repeat(1024 * 1024));
});
