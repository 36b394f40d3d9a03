import { assertEquals } from "@std/assert";
import { finished, Process } from "../support/process.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { type Content, drawContent } from "./content.ts";
import { sha256Of } from "./digest.ts";
import { OURS } from "./downloader.ts";
import { PacedFarm } from "./paced_farm.ts";
import { drawProxy, type PlannedProxy } from "./plan.ts";
import { startProxy } from "./proxying.ts";

/** A download whose client was killed, and the one that went on with what it had left. */
export interface Interruption {
  readonly seed: number;
  /** Octets of the content. */
  readonly length: number;
  /** What the servers had sent when the client was killed. */
  readonly sentBefore: number;
  /** Octets of content that were sent once more. */
  readonly sentTwice: number;
  /** What both clients were told. */
  readonly way: Way;
}

/** How a file is asked for. */
export interface Way {
  /** How many parts at once; as many as help without. */
  readonly segments: number | undefined;
  /** Whether by a Metalink document, and not by the URL. */
  readonly hasDocument: boolean;
  readonly proxy: PlannedProxy;
}

/** When the client is killed: so many ms after so many octets. */
interface Moment {
  readonly octets: number;
  readonly ms: number;
}

const NAME = "file.bin";

/**
 * Kills a client at a moment that the seed draws, and lets another go on.
 *
 * @throws {Error} when the file is not the right one afterwards, or not alone
 */
export async function interrupt(seed: number): Promise<Interruption> {
  const random = seededRandom(seed);
  const content = await drawContent(random, 4_000_000 + randomInteger(random, 8_000_000));
  const { length } = content.octets;
  // Its own chances, so that the rest is the same without them.
  const chances = seededRandom(seed + 3);
  const way = drawWay(chances);
  const moment = drawMoment(random, length);
  await using directory = await TemporaryDirectory.with();
  await using farm = await PacedFarm.with(content, directory.join(`${NAME}.part`), random);
  await using documents = await TemporaryDirectory.with({ "a.meta4": farm.document(NAME) });
  await using proxy = startProxy(way.proxy, length, chances);
  const start = (isContinued: boolean) => {
    const [program = "", ...args] = OURS.command({
      url: `${farm.origin}/${NAME}`,
      name: NAME,
      sha256: undefined,
      isServable: true,
      isContinued,
      segments: way.segments,
      document: way.hasDocument ? documents.join("a.meta4") : undefined,
      proxy: proxy && `http://${proxy.authority}`,
    });
    return new Process(program, args, { cwd: directory.path });
  };
  try {
    await killAt(moment, farm, start(false));
    await assertFile(directory, content, "whole or absent");
    const sentBefore = farm.sentOctets;
    farm.lose();
    await using heir = start(true);
    const { code, stderr } = await finished(heir);
    assertEquals(code, 0, stderr);
    await assertFile(directory, content, "whole", stderr);
    assertEquals(await directory.names(), [NAME], stderr);
    return { seed, length, sentBefore, sentTwice: Math.max(0, farm.sentOctets - length), way };
  } catch (cause) {
    const when = `killed ${moment.ms} ms after ${moment.octets} of ${length} octets`;
    throw new Error(`seed ${seed}, ${JSON.stringify(way)}, ${when}: ${cause}`, { cause });
  }
}

/** Mostly in the midst of the content; sometimes while the client starts, or when all is sent. */
function drawMoment(random: () => number, length: number): Moment {
  const kind = random();
  if (kind < 0.1) return { octets: 0, ms: randomInteger(random, 300) };
  if (kind < 0.25) return { octets: length, ms: randomInteger(random, 30) };
  return { octets: randomInteger(random, length), ms: randomInteger(random, 3) };
}

function drawWay(random: () => number): Way {
  const number = randomInteger(random, 8) - 1;
  return {
    segments: number < 1 ? undefined : Math.max(1, number - 2),
    hasDocument: random() < 0.25,
    proxy: drawProxy(random),
  };
}

async function killAt({ octets, ms }: Moment, farm: PacedFarm, started: Process): Promise<void> {
  await using victim = started;
  await Promise.race([farm.sent(octets), victim.ended]);
  await new Promise((resolve) => setTimeout(resolve, ms));
  try {
    victim.signal("SIGKILL");
  } catch (error) {
    // It has just ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
  await victim.ended;
}

async function assertFile(
  directory: TemporaryDirectory,
  { sha256 }: Content,
  expected: "whole" | "whole or absent",
  said = "",
): Promise<void> {
  const actual = await sha256Of(directory, NAME);
  if (actual === undefined && expected === "whole or absent") return;
  assertEquals(actual, sha256, said);
}
