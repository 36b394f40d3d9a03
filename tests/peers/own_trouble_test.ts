/**
 * What befalls the balancer's own machine: its name server, and its network.
 */

import { assertEquals } from "@std/assert";
import { countSaid, said } from "../support/balancer.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { Process } from "../support/process.ts";
import { countRedirects } from "../support/redirects.ts";
import { listening, PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FIT = answering("200 OK", "test");

/** What changes a machine for one process alone: its own files of hosts and of name servers. */
const ALONE =
  'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"';

/** A machine whose names are those of a file, and whose name server never answers. */
class Machine implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #silent: Deno.DatagramConn;

  private constructor(directory: TemporaryDirectory, silent: Deno.DatagramConn) {
    this.#directory = directory;
    this.#silent = silent;
  }

  /** @param options those of resolv.conf */
  static async with(names: readonly string[], options: string): Promise<Machine> {
    const directory = await TemporaryDirectory.with({
      "resolv.conf": `nameserver 127.0.0.78\noptions ${options}\n`,
    });
    const silent = Deno.listenDatagram({ hostname: "127.0.0.78", port: 53, transport: "udp" });
    const machine = new Machine(directory, silent);
    await machine.know(names);
    return machine;
  }

  /** From now on these names are known, and no other. */
  async know(names: readonly string[]): Promise<void> {
    // In place, since it is this very file that is mounted.
    const text = names.map((name) => `127.0.0.1 ${name}\n`).join("");
    await Deno.writeTextFile(this.#directory.join("hosts"), text || "\n");
  }

  balancer(args: readonly string[]): Process {
    const deno = [Deno.execPath(), "run", "--quiet", "--allow-net", "balancer.ts"];
    const files = [this.#directory.join("hosts"), this.#directory.join("resolv.conf")];
    const options = ["--host=127.0.0.1", "--port=0", "--interval=300ms", ...args];
    return new Process(
      "unshare",
      ["--mount", "sh", "-c", ALONE, "sh", ...files, ...deno, ...options],
      { cwd: PROJECT },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#silent.close();
    await this.#directory[Symbol.asyncDispose]();
  }
}

for (
  const [what, options, timeout] of [
    ["gives up", "timeout:1 attempts:1", "10s"],
    ["is waited for longer than a test may take", "timeout:30 attempts:1", "500ms"],
  ] as const
) {
  Deno.test(`balancer keeps its servers while its name server is silent and ${what}`, async () => {
    await using first = new FakeServer(FIT);
    await using second = new FakeServer(FIT);
    const names = ["web1.test", "web2.test"];
    await using machine = await Machine.with(names, options);
    const servers = [`web1.test:${first.port}`, `web2.test:${second.port}`];
    await using process = machine.balancer([`--probe-timeout=${timeout}`, ...servers]);
    await using balancer = await listening(process);
    await machine.know([]);
    await said(balancer, "web[12].test:.*, web[12].test:.* could not be tested: the name server");
    await machine.know(names);
    await said(balancer, "tested, fastest first: ");
    assertEquals(countSaid(balancer, " is out"), 0);
    assertEquals([...(await countRedirects(balancer.port, 100)).keys()].sort(), servers);
  });
}
