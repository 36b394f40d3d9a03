import type { StatusDocument } from "../../lib/balancing/status.ts";
import { sha256 } from "../misbehaviour/digest.ts";
import { startNginx, startPeer } from "../support/peer.ts";
import { type ProcessOptions, run } from "../support/process.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { portOf, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { Lab, type Node } from "./lab.ts";

const SERVER_PORT = 8000;
const BALANCER_PORT = 8080;
const ADMIN_PORT = 9000;

/** More than any test of a farm takes. */
const LONGEST_LIFE_MS = 120_000;

/** The performance-test file, which nginx does not bring along. */
const TEST_FILE = "test.bin";
const TEST_FILE_BYTES = 1024 * 1024;

/** As much as the system gives out at once. */
const RANDOM_BYTES = 64 * 1024;

/** What a farm is made of. */
export interface LineFarmOptions {
  /** The speed of each server's line, in Mbit/s. */
  readonly servers: readonly number[];
  /** How many of the servers, the last ones, are nginx; by default none. */
  readonly nginx?: number;
  /** The speed of the balancer's own line, in Mbit/s; by default as fast as the machine is. */
  readonly balancer?: number;
  /** The balancer's options. */
  readonly args: readonly string[];
  /** The sizes of the files that all servers have, in bytes, by name. */
  readonly files?: Readonly<Record<string, number>>;
}

/** File servers, a balancer and a client, each on a line of its own. */
export class LineFarm implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #balancer: Node;
  /** The lines; its nodes are `balancer`, `client`, and `s1` and so on. */
  readonly lab: Lab;
  /** Where clients ask for files: `http://HOST:PORT`. */
  readonly origin: string;
  /** The SHA-256 of each file, in hexadecimal digits, by name. */
  readonly digests: ReadonlyMap<string, string>;

  private constructor(stack: AsyncDisposableStack, lab: Lab, digests: ReadonlyMap<string, string>) {
    this.#stack = stack;
    this.#balancer = lab.node("balancer");
    this.lab = lab;
    this.origin = `http://${this.#balancer.address}:${BALANCER_PORT}`;
    this.digests = digests;
  }

  /** Starts all of it, and waits until the balancer listens, which it does after a round of tests. */
  static async start(options: LineFarmOptions): Promise<LineFarm> {
    const { servers, nginx = 0, balancer = Infinity, args, files = {} } = options;
    const lines = Object.fromEntries(servers.map((mbit, index) => [`s${index + 1}`, mbit]));
    await using stack = new AsyncDisposableStack();
    const root = stack.use(await TemporaryDirectory.with());
    await writeRandom(root, TEST_FILE, TEST_FILE_BYTES);
    const digests = new Map<string, string>();
    for (const [name, size] of Object.entries(files)) {
      digests.set(name, await writeRandom(root, name, size));
    }
    const lab = stack.use(await Lab.with({ ...lines, balancer, client: Infinity }));
    const nodes = Object.keys(lines).map((name) => lab.node(name));
    const ours = nodes.length - nginx;
    await Promise.all([
      ...nodes.slice(0, ours).map((node) => startServer(stack, node, root)),
      ...nodes.slice(ours).map((node) => startNginxOn(stack, node, root)),
    ]);
    await startBalancer(stack, lab.node("balancer"), [...args, ...nodes.map(authorityOf)]);
    return new LineFarm(stack.move(), lab, digests);
  }

  /** How clients are started: on their node. */
  get client(): ProcessOptions {
    return { namespace: this.lab.node("client").namespace, longestLifeMs: LONGEST_LIFE_MS };
  }

  /** What the balancer shows of the farm; its servers are in the order of their lines. */
  async status(): Promise<StatusDocument> {
    const { namespace } = this.#balancer;
    const url = `http://127.0.0.1:${ADMIN_PORT}/status.json`;
    const { code, stdout, stderr } = await run("curl", ["-sS", url], { namespace });
    if (code !== 0) throw new Error(`The balancer does not show its farm: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Ends all of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Writes a file of so many random bytes, and returns its SHA-256. */
async function writeRandom(root: TemporaryDirectory, name: string, size: number): Promise<string> {
  const content = new Uint8Array(size);
  for (let start = 0; start < size; start += RANDOM_BYTES) {
    crypto.getRandomValues(content.subarray(start, start + RANDOM_BYTES));
  }
  await root.write(name, content);
  return await sha256(content);
}

/** Where a server is, as the list of the balancer has it. */
function authorityOf({ address }: Node): string {
  return `${address}:${SERVER_PORT}`;
}

async function startServer(
  stack: AsyncDisposableStack,
  { namespace, address }: Node,
  root: TemporaryDirectory,
): Promise<void> {
  const args = [`--host=${address}`, `--port=${SERVER_PORT}`, "--log=none", root.path];
  const options = { namespace, longestLifeMs: LONGEST_LIFE_MS };
  await portOf(stack.use(startRole("server", args, options)));
}

async function startNginxOn(
  stack: AsyncDisposableStack,
  node: Node,
  root: TemporaryDirectory,
): Promise<void> {
  const options = { namespace: node.namespace, longestLifeMs: LONGEST_LIFE_MS };
  stack.use(await startNginx(`root ${root.path};`, authorityOf(node), options));
}

async function startBalancer(
  stack: AsyncDisposableStack,
  { namespace, address }: Node,
  args: readonly string[],
): Promise<void> {
  const where = [`--host=${address}`, `--port=${BALANCER_PORT}`, `--admin=127.0.0.1:${ADMIN_PORT}`];
  const options = { namespace, longestLifeMs: LONGEST_LIFE_MS };
  await portOf(stack.use(startRole("balancer", [...where, "--log=none", ...args], options)));
}

/** What curls have downloaded. */
export interface CrowdResult {
  /** Downloads that ended, well or badly. */
  readonly downloads: number;
  /** What went wrong, one line for each bad download. */
  readonly problems: readonly string[];
}

/**
 * Lets so many curls at a time download random files of a farm, each the next when it has one, for
 * so long. Those that are under way at the end are killed and do not count.
 */
export async function downloadAtOnce(
  farm: LineFarm,
  count: number,
  durationMs: number,
): Promise<CrowdResult> {
  await using directory = await TemporaryDirectory.with();
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), durationMs);
  const results: (string | undefined)[] = [];
  try {
    await Promise.all(Array.from({ length: count }, async (_, index) => {
      const path = directory.join(`${index}`);
      const random = seededRandom(index);
      const names = [...farm.digests.keys()];
      for (;;) {
        const name = names[randomInteger(random, names.length)]!;
        const result = await download(farm, name, path, over);
        if (!result) return;
        results.push(result.problem);
      }
    }));
  } finally {
    clearTimeout(timer);
  }
  return { downloads: results.length, problems: results.filter((it) => it !== undefined) };
}

/** One download by curl; undefined when time is over before it ends. */
async function download(
  farm: LineFarm,
  name: string,
  path: string,
  over: Promise<undefined>,
): Promise<{ readonly problem?: string } | undefined> {
  const args = ["-sSL", "-o", path, "-w", "%{http_code}", `${farm.origin}/${name}`];
  await using curl = startPeer("curl", args, farm.client);
  const status = await Promise.race([curl.ended, over]);
  if (!status) return undefined;
  const said = `${curl.stdout.text} ${curl.stderr.text}`.trim();
  if (status.code !== 0 || said !== "200") return { problem: `${name}: ${said}` };
  const isRight = await sha256(await Deno.readFile(path)) === farm.digests.get(name);
  return isRight ? {} : { problem: `${name}: other content` };
}
