import { randomOctets } from "../support/random.ts";
import { listening, type ListeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { sha256 } from "../misbehaviour/digest.ts";
import type { WantedFile } from "./client.ts";
import { DayServer, type ValueParser } from "./day_server.ts";
import { ServerFile } from "./server_file.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The servers: what each is, and what it sends to every connection, in bytes per second. */
const SERVERS: readonly (readonly [ValueParser, number])[] = [
  ["server.ts", 2 * MIB],
  ["nginx", 3 * MIB],
  ["server.ts", 4 * MIB],
  ["nginx", 5 * MIB],
  ["server.ts", 6 * MIB],
  ["nginx", 8 * MIB],
];

/** The sizes of the files that clients ask for, in octets. */
const SIZES = [0, 16 * KIB, 256 * KIB + 1, MIB, 3 * MIB];

/** A test of a slow server takes much longer than one of any other. */
const TEST_BYTES = 512 * KIB;

/** A farm before its day. */
export interface Scene extends AsyncDisposable {
  readonly servers: readonly DayServer[];
  readonly file: ServerFile;
  readonly wanted: readonly WantedFile[];
  readonly balancer: ListeningRole;
}

/**
 * Starts servers over one directory, and a balancer over a list of them in a file.
 *
 * @param interval the balancer's time between tests, in ms
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
    const octets = new Uint8Array(randomOctets(random, size));
    const name = `${size}.bin`;
    await root.write(name, octets);
    wanted.push({ name, sha256: await sha256(octets) });
  }
  const servers: DayServer[] = [];
  for (const [kind, rate] of SERVERS) {
    const options = { kind, root: root.path, rate, longestLifeMs };
    servers.push(stack.use(await DayServer.start(options)));
  }
  const lists = stack.use(await TemporaryDirectory.with());
  const file = await ServerFile.of(lists, servers.map(({ authority }) => authority));
  const balancer = stack.use(await startBalancer(file, interval, longestLifeMs));
  const owned = stack.move();
  return { servers, file, wanted, balancer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function startBalancer(
  { path }: ServerFile,
  interval: number,
  longestLifeMs: number,
): Promise<ListeningRole> {
  const args = [
    ...["--host=127.0.0.1", "--port=0", "--admin=127.0.0.1:0", "--log=json", "--workers=2"],
    ...[`--interval=${interval}ms`, "--rise=2", "--probe-timeout=5s", path],
  ];
  const permissions = ["--allow-net", `--allow-read=${path}`, `--allow-run=${Deno.execPath()}`];
  return await listening(startRole("balancer", args, { permissions, longestLifeMs }));
}
