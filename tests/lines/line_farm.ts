import type { StatusDocument } from "../../lib/balancing/status.ts";
import { startNginx } from "../support/peer.ts";
import { type ProcessOptions, run } from "../support/process.ts";
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

/** The SHA-256 of some content, in hexadecimal digits. */
export async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
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
