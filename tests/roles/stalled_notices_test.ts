import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { freePort, PROJECT } from "../support/role.ts";

/** So many rounds with so many servers that refuse make far more messages than may wait. */
const ROUNDS = 300;
const REFUSING = 60;

/** A test that reads no more of a role waits no longer than this for it. */
const LONGEST_LIFE_MS = 60_000;

/** A balancer whose standard error nobody reads. */
class Stalled implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lifetime: ReturnType<typeof setTimeout>;
  readonly port = freePort();

  /** Tests a server and many that refuse, again and again. */
  constructor(authority: string, workers: number) {
    const refusing = Array.from({ length: REFUSING }, (_, i) => `127.0.1.${i + 1}:9`);
    const often = ["--interval=1ms", "--fall=1000", "--probe-concurrency=100", "--log=json"];
    const address = ["--host=127.0.0.1", `--port=${this.port}`, `--workers=${workers}`];
    const permissions = ["--allow-net", `--allow-run=${Deno.execPath()}`];
    const roleArgs = [...address, ...often, "--grace=0ms", authority, ...refusing];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...permissions, `${PROJECT}/balancer.ts`, ...roleArgs],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#lifetime = setTimeout(() => this.#kill(), LONGEST_LIFE_MS);
  }

  /** Whether a client that connects now is redirected. */
  async redirects(): Promise<boolean> {
    try {
      using client = await RawClient.connect(this.port);
      return (await client.get("/x")).statusCode === 301;
    } catch {
      return false; // Nobody listens yet.
    }
  }

  /** Stops it. */
  stop(): void {
    this.#child.kill("SIGTERM");
  }

  /** Its status, once it has ended. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    clearTimeout(this.#lifetime);
    return code;
  }

  /** All that it says, read from now on to its end. */
  async rest(): Promise<string[]> {
    const text = await new Response(this.#child.stderr).text();
    return text.split("\n").slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.ended();
    if (!this.#child.stderr.locked) await this.#child.stderr.cancel();
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

for (const workers of [1, 2]) {
  const ignore = Deno.build.os !== "linux";
  const who = workers > 1 ? " with workers" : "";

  Deno.test({
    name: `balancer${who} redirects, tests and ends though nobody reads what it says`,
    ignore,
    async fn() {
      await using farm = new FakeServer(answering("200 OK", "test"));
      await using balancer = new Stalled(farm.authority, workers);
      await eventually(() => farm.requestHeads.length > ROUNDS);
      await eventually(() => balancer.redirects());
      for (let i = 0; i < 10; i++) assert(await balancer.redirects());
      const before = farm.requestHeads.length;
      await eventually(() => farm.requestHeads.length > before + 10);
      balancer.stop();
      assertEquals(await balancer.ended(), 0);
    },
  });

  Deno.test({
    name: `balancer${who} says how much of what it said nobody has read, once somebody reads`,
    ignore,
    async fn() {
      await using farm = new FakeServer(answering("200 OK", "test"));
      await using balancer = new Stalled(farm.authority, workers);
      await eventually(() => farm.requestHeads.length > 2 * ROUNDS);
      const rest = balancer.rest();
      const before = farm.requestHeads.length;
      await eventually(() => farm.requestHeads.length > before + 10);
      balancer.stop();
      assertEquals(await balancer.ended(), 0);
      const lines = (await rest).map((line): Record<string, unknown> => JSON.parse(line));
      assertEquals(lines[0]!.event, "notice");
      const dropped = lines.filter(({ event }) => event === "dropped");
      assert(dropped.length > 0 && dropped.every((it) => it.lines as number > 0));
    },
  });
}
