import { assertEquals, assertMatch } from "@std/assert";
import { Control } from "../../../lib/balancing/admin/control.ts";
import { lineReply } from "../../../lib/process/admin_replies.ts";
import { FarmStage } from "../../support/farm_stage.ts";
import { type RawReply, replyOf } from "../../support/raw_reply.ts";
import { request, Serving } from "../../support/serving.ts";
import { failed, passedAt } from "../../support/servers.ts";

const ENTRIES = [
  ...["web1:8000", "[2001:db8::1]:8000", "https://web3.example/pub", "https://web3.example/old"],
  ...["web4:8000,drain"],
];

/** Actions on a farm, behind a listener. */
class ServedControl implements AsyncDisposable {
  readonly control: Control;
  readonly serving: Serving;

  constructor(readonly stage: FarmStage) {
    this.control = new Control(stage.operations, () => lineReply(404, "a page"));
    const { handle, replyToMethod } = this.control;
    this.serving = new Serving(handle, { replyToMethod });
  }

  static async open(entries: readonly string[] = ENTRIES): Promise<ServedControl> {
    return new ServedControl(await FarmStage.tested(entries));
  }

  async ask(target: string, method = "POST", fields = "", body = ""): Promise<RawReply> {
    return replyOf(await this.serving.exchange(request(target, fields, method) + body), method);
  }

  /** Status code and line of an action. */
  async act(target: string): Promise<[number, string]> {
    const { statusCode, content } = await this.ask(`/servers/${target}`);
    const bytes = Uint8Array.from(content, (octet) => octet.charCodeAt(0));
    return [statusCode, new TextDecoder().decode(bytes)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.serving[Symbol.asyncDispose]();
  }
}

Deno.test("Control takes each action, and says so in a line", async () => {
  await using served = await ServedControl.open();
  const { stage } = served;
  const lines: readonly (readonly [target: string, line: string])[] = [
    ["web1:8000/drain", "web1:8000 is drained by an operator"],
    [
      "web1:8000/drain?reason=new+disk&for=30m",
      "web1:8000 is drained by an operator until 1970-01-01T00:30:00.000Z: new disk",
    ],
    ["web1:8000/weight?value=3", "web1:8000 has the weight 3 by an operator"],
    [
      "web1:8000/enable",
      "web1:8000 is enabled by an operator, who takes back: drain, weight",
    ],
    ["web1:8000/enable", "web1:8000 has no action to take back"],
    ["web4:8000/enable", "web4:8000 has no action to take back; the list drains it"],
    ["[2001:db8::1]:8000/out?reason=%C3%A4%20%3Cb%3E", "is taken out by an operator: ä <b>"],
    ["%5B2001:DB8:0::1%5D:8000/enable", "it gets clients once it has passed a test"],
    ["https%3A%2F%2Fweb3.example%2Fpub/drain", "web3.example is drained by an operator"],
    ["https://web3.example/old/drain", "web3.example is drained by an operator"],
  ];
  for (const [target, line] of lines) {
    const [statusCode, text] = await served.act(target);
    assertEquals([statusCode, text.includes(line), text.split("\n").length], [200, true, 2], text);
  }
  assertEquals(stage.pool.records.map(({ server }) => server.isDrained), [
    ...[false, false, true, true, true],
  ]);
  const [statusCode, both] = await served.act("web3.example/enable");
  const line = "web3.example is enabled by an operator, who takes back: drain\n";
  assertEquals([statusCode, both], [200, line + line]);
});

Deno.test("Control tests a server now, and says what that found", async () => {
  await using served = await ServedControl.open(["a:1", "b:1"]);
  const { stage } = served;
  const load = {
    openTransfers: 1,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
    at: 1,
  };
  stage.outcomes["a"] = passedAt(1, 2);
  stage.pool.learnLoad(stage.pool.servers[0]!, load, 1);
  assertEquals(await served.act("a:1/test"), [
    ...[200, "a:1 passed: 1 kiB in 2.0 ms, 500 kiB/s; 1 transfer open; it is available\n"],
  ]);
  await served.act("a:1/out");
  assertEquals((await served.act("a:1/test"))[1].split("; ").at(-1), "it is out by an action\n");
  stage.outcomes["b"] = failed("refused", 9);
  assertEquals(await served.act("b:1/test"), [200, "b:1 failed: refused; it is out\n"]);
  assertMatch((await served.act("b:1/enable"))[1], /no action to take back; it is out: refused\n$/);
});

Deno.test("Control waits until the transfers of a drained server are done", async () => {
  await using served = await ServedControl.open(["a:1", "b:1"]);
  const { stage } = served;
  const [a] = stage.pool.servers;
  const says = (openTransfers: number) => {
    const load = {
      openTransfers,
      pendingBytes: null,
      bytesPerSecond: null,
      utilization: null,
      at: 1e9,
    };
    stage.pool.learnLoad(a!, load, stage.clock);
  };
  assertEquals(await served.act("a:1/drain?wait=5s"), [
    ...[409, "a:1 does not say what it is sending; the action stays in force\n"],
  ]);
  says(2);
  assertEquals(await served.act("a:1/drain?wait=5s"), [
    ...[504, "a:1 has 2 transfers open; the action stays in force\n"],
  ]);
  says(0);
  assertEquals(await served.act("a:1/out?wait=5s"), [
    ...[200, "a:1 says that it sends nothing any more\n"],
  ]);
});

/** Requests that are no action, with the answer's status code and line. */
const MISTAKES: readonly (readonly [target: string, statusCode: number, line: RegExp])[] = [
  ["web9:8000/drain", 404, /^There is no server "web9:8000" in the list\.$/],
  ["web1/drain", 404, /^There is no server "web1" in the list\.$/],
  ["%0a%0dSet-Cookie/drain", 404, /^There is no server "\\u\{a\}\\u\{d\}Set-Cookie" in the list/],
  ["web1:8000/destroy", 404, /^"destroy" is none of the actions drain, out, weight, enable, test$/],
  ["web1:8000/constructor", 404, /^"constructor" is none of/],
  ["web1:8000/", 404, /^"" is none of the actions/],
  ["web1%E4:8000/drain", 400, /is not percent-encoded UTF-8$/],
  ["web1:8000/drain?for=", 400, /^for="": a duration from 1ms to 596h/],
  ["web1:8000/drain?for=soon", 400, /^for="soon": a duration/],
  ["web1:8000/drain?for=0s", 400, /^for="0s": a duration/],
  ["web1:8000/drain?wait=-1s", 400, /^wait="-1s": a duration/],
  ["web1:8000/drain?reason=", 400, /^reason must be one line of up to 200 characters$/],
  ["web1:8000/drain?reason=a%0Ab", 400, /^reason must be one line/],
  ["web1:8000/drain?reason=a%1Bb", 400, /^reason must be one line/],
  [`web1:8000/drain?reason=${"x".repeat(201)}`, 400, /^reason must be one line/],
  ["web1:8000/drain?reason=a&reason=b", 400, /^reason is given twice$/],
  ["web1:8000/drain?fro=30m", 400, /^"fro" is no parameter of drain, which has reason, for, wait$/],
  ["web1:8000/enable?reason=a", 400, /^"reason" is no parameter of enable, which has none$/],
  ["web1:8000/weight", 400, /^value must be a number from 1 to 1000$/],
  ["web1:8000/weight?value=0", 400, /^value=0 is no weight: drain a server instead$/],
  ["web1:8000/weight?value=1001", 400, /^value must be/],
  ["web1:8000/weight?value=1.5", 400, /^value must be/],
  ["web1:8000/weight?value=99999999999999999999", 400, /^value must be/],
];

Deno.test("Control refuses each mistake in one line, and changes nothing", async () => {
  await using served = await ServedControl.open();
  for (const [target, statusCode, line] of MISTAKES) {
    const [actual, text] = await served.act(target);
    assertEquals(actual, statusCode, `${target}: ${text}`);
    assertMatch(text.slice(0, -1), line);
    assertEquals(text.endsWith("\n"), true);
  }
  assertEquals(served.stage.operations.taken, 0);
  assertEquals(served.stage.logged, []);
});

Deno.test("Control takes actions by POST alone, and shows those in force", async () => {
  await using served = await ServedControl.open();
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"]) {
    const { statusCode, fields } = await served.ask("/servers/web1:8000/drain", method);
    const expected = { OPTIONS: 204, BREW: 501 }[method] ?? 405;
    assertEquals([statusCode, fields.get("allow")], [expected, "POST, OPTIONS"], method);
  }
  for (const target of ["/status.json", "/actions", "/servers", "/"]) {
    const { statusCode, fields } = await served.ask(target);
    assertEquals([statusCode, fields.get("allow")], [405, "GET, HEAD, OPTIONS"], target);
  }
  assertEquals(served.stage.operations.taken, 0);
  const shown = async () => JSON.parse((await served.ask("/actions", "GET")).content);
  assertEquals(await shown(), []);
  served.stage.now = 1000;
  await served.act("web1:8000/drain?reason=%22new%22&for=1s");
  await served.act("web1:8000/weight?value=3");
  const since = "1970-01-01T00:00:01.000Z";
  const terms = { server: "web1:8000", reason: null, weight: null, since, until: null };
  assertEquals(await shown(), [
    { ...terms, action: "drain", reason: '"new"', until: "1970-01-01T00:00:02.000Z" },
    { ...terms, action: "weight", weight: 3 },
  ]);
  assertEquals((await served.ask("/other", "GET")).statusCode, 404);
});

Deno.test("Control reads a body within limits, and takes nothing from it", async () => {
  await using served = await ServedControl.open();
  const target = "/servers/web1:8000/drain";
  const bodies: readonly (readonly [fields: string, body: string, statusCode: number])[] = [
    ["Content-Length: 0\r\n", "", 200],
    ["Content-Length: 9\r\n", "reason=ab", 400],
    ["Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n", 400],
    ["Content-Length: 1000000000\r\n", "reason=", 400],
  ];
  for (const [fields, body, statusCode] of bodies) {
    assertEquals((await served.ask(target, "POST", fields, body)).statusCode, statusCode, fields);
  }
  assertEquals(served.stage.operations.taken, 1);
});
