import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { StatusDocument } from "../../lib/balancing/status.ts";
import { adminPortOf, askAdmin, countSaid, said, statusAt } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { type Answer, answering, FakeServer, hanging, saying } from "../support/fake_server.ts";
import { fileServer } from "../support/file_server.ts";
import { RawClient, type RawResponse } from "../support/raw_client.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";

const MISSING = saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

/** A file of so many bytes: the head alone for HEAD. */
function file(bytes: number, ...fieldLines: readonly string[]): Answer {
  const head = ["HTTP/1.1 200 OK", `Content-Length: ${bytes}`, ...fieldLines].join("\r\n");
  return (conn, requestHead) =>
    saying(`${head}\r\n\r\n${requestHead.startsWith("HEAD") ? "" : "x".repeat(bytes)}`)(
      conn,
      requestHead,
    );
}

const OLD = "Last-Modified: Wed, 25 Nov 2026 10:00:00 GMT";
const NEW = "Last-Modified: Thu, 26 Nov 2026 10:00:00 GMT";

/** Answers tests, and requests for these targets; lacks all others. */
function holding(files: Readonly<Record<string, Answer>>): Answer {
  return (conn, requestHead) => {
    const [, target = ""] = requestHead.split(" ", 2);
    const answer = target.startsWith("/test.bin") ? answering("200 OK", "test") : files[target];
    return (answer ?? MISSING)(conn, requestHead);
  };
}

/** What a server was asked besides its tests, such as `HEAD /f`. */
function questionsTo({ requestHeads }: FakeServer): string[] {
  return requestHeads.map((head) => head.split(" ", 2).join(" "))
    .filter((it) => !it.includes(" /test.bin"));
}

/** Servers named a, b, c and so on, a balancer before them that shares evenly, and a client. */
class Farm implements AsyncDisposable {
  readonly fakes: readonly FakeServer[];
  readonly balancer: ListeningRole;
  readonly admin: number;

  private constructor(fakes: readonly FakeServer[], balancer: ListeningRole, admin: number) {
    this.fakes = fakes;
    this.balancer = balancer;
    this.admin = admin;
  }

  static async start(answers: readonly Answer[], ...args: readonly string[]): Promise<Farm> {
    const fakes = answers.map((answer) => new FakeServer(answer));
    // What is known expires by the clock on the wall: here, in no test that does not say so.
    const isExpiring = args.some((it) => it.startsWith("--check-expiry"));
    const usual = isExpiring ? [] : ["--check-expiry=500h"];
    try {
      const balancer = await listeningRole("balancer", [
        ...["--policy=round-robin", "--admin=127.0.0.1:0", ...usual, ...args],
        ...fakes.map(({ authority }) => authority),
      ], { permissions: ["--allow-net", `--allow-run=${Deno.execPath()}`] });
      return new Farm(fakes, balancer, await adminPortOf(balancer));
    } catch (error) {
      for (const fake of fakes) await fake[Symbol.asyncDispose]();
      throw error;
    }
  }

  async ask(target: string, fields = ""): Promise<RawResponse> {
    using client = await RawClient.connect(this.balancer.port);
    await client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    return await client.response();
  }

  /** The name of the server that a request is sent to, or its status code. */
  async where(target: string, fields = ""): Promise<string> {
    const { statusCode, fields: answered } = await this.ask(target, fields);
    return this.#nameOf(answered.get("location")) ?? `${statusCode}`;
  }

  /** All that so many requests, a client each, are sent to, as sorted names. */
  async all(target: string, count = 12): Promise<string> {
    const found = new Set<string>();
    for (let i = 0; i < count; i++) found.add(await this.where(target));
    return [...found].sort().join("");
  }

  #nameOf(uri: string | undefined): string | undefined {
    const index = this.fakes.findIndex(({ authority }) => uri?.startsWith(`http://${authority}/`));
    return index < 0 ? undefined : "abcde"[index];
  }

  status(): Promise<StatusDocument> {
    return statusAt(this.admin);
  }

  /** Waits until so many questions were answered. */
  async answered(count: number): Promise<void> {
    await eventually(async () => {
      const { checks } = (await this.status()).files!;
      return Object.values(checks).reduce((sum, it) => sum + it, 0) >= count;
    });
  }

  async metrics(): Promise<string> {
    return new TextDecoder().decode((await askAdmin(this.admin, "/metrics")).body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balancer[Symbol.asyncDispose]();
    for (const fake of this.fakes) await fake[Symbol.asyncDispose]();
  }
}

Deno.test("balancer --check-files=after asks who has a file beside the first redirect", async () => {
  const has = holding({ "/f": file(7) });
  await using farm = await Farm.start(
    [has, holding({}), has],
    "--check-files=after",
    "--alternatives=2",
  );
  assertEquals(questionsTo(farm.fakes[0]!), []);
  await farm.ask("/f");
  await farm.answered(3);
  assertEquals(farm.fakes.map(questionsTo), [["HEAD /f"], ["HEAD /f"], ["HEAD /f"]]);
  assertEquals(await farm.all("/f"), "ac");
  const { head } = await farm.ask("/f");
  const links = head.split("\r\n").filter((it) => it.startsWith("Link:"));
  assertEquals(links.length, 3);
  assertEquals(links.some((it) => it.includes(farm.fakes[1]!.authority)), false);
  assert(links.some((it) => it.includes("</f.meta4>; rel=describedby")));
  assertEquals(farm.fakes.flatMap(questionsTo).length, 3, "what is known was asked again");
});

Deno.test("balancer --check-files=off asks nothing", async () => {
  await using farm = await Farm.start([holding({}), holding({})]);
  assertEquals(await farm.all("/f"), "ab");
  assertEquals(farm.fakes.flatMap(questionsTo), []);
  const { files, servers } = await farm.status();
  assertEquals([files, servers[0]!.files], [null, null]);
  assertEquals((await farm.metrics()).includes("file"), false);
});

Deno.test("balancer --check-files=before sends no client to a server that lacks the file", async () => {
  const targets = Array.from({ length: 20 }, (_, i) => `/${i}`);
  const holders = (i: number) => [i % 5, i * 3 % 5];
  const answers = [0, 1, 2, 3, 4].map((server) =>
    holding(Object.fromEntries(
      targets.filter((_, i) => holders(i).includes(server)).map((it) => [it, file(7)]),
    ))
  );
  await using farm = await Farm.start(answers, "--check-files=before", "--check-timeout=30s");
  for (let round = 0; round < 2; round++) {
    await Promise.all(targets.map(async (target, i) => {
      const name = await farm.where(target);
      assert(holders(i).includes("abcde".indexOf(name)), `${target} at ${name}`);
    }));
  }
  assertEquals(await farm.where("/nowhere"), "404");
});

Deno.test("balancer --check-files=before redirects after --check-timeout without an answer", async () => {
  const silent: Answer = (conn, head) =>
    (head.startsWith("HEAD") ? hanging : holding({}))(conn, head);
  const args = ["--check-files=before", "--check-timeout=100ms"];
  await using farm = await Farm.start([silent, silent], ...args);
  const before = performance.now();
  assertEquals((await farm.ask("/f")).statusCode, 301);
  assert(performance.now() - before >= 95);
});

Deno.test({
  name:
    "balancer --check-files with workers asks each question once, and all of them know the answers",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const has = holding({ "/f": file(7) });
    const args = ["--workers=2", "--check-files=after"];
    await using farm = await Farm.start([has, holding({})], ...args);
    await farm.all("/f", 40); // Both workers have clients.
    await eventually(async () => await farm.all("/f", 40) === "a");
    assertEquals(farm.fakes.map(questionsTo), [["HEAD /f"], ["HEAD /f"]]);
    await eventually(async () => await farm.all("/none", 40) === "404");
    assertEquals(farm.fakes.map((it) => questionsTo(it).slice(1)), [["HEAD /none"], [
      "HEAD /none",
    ]]);
    await eventually(async () => (await farm.status()).missing >= 40);
  },
});

Deno.test({
  name: "balancer --check-files=before with workers waits for what its tests find",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const targets = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const answers = [0, 1, 2].map((server) =>
      holding(Object.fromEntries(
        targets.filter((_, i) => i % 3 === server).map((it) => [it, file(7)]),
      ))
    );
    const args = ["--workers=2", "--check-files=before", "--check-timeout=30s"];
    await using farm = await Farm.start(answers, ...args);
    for (let round = 0; round < 3; round++) {
      const found = await Promise.all(targets.map((it) => farm.where(it)));
      assertEquals(found, targets.map((_, i) => "abc"[i % 3]!));
    }
    assertEquals(await farm.where("/nowhere"), "404");
  },
});

Deno.test("balancer sends clients to the version of most servers, and counts the others", async () => {
  const [old, recent] = [file(5, OLD), file(6, NEW)];
  const common = { "/f": old, "/tie": old };
  const answers = [{ ...common, "/f": recent, "/tie": recent }, common, { "/f": old }];
  const args = ["--check-files=after"];
  await using farm = await Farm.start(answers.map(holding), ...args);
  await farm.ask("/f");
  await farm.ask("/tie");
  await farm.answered(6);
  assertEquals(await farm.all("/f"), "bc");
  assertEquals(await farm.all("/tie"), "a");
  const { files, servers } = await farm.status();
  assertEquals([files!.known, files!.differing, files!.lacking], [2, 2, 1]);
  assertEquals(servers.map((it) => it.files), [
    { lacking: 0, differing: 1, examples: ["/f"] },
    { lacking: 0, differing: 1, examples: ["/tie"] },
    { lacking: 1, differing: 0, examples: ["/tie"] },
  ]);
  const metrics = await farm.metrics();
  assertStringIncludes(metrics, 'balancer_file_checks_total{result="has"} 5\n');
  assertStringIncludes(metrics, 'balancer_file_checks_total{result="lacks"} 1\n');
  for (const line of ["known 2", "differing 2", "lacking 1"]) {
    assertStringIncludes(metrics, `balancer_files_${line}\n`);
  }
});

Deno.test("balancer --log=json tells once that servers have different versions, until that changes", async () => {
  const [old, recent] = [holding({ "/f": file(5, OLD) }), holding({ "/f": file(6, NEW) })];
  const args = ["--check-files=after", "--log=json", "--check-expiry=1s"];
  await using farm = await Farm.start([recent, old, old], ...args);
  await farm.ask("/f");
  await farm.answered(3);
  const asked = questionsTo(farm.fakes[0]!).length;
  await eventually(async () => {
    await farm.ask("/f");
    return questionsTo(farm.fakes[0]!).length >= asked + 3;
  });
  const told = (target: string) =>
    farm.balancer.process.stderr.lines.map((line) => JSON.parse(line))
      .filter((it) => it.event === "versions" && it.target === target)
      .map(({ versions }) =>
        versions.map((it: { bytes: number; servers: string[] }) => [it.bytes, it.servers.length])
      );
  const [groups] = told("/f");
  assertEquals(groups.map(([bytes]: number[]) => bytes).toSorted(), [5, 6]);
  assertEquals(told("/f").length, 1, JSON.stringify(told("/f")));
  farm.fakes[0]!.answer = old;
  await eventually(async () => {
    await farm.ask("/f");
    return told("/f").length === 2;
  });
  assertEquals(told("/f")[1], [[5, 3]]);
});

Deno.test("balancer answers 404 itself for what all servers lack, until one has it", async () => {
  const args = ["--check-files=after", "--check-expiry=20s"];
  await using farm = await Farm.start([holding({}), holding({})], ...args);
  await eventually(async () => await farm.where("/f") === "404");
  const { statusCode, fields, body } = await farm.ask("/f");
  assertEquals([statusCode, fields.get("cache-control")], [404, "no-store"]);
  assertStringIncludes(new TextDecoder().decode(body), "None of the servers has this file.");
  farm.fakes[1]!.answer = holding({ "/f": file(7) });
  // As long as it is asked for, no client is sent to a server that lacks it.
  const seen = new Set<string>();
  await eventually(async () => seen.add(await farm.where("/f")).has("b"));
  assertEquals(await farm.all("/f"), "b");
  assertEquals(seen.has("a"), false);
  assert(await countSaid(farm.balancer, "versions") === 0);
});

Deno.test("balancer asks again what is about to expire, and forgets what nobody wants", async () => {
  const has = holding({ "/f": file(7) });
  await using farm = await Farm.start([has, has], "--check-files=after", "--check-expiry=1s");
  await farm.ask("/f");
  await farm.answered(2);
  farm.fakes[0]!.answer = holding({});
  await eventually(async () => await farm.all("/f") === "b");
  assert(questionsTo(farm.fakes[0]!).length >= 2);
  await eventually(async () => (await farm.status()).files!.known === 0);
  const { files, servers } = await farm.status();
  assertEquals([files!.lacking, servers[0]!.files], [0, {
    lacking: 0,
    differing: 0,
    examples: [],
  }]);
});

Deno.test("balancer asks a server anew that comes back", async () => {
  const has = holding({ "/f": file(7) });
  const args = ["--check-files=after", "--rise=1", "--interval=100ms"];
  await using farm = await Farm.start([has, has], ...args);
  await farm.ask("/f");
  await farm.answered(2);
  farm.fakes[0]!.answer = answering("500 Error", "");
  await said(farm.balancer, `${farm.fakes[0]!.authority} is out`);
  await eventually(async () => await farm.all("/f") === "b");
  farm.fakes[0]!.answer = holding({});
  await said(farm.balancer, `${farm.fakes[0]!.authority} is back`);
  await eventually(() =>
    questionsTo(farm.fakes[0]!).length === 2 || farm.ask("/f").then(() => false)
  );
  await eventually(async () => (await farm.status()).files!.lacking === 1);
  assertEquals(await farm.all("/f"), "b");
});

/** Answers of the server a, while b and c have a file of 7 bytes, and who is picked in the end. */
const BAD: readonly {
  readonly story: string;
  readonly target: string;
  readonly answer: Answer;
  readonly good?: Answer;
  readonly picked: string;
}[] = [
  {
    story: "405 to HEAD, and ranges",
    target: "/f",
    answer: (conn, head) =>
      saying(
        head.startsWith("HEAD")
          ? "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n"
          : "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/7\r\nContent-Length: 1\r\n\r\nx",
      )(conn, head),
    picked: "abc",
  },
  {
    story: "405 to HEAD, and no such file",
    target: "/f",
    answer: (conn, head) =>
      answering(head.startsWith("HEAD") ? "405 Method Not Allowed" : "404 Not Found", "")(
        conn,
        head,
      ),
    picked: "bc",
  },
  {
    story: "HEAD with a body",
    target: "/f",
    answer: answering("200 OK", "7 bytes"),
    picked: "abc",
  },
  { story: "no answer", target: "/f", answer: hanging, picked: "bc" },
  {
    story: "200 and an error page of another size",
    target: "/f",
    answer: file(5000, "Content-Type: text/html"),
    picked: "bc",
  },
  {
    story: "a listing without length",
    target: "/dir/",
    answer: saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    good: saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    picked: "abc",
  },
  { story: "a query that it does not know", target: "/f?v=1&w=%2F", answer: MISSING, picked: "bc" },
  { story: "no HTTP", target: "/f", answer: saying("SSH-2.0-x\r\n"), picked: "bc" },
  {
    story: "a redirect",
    target: "/f",
    answer: answering("302 Found", "", "Location: /g"),
    picked: "bc",
  },
  { story: "410", target: "/f", answer: answering("410 Gone", ""), picked: "bc" },
  { story: "403", target: "/f", answer: answering("403 Forbidden", ""), picked: "bc" },
];

for (const { story, target, answer, good = file(7), picked } of BAD) {
  Deno.test(`balancer --check-files bears a server with ${story}`, async () => {
    const fine = holding({ [target]: good });
    const bad = holding({ [target]: answer });
    await using farm = await Farm.start([bad, fine, fine], "--check-files=after");
    await farm.ask(target);
    const most = story === "no answer" ? 2 : 3;
    await farm.answered(most);
    assertEquals(await farm.all(target), picked);
    const lines = farm.fakes.flatMap(questionsTo);
    assert(lines.every((it) => it.endsWith(` ${target}`)), `${lines}`);
  });
}

Deno.test("balancer asks a server again that lies, by the word of a client", async () => {
  const liar: Answer = (conn, head) => (head.startsWith("HEAD") ? file(7) : MISSING)(conn, head);
  const args = ["--check-files=after"];
  const lying = holding({ "/f": liar });
  await using farm = await Farm.start([lying, holding({ "/f": file(7) })], ...args);
  await farm.ask("/f");
  await farm.answered(2);
  assertEquals(await farm.all("/f"), "ab");
  const avoided = `Avoid-Server: ${farm.fakes[0]!.authority}\r\n`;
  assertEquals(await farm.where("/f", avoided), "b");
  await farm.answered(3);
  assertEquals(await farm.all("/f"), "b");
  assertEquals(questionsTo(farm.fakes[0]!), ["HEAD /f", "GET /f", "HEAD /f"]);
});

Deno.test("balancer asks no more than --check-rate in a flood of missing targets, and knows the wanted one", async () => {
  const answers = [holding({ "/f": file(7) }), holding({})];
  const rate = 20;
  const args = ["--check-files=after", `--check-rate=${rate}`, "--log=none"];
  await using farm = await Farm.start(answers, ...args);
  const startedAt = performance.now();
  using client = await RawClient.connect(farm.balancer.port);
  const BATCH = 200;
  for (let batch = 0; batch < 50; batch++) {
    const targets = Array.from(
      { length: BATCH },
      (_, i) => `/${batch}/${i}?${crypto.randomUUID()}`,
    );
    targets.push("/f");
    await client.send(targets.map((it) => `GET ${it} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    for (const target of targets) {
      const { statusCode } = await client.response();
      assert(statusCode === 301 || statusCode === 404, `${target}: ${statusCode}`);
    }
  }
  await eventually(async () => await farm.all("/f", 4) === "a");
  const { files } = await farm.status();
  const questions = farm.fakes.flatMap(questionsTo).length;
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  assert(questions <= rate * elapsedSeconds + rate / 10 + 1, `${questions} in ${elapsedSeconds} s`);
  assert(files!.known <= questions, `${files!.known}`);
});

Deno.test("balancer --check-files knows files of our own servers", async () => {
  await using has = await fileServer({ "f.iso": "content", "test.bin": "x" });
  await using lacks = await fileServer({ "test.bin": "x" });
  await using balancer = await listeningRole("balancer", [
    ...["--check-files=before", "--check-timeout=30s"],
    ...[has.role.authority, lacks.role.authority],
  ]);
  using client = await RawClient.connect(balancer.port);
  for (let i = 0; i < 5; i++) {
    const { fields } = await client.get("/f.iso");
    assertEquals(fields.get("location"), `http://${has.role.authority}/f.iso`);
  }
  const { statusCode, body } = await client.get("/f.iso.meta4");
  const document = new TextDecoder().decode(body);
  assertEquals(statusCode, 200);
  assertStringIncludes(document, "<size>7</size>");
  assertStringIncludes(document, `<url priority="1">http://${has.role.authority}/f.iso</url>`);
  assertEquals(document.includes(lacks.role.authority), false);
  assertEquals((await client.get("/none.iso")).statusCode, 404);
});
