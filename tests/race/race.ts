import { join } from "@std/path";
import { RawClient } from "../support/raw_client.ts";
import { Process } from "../support/process.ts";
import { listeningRole, PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** What is swapped, and what is asked for meanwhile. */
interface Race {
  /** The first arguments of `swapper.ts` but for the directory: what, and how often a second. */
  readonly swapper: readonly [what: string, ...rate: string[]];
  readonly request: string;
  /** Whether the answer ends with its connection. */
  readonly endsConnection?: boolean;
}

const FILE = "GET /swapped/file HTTP/1.1\r\nHost: a\r\nRange: bytes=0-99\r\n\r\n";

/** By their names. A swap is one for a link to outside and back; `replaced` is by a rename. */
const RACES = {
  "file": { swapper: ["file"], request: FILE.replace("/file", "") },
  "directory": { swapper: ["directory"], request: FILE },
  "listing": {
    swapper: ["directory"],
    request: "GET /swapped/ HTTP/1.0\r\nHost: a\r\nAccept: application/json\r\n\r\n",
    endsConnection: true,
  },
  "replaced 50/s": { swapper: ["replace", "50"], request: FILE },
  "replaced 500/s": { swapper: ["replace", "500"], request: FILE },
  "replaced": { swapper: ["replace"], request: FILE },
  "replaced 50/s below changes": { swapper: ["replace below", "50"], request: FILE },
  "replaced 500/s below changes": { swapper: ["replace below", "500"], request: FILE },
  "replaced below changes": { swapper: ["replace below"], request: FILE },
} as const satisfies Readonly<Record<string, Race>>;

/** Which race. */
export type RaceKind = keyof typeof RACES;

/** All of them. */
export const RACE_KINDS = Object.keys(RACES) as readonly RaceKind[];

/** What became of a race. */
export interface RaceResult {
  /** Answers by their status codes. */
  readonly answers: ReadonlyMap<number, number>;
  /** Answers in which there was anything from outside. */
  readonly leaks: number;
  /** How often it was swapped meanwhile. */
  readonly swaps: number;
}

const CONNECTIONS = 8;
const LONGEST_LIFE_MS = 3_600_000;
/** More than is kept in memory, so that each request has the file opened. */
const INSIDE_SIZE = 300_000;
const OUTSIDE_SIZE = 300_001;
/** The content of the outside file, its size, and a name in the outside directory. */
const OUTSIDE = new RegExp(`SECRET|[/:]${OUTSIDE_SIZE}`);

/** Asks a server for what another process swaps meanwhile. */
export async function race(kind: RaceKind, requests: number): Promise<RaceResult> {
  await using directory = await TemporaryDirectory.with();
  await arrange(directory, kind);
  const args = ["--log=none", "--listing", directory.join("root")];
  const processOptions = { longestLifeMs: LONGEST_LIFE_MS };
  await using server = await listeningRole("server", args, processOptions);
  const race: Race = RACES[kind];
  const script = join(PROJECT, "tests/race/swapper.ts");
  const [what, ...rate] = race.swapper;
  const swapperArgs = ["run", "--quiet", "-A", script, what, directory.path, ...rate];
  await using swapper = new Process(Deno.execPath(), swapperArgs, processOptions);
  await swapper.stdout.next(/^swapping$/);
  const answers = new Map<number, number>();
  let leaks = 0;
  let left = requests;
  const ask = race.endsConnection ? askAnew : askOn;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    using client = await RawClient.connect(server.port);
    while (left-- > 0) {
      const { statusCode, text } = await ask(client, server.port, race.request);
      answers.set(statusCode, (answers.get(statusCode) ?? 0) + 1);
      if (OUTSIDE.test(text)) leaks++;
    }
  }));
  swapper.signal("SIGTERM");
  await swapper.ended;
  return { answers, leaks, swaps: Number.parseInt(swapper.stdout.lines.at(-1)!) };
}

async function arrange(directory: TemporaryDirectory, kind: RaceKind): Promise<void> {
  const inside = "inside".padEnd(INSIDE_SIZE, ".");
  const outside = "SECRET".padEnd(OUTSIDE_SIZE, ".");
  if (kind === "file") {
    await directory.write("inside", inside);
    await directory.write("outside", outside);
    await directory.write("root/swapped", inside);
    return;
  }
  await directory.write("root/swapped/file", inside);
  await directory.write("outside/file", outside);
  await directory.write("outside/SECRET", "");
  await Deno.symlink("../outside", directory.join("link"));
}

interface Answer {
  readonly statusCode: number;
  /** Head and body. */
  readonly text: string;
}

async function askOn(client: RawClient, _port: number, request: string): Promise<Answer> {
  await client.send(request);
  const { statusCode, head, body } = await client.response();
  return { statusCode, text: head + new TextDecoder().decode(body) };
}

/** For an answer that ends with its connection. */
async function askAnew(_client: RawClient, port: number, request: string): Promise<Answer> {
  using client = await RawClient.connect(port);
  await client.send(request);
  const { statusCode, head } = await client.responseHead();
  return { statusCode, text: head + new TextDecoder().decode(await client.rest()) };
}
