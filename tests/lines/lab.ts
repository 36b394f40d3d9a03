import { isRunning } from "../support/children.ts";
import { type Finished, run } from "../support/process.ts";

/** Namespaces are named `lines-PID-NUMBER-NODE`, by the process that made them. */
const NAMESPACE = /^lines-([0-9]+)-/;

/** The addresses, which exist inside the namespaces only. */
const NETWORK = "10.78.0";
const FIRST_HOST = 11;

/** What a line holds back: 50 ms of it, and at least some 40 packets, as modems and routers do. */
const QUEUE_SECONDS = 0.05;
const MIN_QUEUE_BYTES = 64 * 1024;

/** What leaves at once when a line was idle: 4 ms of it, and at least two packets. */
const BURST_SECONDS = 0.004;
const MIN_BURST_BYTES = 4000;

/** Labs that this process has made. */
let made = 0;

/** A machine of its own: a network namespace with one address, on a line to the switch. */
export interface Node {
  /** What the lab calls it. */
  readonly name: string;
  /** What the kernel calls its namespace: where its processes are started. */
  readonly namespace: string;
  /** Its IPv4 address. */
  readonly address: string;
  /** That of its Ethernet device, `eth0`. */
  readonly mac: string;
}

/**
 * Machines on lines of different speeds, all at one switch: network namespaces (Linux, root,
 * iproute2), whose processes, devices and names are gone when the scope is left. A test that was
 * killed leaves them behind; the next lab removes those whose process is over.
 */
export class Lab implements AsyncDisposable {
  readonly #switch: string;
  readonly #nodes: ReadonlyMap<string, Node>;

  private constructor(names: readonly string[]) {
    const prefix = `lines-${Deno.pid}-${++made}`;
    this.#switch = `${prefix}-switch`;
    const nodes = names.map((name, index) => {
      const host = FIRST_HOST + index;
      const mac = `02:78:00:00:00:${host.toString(16).padStart(2, "0")}`;
      return { name, namespace: `${prefix}-${name}`, address: `${NETWORK}.${host}`, mac };
    });
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
  }

  /**
   * Makes it.
   *
   * @param lines the speed of each node's line in Mbit/s, in both directions, by the node's name;
   *   Infinity for as fast as the machine is
   * @throws {Error} with what the kernel or iproute2 says
   */
  static async with(lines: Readonly<Record<string, number>>): Promise<Lab> {
    await removeLeftovers();
    const lab = new Lab(Object.keys(lines));
    try {
      await lab.#connect();
      const shaped = Object.entries(lines).filter(([, mbit]) => mbit !== Infinity);
      await Promise.all(shaped.map(([name, mbit]) => lab.shape(name, mbit)));
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The node of that name. */
  node(name: string): Node {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`There is no node "${name}"`);
    return node;
  }

  /** Gives the line of a node a speed, in Mbit/s, in both directions. */
  async shape(name: string, mbit: number): Promise<void> {
    const bytesPerSecond = mbit * 1e6 / 8;
    const burst = Math.max(MIN_BURST_BYTES, Math.round(bytesPerSecond * BURST_SECONDS));
    const limit = Math.max(MIN_QUEUE_BYTES, Math.round(bytesPerSecond * QUEUE_SECONDS));
    const tbf = `root tbf rate ${Math.round(mbit * 1000)}kbit burst ${burst}b limit ${limit}b`;
    await Promise.all([
      batch("tc", [`qdisc replace dev eth0 ${tbf}`], this.node(name).namespace),
      batch("tc", [`qdisc replace dev ${name} ${tbf}`], this.#switch),
    ]);
  }

  /** Cuts a node off: its packets and those to it vanish at the switch without any answer. */
  async cut(name: string): Promise<void> {
    await batch("ip", [`link set ${this.node(name).name} down`], this.#switch);
  }

  /** Kills what runs in its namespaces, and removes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const existing = new Set(await namespaces());
    const own = [...[...this.#nodes.values()].map(({ namespace }) => namespace), this.#switch];
    await removeNamespaces(own.filter((it) => existing.has(it)));
  }

  async #connect(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    const names = [this.#switch, ...nodes.map(({ namespace }) => namespace)];
    await batch("ip", names.map((it) => `netns add ${it}`));
    await batch("ip", [
      "link add bridge type bridge stp_state 0 mcast_snooping 0",
      "link set bridge up",
      ...nodes.flatMap(({ name, namespace, mac }) => [
        `link add ${name} type veth peer name eth0 address ${mac} netns ${namespace}`,
        `link set ${name} master bridge up`,
      ]),
    ], this.#switch);
    await Promise.all(nodes.map(async (node) => {
      const others = nodes.filter((other) => other !== node);
      await batch("ip", [
        "link set lo up",
        `address add ${node.address}/24 dev eth0`,
        // One packet at a time: a shaper that splits large ones drops parts of them, at which TCP stalls.
        "link set eth0 up gso_max_segs 1",
        // For good: a node that is cut off is to be silent, not to be found unreachable by ARP.
        ...others.map(({ address, mac }) =>
          `neighbour add ${address} lladdr ${mac} dev eth0 nud permanent`
        ),
      ], node.namespace);
    }));
  }
}

/** Runs commands of `ip` or `tc`, by default in the namespace of the tests. */
async function batch(
  program: "ip" | "tc",
  commands: readonly string[],
  namespace?: string,
): Promise<void> {
  const inNamespace = namespace === undefined ? [] : ["-n", namespace];
  const stdin = `${commands.join("\n")}\n`;
  succeeded(await run(program, [...inNamespace, "-batch", "-"], { stdin }), program);
}

/** The names of all network namespaces. */
async function namespaces(): Promise<string[]> {
  const { stdout } = succeeded(await run("ip", ["netns", "list"]), "ip netns list");
  return stdout.split("\n").flatMap((line) => line.split(" ", 1)).filter((name) => name !== "");
}

/** Removes the namespaces of processes that have ended without doing so. */
async function removeLeftovers(): Promise<void> {
  const isLeft = (name: string) => {
    const [, pid] = NAMESPACE.exec(name) ?? [];
    return pid !== undefined && !isRunning(Number(pid));
  };
  await removeNamespaces((await namespaces()).filter(isLeft));
}

/** Kills the processes in namespaces, which exist, and removes these. */
async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { stdout } = await run("ip", ["netns", "pids", name]);
    for (const pid of stdout.split("\n").filter((line) => line !== "")) {
      await run("kill", ["-KILL", pid]); // It may have ended meanwhile.
    }
  }
  if (names.length > 0) await batch("ip", names.map((name) => `netns delete ${name}`));
}

function succeeded(finished: Finished, what: string): Finished {
  const { code, stdout, stderr } = finished;
  const said = (stderr.trim() || stdout.trim()).replaceAll("\n", "; ");
  if (code !== 0) throw new Error(`${what} failed: ${said}`);
  return finished;
}
