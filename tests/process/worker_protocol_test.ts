import { assertEquals } from "@std/assert";
import {
  receiveOrder,
  takeReports,
  userArguments,
  workerArguments,
  workerPort,
  writeNews,
  writeOrder,
  writeReport,
} from "../../lib/process/worker_protocol.ts";
import { ReportedErrors } from "../support/reported_errors.ts";

const octetsOf = (text: string) => new TextEncoder().encode(text);

/** Standard input that comes in these pieces; then it ends, or fails. */
async function receiveFrom(
  pieces: readonly Uint8Array[],
  error?: Error,
  onNews: (text: string) => void = () => {},
) {
  const original = Deno.stdin.read;
  const left = [...pieces];
  const news: string[] = [];
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
    const order = await receiveOrder((text) => {
      news.push(text);
      onNews(text);
    });
    await end.promise;
    return { order, news };
  } finally {
    Deno.stdin.read = original;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("receiveOrder() tells all news and the order, however the pipe cuts them", async () => {
  const news = ['{"name":"a:1"}', "→ 😀", "", "stop", "+", "x".repeat(100)];
  for (const order of ["stop", "retire"] as const) {
    const octets = joined(...news.map(writeNews), writeOrder(order), writeNews("later"));
    const places = Array.from({ length: octets.length }, (_, i) => i);
    const expected = { order, news: [...news, "later"] };
    assertEquals(await receiveFrom([octets]), expected);
    assertEquals(await receiveFrom(places.map((at) => octets.slice(at, at + 1))), expected);
    for (const at of places.slice(1)) {
      assertEquals(await receiveFrom([octets.slice(0, at), octets.slice(at)]), expected);
    }
  }
});

Deno.test("receiveOrder() takes the end of its input for the order to stop", async () => {
  for (const error of [undefined, new Deno.errors.BadResource()]) {
    assertEquals(await receiveFrom([], error), { order: "stop", news: [] });
    const cut = [writeNews("a"), octetsOf("+b"), octetsOf("c")];
    assertEquals(await receiveFrom(cut, error), { order: "stop", news: ["a"] });
    assertEquals(await receiveFrom([octetsOf("retire")], error), { order: "stop", news: [] });
  }
});

Deno.test("receiveOrder() passes over lines that are neither news nor an order", async () => {
  const lines = ["Stop", "stop ", " retire", "", "x+y", "retire"].map((it) => octetsOf(`${it}\n`));
  assertEquals(await receiveFrom([joined(...lines)]), { order: "retire", news: [] });
});

Deno.test("receiveOrder() takes news that are longer than a read", async () => {
  const long = "→".repeat(100_000);
  const octets = joined(writeNews(long), writeOrder("stop"));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += 65_536) pieces.push(octets.slice(at, at + 65_536));
  const { order, news } = await receiveFrom(pieces);
  assertEquals([order, news.length, news[0] === long], ["stop", 1, true]);
});

Deno.test("workerArguments() name the port before those of the user", () => {
  assertEquals(workerPort(), undefined);
  assertEquals(workerArguments(0), ["--as-worker-on=0", ...userArguments()]);
});

Deno.test("takeReports() takes lines that writeReport() wrote out of others", () => {
  const [a, b] = [writeReport('{"a":"→"}'), writeReport("")];
  const cases: [lines: readonly string[], others: readonly string[], reports: readonly string[]][] =
    [
      [[], [], []],
      [["x", "", "y"], ["x", "", "y"], []],
      [[a], [], ['{"a":"→"}']],
      [["x", a, "", b, "y"], ["x", "", "y"], ['{"a":"→"}', ""]],
      [[b, a], [], ["", '{"a":"→"}']],
      [[`x${a}`], [`x${a}`], []],
    ];
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  for (const [lines, others, reports] of cases) {
    const heard: string[] = [];
    assertEquals(takeReports(text(lines), (report) => heard.push(report)), text(others));
    assertEquals(heard, reports);
  }
});

Deno.test("receiveOrder() hears the order behind news that cannot be acted on", async () => {
  using reported = new ReportedErrors();
  const pieces = [joined(writeNews("a"), writeNews("b"), writeOrder("retire"))];
  const { order, news } = await receiveFrom(pieces, undefined, (text) => {
    throw new Error(text);
  });
  assertEquals([order, news, reported.messages], ["retire", ["a", "b"], ["a", "b"]]);
});
