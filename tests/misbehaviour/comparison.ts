import { needsDigest } from "./behaviours.ts";
import { type Downloader, OURS, PEERS } from "./downloader.ts";
import { drawPlan } from "./plan.ts";
import { numbersFrom, together } from "./together.ts";
import { type Ending, endingOf } from "./trial.ts";

const ENDINGS: readonly Ending[] = ["right", "wrong octets, status 0", "failed", "no end in 60 s"];

/** Downloads by the same plans with every program; each has a server that is right. */
export async function* compare(
  { seed, downloads, jobs }: { seed: number; downloads: number; jobs: number },
): AsyncGenerator<string> {
  const titles = ["", ...ENDINGS, "seconds each"];
  const widths = titles.map((title, i) => i === 0 ? 42 : title.length);
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, i) =>
      i === 0 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!)
    ).join("   ");
  yield line(titles);
  for (const downloader of [OURS, ...PEERS]) {
    const { endings, seconds } = await tryWith(downloader, { seed, downloads, jobs });
    const counts = ENDINGS.map((ending) => endings.filter((it) => it === ending).length);
    yield line([downloader.label, ...counts, (seconds / downloads).toFixed(1)]);
  }
  const plans = numbersFrom(seed, downloads).map((seed) => drawPlan(seed, true));
  const tricky = plans.filter(({ servers }) => servers.some((it) => needsDigest(it.behaviour)));
  yield `In ${tricky.length} farms a server has other content, which only a digest tells: client.ts ` +
    "and aria2c --checksum are given it.";
}

async function tryWith(
  downloader: Downloader,
  { seed, downloads, jobs }: { seed: number; downloads: number; jobs: number },
): Promise<{ endings: Ending[]; seconds: number }> {
  const endings: Ending[] = [];
  let seconds = 0;
  const attempt = async (seed: number) => {
    const start = performance.now();
    const ending = await endingOf(drawPlan(seed, true), downloader);
    seconds += (performance.now() - start) / 1000;
    return ending;
  };
  for await (const ending of together(numbersFrom(seed, downloads), jobs, attempt)) {
    endings.push(ending);
  }
  return { endings, seconds };
}
