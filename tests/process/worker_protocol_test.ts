import { assertEquals } from "@std/assert";
import {
  type Command,
  readMessage,
  receiveCommand,
  takeReports,
  userArguments,
  workerArguments,
  workerPort,
  writeMessage,
} from "../../lib/process/worker_protocol.ts";
import { ReportedErrors } from "../support/reported_errors.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

const update = (content: unknown) => bytesOf(`${writeMessage({ kind: "update", content })}\n`);

const command = (kind: Command) => bytesOf(`${writeMessage({ kind })}\n`);

/** Standard input that comes in these pieces; then it ends, or fails. */
async function receiveFrom(
  pieces: readonly Uint8Array[],
  error?: Error,
  onUpdate: (content: unknown) => void = () => {},
) {
  const original = Deno.stdin.read;
  const left = [...pieces];
  const updates: unknown[] = [];
  const end = Promise.withResolvers<void>();
  try {
    Deno.stdin.read = (buffer) => {
      const piece = left.shift();
      if (piece === undefined) {
        end.resolve();
        return error ? Promise.reject(error) : Promise.resolve(null);
      }
      buffer.set(piece);
      return Promise.resolve(piece.length);
    };
    const received = await receiveCommand((content) => {
      updates.push(content);
      onUpdate(content);
    });
    await end.promise;
    return { received, updates };
  } finally {
    Deno.stdin.read = original;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("receiveCommand() tells all updates and the command, however the pipe cuts them", async () => {
  const updates = [{ name: "a:1" }, "→ 😀", null, "stop", ["\n"], "x".repeat(100)];
  for (const kind of ["stop", "drain"] as const) {
    const bytes = joined(...updates.map(update), command(kind), update("later"));
    const places = Array.from({ length: bytes.length }, (_, i) => i);
    const expected = { received: kind, updates: [...updates, "later"] };
    assertEquals(await receiveFrom([bytes]), expected);
    assertEquals(await receiveFrom(places.map((at) => bytes.slice(at, at + 1))), expected);
    for (const at of places.slice(1)) {
      assertEquals(await receiveFrom([bytes.slice(0, at), bytes.slice(at)]), expected);
    }
  }
});

Deno.test("receiveCommand() takes the end of its input for the command to stop", async () => {
  for (const error of [undefined, new Deno.errors.BadResource()]) {
    assertEquals(await receiveFrom([], error), { received: "stop", updates: [] });
    const cut = [update("a"), update("b").slice(0, 9), bytesOf("c")];
    assertEquals(await receiveFrom(cut, error), { received: "stop", updates: ["a"] });
    assertEquals(await receiveFrom([command("drain").slice(0, -1)], error), {
      received: "stop",
      updates: [],
    });
  }
});

Deno.test("receiveCommand() passes over lines that are neither updates nor a command", async () => {
  const others = [
    "stop",
    "",
    "{}",
    '{"kind":"stop"}',
    writeMessage({ kind: "report", content: 1 }),
  ];
  const lines = others.map((it) => bytesOf(`${it}\n`));
  const expected = { received: "drain" as const, updates: [] };
  assertEquals(await receiveFrom([joined(...lines, command("drain"))]), expected);
});

Deno.test("receiveCommand() takes updates that are longer than a read", async () => {
  const long = "→".repeat(100_000);
  const bytes = joined(update(long), command("stop"));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 65_536) pieces.push(bytes.slice(at, at + 65_536));
  const { received, updates } = await receiveFrom(pieces);
  assertEquals([received, updates.length, updates[0] === long], ["stop", 1, true]);
});

Deno.test("workerArguments() name the port before those of the user", () => {
  assertEquals(workerPort(), undefined);
  assertEquals(workerArguments(0), ["--as-worker-on=0", ...userArguments()]);
});

Deno.test("takeReports() takes messages out of other lines, and hands on the reports", () => {
  const report = (content: unknown) => writeMessage({ kind: "report", content });
  const [a, b] = [report({ a: "→" }), report("")];
  const cases: [lines: readonly string[], others: readonly string[], reports: unknown[]][] = [
    [[], [], []],
    [["x", "", "y"], ["x", "", "y"], []],
    [[a], [], [{ a: "→" }]],
    [["x", a, "", b, "y"], ["x", "", "y"], [{ a: "→" }, ""]],
    [[b, a], [], ["", { a: "→" }]],
    [[`x${a}`], [`x${a}`], []],
    [["x", "\x1e{", writeMessage({ kind: "stop" })], ["x"], []],
  ];
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  for (const [lines, others, reports] of cases) {
    const heard: unknown[] = [];
    assertEquals(takeReports(text(lines), (report) => heard.push(report)), text(others));
    assertEquals(heard, reports);
  }
});

Deno.test("receiveCommand() hears the command behind updates that cannot be applied", async () => {
  using reported = new ReportedErrors();
  const pieces = [joined(update("a"), update("b"), command("drain"))];
  const { received, updates } = await receiveFrom(pieces, undefined, (content) => {
    throw new Error(String(content));
  });
  assertEquals([received, updates, reported.messages], ["drain", ["a", "b"], ["a", "b"]]);
});

Deno.test("readMessage() reads what writeMessage() wrote, and refuses all else", () => {
  const messages = [
    ...[{ kind: "stop" }, { kind: "drain" }] as const,
    { kind: "update", content: { a: ["→\n"] } } as const,
    { kind: "report", content: null } as const,
  ];
  for (const message of messages) {
    const line = writeMessage(message);
    assertEquals([line.includes("\n"), readMessage(line)], [false, message]);
    assertEquals(readMessage(line.slice(1)), undefined);
    assertEquals(readMessage(line.slice(0, -1)), undefined);
  }
  const others = ["null", "1", '"stop"', "[]", "{}", '{"kind":"go"}', '{"kind":"update"}'];
  for (const text of others) assertEquals(readMessage(`\x1e${text}`), undefined, text);
});
