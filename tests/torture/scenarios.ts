/**
 * What the roles do while their calls fail: serve, test and redirect, download.
 *
 * @module
 */

import { join } from "@std/path";
import { decodeState } from "../../lib/balancing/state/state_text.ts";
import { ignoreNotFound } from "../../lib/download/output/file_error.ts";
import { fileServer } from "../support/file_server.ts";
import { fileGrownTo } from "../support/file_state.ts";
import { manyOctets } from "../support/farm.ts";
import { finished, type Process } from "../support/process.ts";
import { listeningRole, startRole } from "../support/role.ts";
import type { Injection } from "./injection.ts";
import type { Scenario, Subject } from "./trial.ts";

/** Longer than any answer over loopback takes. In ms. */
const ANSWER_MS = 3_000;

/** Peers serve all trials. */
const LONG_LIVED = { longestLifeMs: 3_600_000 };

/** Redirects until every server has got one. */
const MOST_ASKED = 300;

const CONTENT = manyOctets(3_000_000);

/** The scenarios, whose servers run until they are disposed of. */
export async function openScenarios(): Promise<AsyncDisposable & { scenarios: Scenario[] }> {
  await using stack = new AsyncDisposableStack();
  const start = async () =>
    stack.use(await fileServer({ "a.bin": CONTENT }, ["--limit-rate=8M"], LONG_LIVED));
  const [first, second] = [await start(), await start()];
  const list = [first, second].map(({ role }) => role.authority);
  const balancer = stack.use(
    await listeningRole(
      "balancer",
      ["--log=none", "--rise=1", "--alternatives=1", ...list],
      LONG_LIVED,
    ),
  );
  const url = `${balancer.origin}/a.bin`;
  const begun = await interrupted(url);
  const scenarios = [
    SERVING,
    redirecting(first.role.port, second.role.port),
    downloading("client: a file", url, [], {}),
    downloading("client: a resume", url, ["-c"], begun),
    downloading("client: segments", url, ["--segments=3"], {}),
  ];
  const owned = stack.move();
  return { scenarios, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const SERVING: Scenario = {
  name: "server",
  role: "server",
  exitStatuses: [0, 1],
  hosts: {},
  async play(subject) {
    const { injection, directory } = subject;
    await Deno.mkdir(join(directory, "root/sub"), { recursive: true });
    await Deno.writeFile(join(directory, "root/sub/b.bin"), CONTENT.subarray(0, 200_000));
    const { process, port } = await listening(subject, ["--listing", "root"]);
    if (port === undefined) return await itsReason(process);
    const problems = await answersOf(port, injection);
    // Once it has met a failure that passes, it goes on as if nothing had been.
    if (!injection.isLasting && subject.hasFailed) {
      problems.push(...(await answersOf(port, undefined)));
    }
    await subject.stop();
    return problems;
  },
};

const REQUESTS: readonly (readonly [target: string, range: string | undefined, status: number])[] =
  [
    ["/sub/b.bin", undefined, 200],
    ["/sub/b.bin", "bytes=1000-1999", 206],
    ["/sub/", undefined, 200],
    ["/test.bin?bytes=5000", undefined, 200],
    ["/none", undefined, 404],
  ];

/**
 * What is wrong with the answers of a server. While a call fails, a broken connection and a 5xx are
 * no lies, and who is not accepted waits.
 */
async function answersOf(port: number, injection: Injection | undefined): Promise<string[]> {
  const problems: string[] = [];
  for (const [target, range, status] of REQUESTS) {
    const name = `${target} ${range ?? ""}`;
    const answer = await ask(`http://127.0.0.1:${port}${target}`, range);
    if (answer === "hangs") {
      return injection && isDeaf(injection) ? problems : [...problems, `${name} hangs`];
    }
    if (answer === "breaks" || answer.status >= 500) {
      if (injection === undefined) problems.push(`${name} fails afterwards`);
    } else if (answer.status !== status) problems.push(`${name}: ${answer.status}`);
    else if (target === "/sub/b.bin" && !isContent(answer.content, range)) {
      problems.push(`${name} has other content`);
    }
  }
  return problems;
}

function isDeaf({ point, isLasting }: Injection): boolean {
  return point === "accept" && isLasting;
}

function isContent(actual: Uint8Array, range: string | undefined): boolean {
  const expected = range === undefined
    ? CONTENT.subarray(0, 200_000)
    : CONTENT.subarray(1000, 2000);
  return isSame(actual, expected);
}

/** Asks by an independent client. */
async function ask(
  url: string,
  range?: string,
): Promise<{ status: number; location: string; content: Uint8Array } | "hangs" | "breaks"> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, {
      headers: { Connection: "close", ...(range !== undefined && { Range: range }) },
      redirect: "manual",
      signal,
    });
    const content = await response.bytes();
    return { status: response.status, location: response.headers.get("location") ?? "", content };
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? "hangs" : "breaks";
  }
}

function redirecting(first: number, second: number): Scenario {
  const locations = [`http://127.0.0.1:${first}/x`, `http://127.0.0.1:${second}/x`];
  return {
    name: "balancer",
    role: "balancer",
    exitStatuses: [0, 1, 2],
    hosts: { "second.test": "127.0.0.1" },
    async play(subject) {
      const { injection, directory } = subject;
      const list = join(directory, "list.txt");
      await Deno.writeTextFile(list, `127.0.0.1:${first}\n`);
      const options = ["--rise=1", "--interval=300ms", "--probe-bytes=1000", "--state=state"];
      const { process, port } = await listening(subject, [...options, "list.txt"]);
      if (port === undefined) return await itsReason(process);
      const url = `http://127.0.0.1:${port}/x`;
      const problems = wrongRedirect(await ask(url), locations, injection);
      await Deno.writeTextFile(list, `127.0.0.1:${first}\ndns:second.test:${second}\n`);
      process.signal("SIGHUP");
      if (!injection.isLasting) problems.push(...(await untilAll(url, locations, process)));
      problems.push(...wrongRedirect(await ask(url), locations, injection));
      await subject.stop();
      await process.ended;
      problems.push(...(await wrongState(join(directory, "state"))));
      return problems;
    },
  };
}

function wrongRedirect(
  answer: Awaited<ReturnType<typeof ask>>,
  known: readonly string[],
  injection: Injection,
): string[] {
  if (answer === "breaks") return [];
  if (answer === "hangs") return isDeaf(injection) ? [] : ["a redirect hangs"];
  if (answer.status === 503) return [];
  return answer.status === 301 && known.includes(answer.location)
    ? []
    : [`${answer.status} to ${answer.location}`];
}

/** What is wrong with a file that a balancer left for the next one; it may have left none. */
async function wrongState(path: string): Promise<string[]> {
  const bytes = await Deno.readFile(path).catch(ignoreNotFound);
  if (bytes === undefined) return [];
  const { parts } = await decodeState(bytes);
  return parts.has("servers") ? [] : ["a state without servers"];
}

/** Once all servers get clients, as they do after a failure that passes. */
async function untilAll(
  url: string,
  known: readonly string[],
  process: Process,
): Promise<string[]> {
  const missing = new Set(known);
  for (let asked = 1; asked <= MOST_ASKED; asked++) {
    const answer = await ask(url);
    if (typeof answer !== "string") missing.delete(answer.location);
    if (missing.size === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, 20));
    // A reload that met the failure is asked for again, as its operator would.
    if (asked % 50 === 0) process.signal("SIGHUP");
  }
  return [`nobody is sent to ${[...missing].join(", ")}`];
}

/** Starts a role that listens; without a port if it ends instead. Its output may be what fails. */
async function listening(
  subject: Subject,
  args: readonly string[],
): Promise<{ process: Process; port: number | undefined }> {
  const port = ownPort();
  const process = subject.start(["--host=127.0.0.1", `--port=${port}`, ...args]);
  let hasEnded = false;
  process.exited.then(() => hasEnded = true);
  while (!hasEnded) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return { process, port };
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return { process, port: undefined };
}

/** Below those that the system gives to connections. */
let lastPort = 20_000 + Deno.pid % 5000;

/** A free port, which no other trial gets. */
function ownPort(): number {
  for (;;) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port: ++lastPort }).close();
      return lastPort;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** A role that does not start says why. */
async function itsReason(process: Process): Promise<string[]> {
  const { stderr } = await finished(process);
  return stderr.trim() === "" ? ["it does not start, and says nothing"] : [];
}

/** A file that another run began. */
async function interrupted(url: string): Promise<Record<string, Uint8Array>> {
  const directory = await Deno.makeTempDir();
  try {
    await using process = startRole("client", ["-q", "-o", "out", url], { cwd: directory });
    await fileGrownTo(join(directory, "out.part"), 1_000_000);
    process.signal("SIGKILL");
    await process.ended;
    const names = ["out.part", "out.part.json"];
    return Object.fromEntries(
      await Promise.all(names.map(async (it) => [it, await Deno.readFile(join(directory, it))])),
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function downloading(
  name: string,
  url: string,
  options: readonly string[],
  begun: Readonly<Record<string, Uint8Array>>,
): Scenario {
  return {
    name,
    role: "client",
    exitStatuses: [0, 3, 4],
    hosts: {},
    async play(subject) {
      const { injection, directory } = subject;
      for (const [file, content] of Object.entries(begun)) {
        await Deno.writeFile(join(directory, file), content);
      }
      const retries = injection.isLasting ? "--retries=1" : "--retries=5";
      const process = subject.start(["-q", retries, ...options, "-o", "out", url]);
      const { code, stderr } = await finished(process);
      const problems = wrongFile(subject, code, "");
      if (isPassing(injection) && code !== 0) problems.push(`gives up with ${code}`);
      await using next = startRole("client", ["-q", "-c", "-o", "out", url], { cwd: directory });
      const later = await finished(next);
      if (later.code !== 0) problems.push(`the next run: ${later.stderr.trim()}`);
      problems.push(...wrongFile(subject, later.code, "afterwards"));
      const left = [...Deno.readDirSync(directory)].map(({ name }) => name).join(", ");
      const isSaid = stderr.includes("out.part is kept") &&
        stderr.includes("cannot be gone on with");
      if (left !== "out" && !isSaid) problems.push(`afterwards there are: ${left}`);
      return problems;
    },
  };
}

/** A network that failed once is no reason to give up. */
function isPassing({ point, isLasting }: Injection): boolean {
  return !isLasting && ["connect", "receive", "send", "resolve"].includes(point);
}

function wrongFile({ directory }: Subject, code: number, when: string): string[] {
  try {
    const isRight = isSame(Deno.readFileSync(join(directory, "out")), CONTENT);
    return isRight ? [] : [`a wrong file ${when}`];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return code === 0 ? [`no file ${when}, but exit status 0`] : [];
  }
}

function isSame(actual: Uint8Array, expected: Uint8Array): boolean {
  return actual.length === expected.length && actual.every((it, i) => it === expected[i]);
}
