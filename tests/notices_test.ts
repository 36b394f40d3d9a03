import { assertEquals } from "@std/assert";
import { Notices } from "../lib/notices.ts";

const NOW = Date.UTC(2026, 10, 22, 8, 22, 53, 999);
const TIME = "2026-11-22T08:22:53.999Z";

/** What is said in lines of text, and in lines of JSON. */
function saidBy(act: (notices: Notices) => void): { text: string[]; json: unknown[] } {
  const [text, json]: [string[], string[]] = [[], []];
  act(new Notices("balancer", false, () => NOW, (line) => text.push(line)));
  act(new Notices("balancer", true, () => NOW, (line) => json.push(line)));
  for (const line of json) assertEquals(line.includes("\n"), false);
  return { text, json: json.map((line) => JSON.parse(line)) };
}

Deno.test("Notices say words after the role's name, or the record after the time", () => {
  assertEquals(saidBy(({ tell }) => tell("a:1 is out", { event: "out", server: "a:1" })), {
    text: ["balancer: a:1 is out"],
    json: [{ time: TIME, event: "out", server: "a:1" }],
  });
});

Deno.test("Notices put words without a record into one", () => {
  assertEquals(saidBy(({ tell }) => tell("testing 3 servers")), {
    text: ["balancer: testing 3 servers"],
    json: [{ time: TIME, event: "notice", message: "testing 3 servers" }],
  });
});

Deno.test("Notices.tellError() says what was thrown, whatever it is", () => {
  for (const thrown of [new TypeError("a bug"), "a bug"]) {
    assertEquals(saidBy(({ tellError }) => tellError(thrown)), {
      text: ["balancer: a bug"],
      json: [{ time: TIME, event: "notice", message: "a bug" }],
    });
  }
});

Deno.test("Notices leave escaping to whoever writes the line", () => {
  const hostile = 'a\nb\x1b[2J"→';
  const { text, json } = saidBy(({ tell }) => tell(hostile));
  assertEquals(text, [`balancer: ${hostile}`]);
  assertEquals(json, [{ time: TIME, event: "notice", message: hostile }]);
});

Deno.test("Notices begin each line of JSON with its event's time, then the event", () => {
  const lines: string[] = [];
  let now = NOW;
  const { tell } = new Notices("server", true, () => now, (line) => lines.push(line));
  tell("a", { event: "x", b: 1 });
  now++;
  tell("b", { event: "y" });
  assertEquals(lines, [
    `{"time":"${TIME}","event":"x","b":1}`,
    '{"time":"2026-11-22T08:22:54.000Z","event":"y"}',
  ]);
});
