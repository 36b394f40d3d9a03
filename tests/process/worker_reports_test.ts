import { assertEquals } from "@std/assert";
import { writeMessage } from "../../lib/process/worker_protocol.ts";
import { type WorkerEnd, WorkerProcess } from "../../lib/process/worker_process.ts";

const octetsOf = (text: string) => new TextEncoder().encode(text);

/** What becomes of the output of a worker that comes in these pieces. */
async function readFrom(pieces: readonly Uint8Array[]) {
  const original = Deno.Command;
  const stdin: string[] = [];
  class FakeCommand {
    spawn() {
      const status: Promise<WorkerEnd> = Promise.resolve({ code: 0, signal: null });
      const write = (octets: Uint8Array) => void stdin.push(new TextDecoder().decode(octets));
      const stdout = ReadableStream.from(pieces);
      const stderr = ReadableStream.from([]);
      return { pid: 7, stdin: new WritableStream({ write }), stdout, stderr, status, kill() {} };
    }
  }
  let log = "";
  const reports: unknown[] = [];
  const errors: string[] = [];
  const onLines = (lines: string) => void (log += `${lines}\n`);
  try {
    Object.assign(Deno, { Command: FakeCommand });
    const command = { program: "none", args: () => [] };
    const worker = new WorkerProcess(command, 0, {
      onLines,
      onErrorLines: (lines) => errors.push(lines),
      onReport: (report) => reports.push(report),
    });
    worker.send({ kind: "update", content: { a: 1 } });
    worker.send({ kind: "stop" });
    const listening = await worker.listening;
    assertEquals(await worker.ended, { code: 0, signal: null });
    return { listening, log, reports, errors, stdin: stdin.join("") };
  } finally {
    Object.assign(Deno, { Command: original });
  }
}

/** The same octets, cut otherwise: whole, in two at each place, and octet by octet. */
function cutsOf(text: string): Uint8Array[][] {
  const octets = octetsOf(text);
  const places = Array.from({ length: octets.length }, (_, i) => i);
  return [
    [octets],
    ...places.slice(1).map((at) => [octets.slice(0, at), octets.slice(at)]),
    places.map((at) => octets.slice(at, at + 1)),
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
  [`here\nline 1\n${A}\n\x1elost`, "line 1\n", ["a"]],
];

Deno.test("WorkerProcess takes reports out of the lines, however these are cut", async () => {
  for (const [output, log, reports] of OUTPUTS) {
    for (const pieces of cutsOf(output)) {
      const read = await readFrom(pieces);
      const message = `${JSON.stringify(output)} in ${pieces.length} pieces`;
      assertEquals({ listening: read.listening, log: read.log, reports: read.reports }, {
        ...{ listening: "here", log, reports },
      }, message);
    }
  }
});

Deno.test("WorkerProcess writes messages a line at a time, in order", async () => {
  const { stdin } = await readFrom([octetsOf("here\n")]);
  const messages = [{ kind: "update", content: { a: 1 } }, { kind: "stop" }] as const;
  assertEquals(stdin, messages.map((message) => `${writeMessage(message)}\n`).join(""));
});

Deno.test("WorkerProcess bears a worker that ends without a whole line", async () => {
  for (const text of ["", "he", "\x1ea"]) {
    const { listening, log, reports, errors } = await readFrom(text === "" ? [] : [octetsOf(text)]);
    assertEquals({ listening, log, reports }, { listening: undefined, log: "", reports: [] });
    assertEquals(errors, text === "" ? [] : [text]);
  }
});
