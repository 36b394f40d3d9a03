import { startPeer } from "../support/peer.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { type LineFarm, sha256 } from "./line_farm.ts";

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
