import { sha256 } from "../misbehaviour/digest.ts";
import { type FarmServer, type ServerProgram, startFarmServers } from "../harness/farm_server.ts";
import { randomOctets } from "../support/random.ts";
import { listening, type ListeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The servers, with what each sends on every connection, in bytes per second. */
const SERVERS: readonly { readonly program: ServerProgram; readonly rate: number }[] = [
  { program: "server.ts", rate: 2 * MIB },
  { program: "nginx", rate: 3 * MIB },
  { program: "server.ts", rate: 4 * MIB },
  { program: "nginx", rate: 5 * MIB },
  { program: "server.ts", rate: 6 * MIB },
  { program: "nginx", rate: 8 * MIB },
];

/** The sizes of the files that clients ask for, in bytes. */
const SIZES = [0, 16 * KIB, 256 * KIB + 1, MIB, 3 * MIB];

/** A probe of a slow server takes much longer than one of any other. */
const TEST_BYTES = 512 * KIB;

/** A file that clients ask for. */
export interface WantedFile {
  /** Without directories. */
  readonly name: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** A running farm: file servers over one directory, and a balancer with a list of them. */
export interface Scene extends AsyncDisposable {
  readonly servers: readonly FarmServer[];
  readonly list: ServerListFile;
  readonly wanted: readonly WantedFile[];
  readonly balancer: ListeningRole;
}

/**
 * Starts servers and a balancer.
 *
 * @param interval the balancer's time between probes, in ms
 * @param random numbers at least 0 and less than 1, for the files' content
 * @throws {Error} when one does not listen
 */
export async function openScene(
  interval: number,
  random: () => number,
  longestLifeMs: number,
): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const root = stack.use(await TemporaryDirectory.with());
  await root.write("test.bin", randomOctets(random, TEST_BYTES));
  const wanted: WantedFile[] = [];
  for (const size of SIZES) {
    const content = new Uint8Array(randomOctets(random, size));
    const name = `${size}.bin`;
    await root.write(name, content);
    wanted.push({ name, sha256: await sha256(content) });
  }
  const servers = await startFarmServers(stack, SERVERS, { root: root.path, longestLifeMs });
  const directory = stack.use(await TemporaryDirectory.with());
  const list = new ServerListFile(directory, servers.map(({ authority }) => authority));
  await list.write();
  const balancer = stack.use(await startBalancer(list, interval, longestLifeMs));
  const owned = stack.move();
  return { servers, list, wanted, balancer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function startBalancer(
  { path }: ServerListFile,
  interval: number,
  longestLifeMs: number,
): Promise<ListeningRole> {
  const args = [
    "--host=127.0.0.1",
    "--port=0",
    "--admin=127.0.0.1:0",
    "--log=json",
    "--workers=2",
    `--interval=${interval}ms`,
    "--rise=2",
    "--probe-timeout=5s",
    path,
  ];
  const permissions = ["--allow-net", `--allow-read=${path}`, `--allow-run=${Deno.execPath()}`];
  return await listening(startRole("balancer", args, { permissions, longestLifeMs }));
}

const LIST_NAME = "servers.txt";

/** Lines that no list may have. */
const MISTAKES = ["127.0.0.1:99999", "files.example", "127.0.0.1:80 weight=none", "::1:80"];

/** The list that the balancer reads. */
export class ServerListFile {
  readonly #directory: TemporaryDirectory;
  #servers: readonly string[];

  /** Writes nothing yet. */
  constructor(directory: TemporaryDirectory, servers: readonly string[]) {
    this.#directory = directory;
    this.#servers = servers;
  }

  get path(): string {
    return this.#directory.join(LIST_NAME);
  }

  /** Writes it with one server less. */
  async remove(server: string): Promise<void> {
    this.#servers = this.#servers.filter((it) => it !== server);
    await this.write();
  }

  /** Writes it with one more. */
  async add(server: string): Promise<void> {
    this.#servers = [...this.#servers, server];
    await this.write();
  }

  /** Writes it with one of the mistakes, chosen by a number. */
  async spoil(number: number): Promise<void> {
    await this.#replace([...this.#servers, MISTAKES[number % MISTAKES.length]!]);
  }

  /** Writes it as it should be. */
  async write(): Promise<void> {
    await this.#replace(this.#servers);
  }

  /** A reader finds the old or the new list, never a part. */
  async #replace(lines: readonly string[]): Promise<void> {
    await this.#directory.write(`${LIST_NAME}.new`, `# a day\n${lines.join("\n")}\n`);
    await Deno.rename(this.#directory.join(`${LIST_NAME}.new`), this.path);
  }
}
