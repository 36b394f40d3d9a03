import { assert, assertEquals } from "@std/assert";
import { parseServer } from "../../../lib/balancing/list/server.ts";
import { type LoadAnswer, LoadAsker } from "../../../lib/balancing/load_checks/ask_load.ts";
import { type Answer, FakeServer, hanging, saying } from "../../support/fake_server.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const FIELD = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=";

/** A response to HEAD. */
function head(statusLine: string, ...fieldLines: readonly string[]): Answer {
  return saying(
    ["HTTP/1.1 " + statusLine, "Content-Length: 7", ...fieldLines, "", ""].join("\r\n"),
  );
}

/** What comes of a check, the open transfers that it tells, and the requests. */
async function checked(
  answer: Answer,
  path = "",
): Promise<[LoadAnswer, (number | null | undefined)[], string[]]> {
  await using server = new FakeServer(answer);
  const told: (number | null | undefined)[] = [];
  const entry = parseServer(`${server.authority}=http://files.example${path}`);
  const asker = new LoadAsker(
    "/test.bin",
    (asked, load, ageMs) => {
      assertEquals(asked, entry);
      assert(ageMs >= 0 && ageMs <= 100);
      told.push(load?.openTransfers);
    },
    new VirtualClock().schedule,
    200,
  );
  const result = await asker.ask(entry);
  asker.close();
  return [result, told, server.requestHeads];
}

const OK = "200 OK";

/** Answers, what comes of them, and what they tell. */
const ANSWERS: readonly (readonly [string, Answer, LoadAnswer, (number | undefined)[]])[] = [
  ["a report", head(OK, `${FIELD}3`), "reported", [3]],
  ["a busy server", head("503 Service Unavailable", `${FIELD}4`), "reported", [4]],
  ["no report", head(OK), "silent", [undefined]],
  ["half a transfer", head(OK, `${FIELD}0.5`), "silent", [undefined]],
  ["a negative number", head(OK, `${FIELD}-1`), "silent", [undefined]],
  ["what is no number", head(OK, `${FIELD}NaN`), "silent", [undefined]],
  ["2^63", head(OK, `${FIELD}9223372036854775808`), "silent", [undefined]],
  ["metrics of another version", head(OK, `${FIELD.replace("open_", "x_")}3`), "silent", [
    undefined,
  ]],
  ["a report from a cache, of some time ago", head(OK, "Age: 0", `${FIELD}3`), "silent", [
    undefined,
  ]],
  ["one that knows no HEAD", head("501 Not Implemented"), "silent", [undefined]],
  ["a server without the file", head("404 Not Found"), "silent", [undefined]],
  ["a broken server", head("500 Internal Server Error"), "unanswered", [undefined]],
  ["what is no HTTP", saying("hello\r\n\r\n"), "unanswered", []],
  ["an end without an answer", saying(""), "unanswered", []],
  ["silence", hanging, "unanswered", []],
];

for (const [name, answer, result, told] of ANSWERS) {
  Deno.test(`LoadAsker.ask() takes ${name} for ${result}`, async () => {
    assertEquals((await checked(answer)).slice(0, 2), [result, told]);
  });
}

Deno.test("LoadAsker.ask() asks by HEAD for the test file, where the server is tested", async () => {
  const [, , [request, ...more]] = await checked(head(OK));
  const [line, ...fields] = request!.trimEnd().split("\r\n");
  assertEquals([line, more], ["HEAD /test.bin HTTP/1.1", []]);
  assert(fields.includes("Host: files.example"), request);
  assert(fields.includes("User-Agent: balancer-load"), request);
  assert(!fields.some((field) => field.startsWith("Connection:")), request);
});

Deno.test("LoadAsker.ask() asks a second time on a new connection what is not answered in time", async () => {
  let asked = 0;
  const [result, told] = await checked((conn, request) =>
    (++asked === 1 ? hanging : head(OK, `${FIELD}5`))(conn, request)
  );
  assertEquals([result, told, asked], ["reported", [5], 2]);
});

Deno.test("LoadAsker.ask() keeps a connection, and finds one out that is gone", async () => {
  const asker = new LoadAsker("/", () => {}, new VirtualClock().schedule, 200);
  let connections = 0;
  const server = new FakeServer(async (conn) => {
    connections++;
    const answer = new TextEncoder().encode(
      `HTTP/1.1 200 OK\r\nContent-Length: 7\r\n${FIELD}1\r\n\r\n`,
    );
    do await conn.write(answer); while (await conn.read(new Uint8Array(1024)) !== null);
  });
  const entry = parseServer(server.authority);
  for (let i = 0; i < 3; i++) assertEquals(await asker.ask(entry), "reported");
  assertEquals(connections, 1);
  await server[Symbol.asyncDispose]();
  assertEquals(await asker.ask(entry), "unanswered");
  asker.close();
});
