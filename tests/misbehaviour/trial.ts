import { type Finished, run } from "../support/process.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { sha256, sha256Of } from "./digest.ts";
import type { Downloader } from "./downloader.ts";
import { Farm } from "./farm.ts";
import { describe, exitStatusesFor, isServable, type Plan } from "./plan.ts";

/** How a planned download ended. */
export interface Trial {
  readonly plan: Plan;
  /** The exit status of the download. */
  readonly code: number;
  /** What is wrong; empty when all is right. */
  readonly complaints: readonly string[];
  /** What the downloader wrote to standard error, in all its runs. */
  readonly said: string;
  readonly seconds: number;
}

/** The status of a process that took so long that it was killed. */
const KILLED = 137;

const OLDER = "an older file";

/**
 * Downloads as planned, and looks at what is there afterwards: with a server that is right the whole
 * and nothing else; without one, what was there before, and nothing that would make a later run
 * wrong that goes on with it.
 */
export async function tryPlan(plan: Plan, downloader: Downloader): Promise<Trial> {
  const start = performance.now();
  await using farm = await Farm.with(plan);
  const older = plan.isNameTaken ? { [farm.name]: OLDER } : {};
  await using directory = await TemporaryDirectory.with(older);
  const download = (isContinued: boolean) =>
    runIn(directory.path, downloader, { plan, farm, isContinued });
  const first = await download(false);
  const complaints = [
    ...complaintsAboutStatus(first, exitStatusesFor(plan)),
    ...(await complaintsAbout(directory, farm, first.code === 0 ? "whole" : "before", plan)),
  ];
  let said = first.stderr;
  if (first.code !== 0 && !plan.isNameTaken) {
    await farm.heal(plan.changesLater);
    const second = await download(true);
    said += `--- healed\n${second.stderr}`;
    const about = [
      ...complaintsAboutStatus(second, new Set([0])),
      ...(await complaintsAbout(directory, farm, "whole", plan)),
    ];
    complaints.push(...about.map((complaint) => `later, with -c: ${complaint}`));
  }
  const seconds = (performance.now() - start) / 1000;
  return { plan, code: first.code, complaints, said, seconds };
}

/** How a download ends for somebody who looks at nothing but the exit status and the file. */
export type Ending = "right" | "failed" | "wrong octets, status 0" | "no end in 60 s";

/** Downloads as planned, by whatever program. */
export async function endingOf(plan: Plan, downloader: Downloader): Promise<Ending> {
  await using farm = await Farm.with(plan);
  await using directory = await TemporaryDirectory.with();
  const { code } = await runIn(directory.path, downloader, { plan, farm, isContinued: false });
  if (code === KILLED) return "no end in 60 s";
  if (code !== 0) return "failed";
  const isRight = await sha256Of(directory, farm.name) === farm.content.sha256;
  return isRight ? "right" : "wrong octets, status 0";
}

/** A trial that went wrong, with all that it takes to see it again. */
export function report({ plan, code, complaints, said }: Trial): string {
  const indented = said.trimEnd().replace(/^/gm, "    ");
  return `${describe(plan)}\n  status ${code}: ${complaints.join("; ")}\n${indented}`;
}

async function runIn(
  cwd: string,
  { command }: Downloader,
  { plan, farm, isContinued }: { plan: Plan; farm: Farm; isContinued: boolean },
): Promise<Finished> {
  await using documents = await TemporaryDirectory.with({ "a.meta4": farm.document });
  const segments = isContinued ? plan.laterSegments : plan.segments;
  const [program = "", ...args] = command({
    url: farm.url,
    name: farm.name,
    sha256: plan.isDigestGiven ? farm.content.sha256 : undefined,
    isServable: isServable(plan),
    isContinued,
    segments: segments > 1 ? segments : undefined,
    document: plan.hasDocument ? documents.join("a.meta4") : undefined,
    proxy: farm.proxy,
  });
  return await run(program, args, { cwd });
}

function complaintsAboutStatus({ code }: Finished, allowed: ReadonlySet<number>): string[] {
  return allowed.has(code) ? [] : [`exit status ${code}, not ${[...allowed].join(" or ")}`];
}

/** What is wrong with the directory, where the whole is to be, or what was there before. */
async function complaintsAbout(
  directory: TemporaryDirectory,
  { name, content }: Farm,
  expected: "whole" | "before",
  { isNameTaken }: Plan,
): Promise<string[]> {
  const actual = await sha256Of(directory, name);
  if (expected === "whole") {
    const strangers = (await directory.names()).filter((it) => it !== name);
    return [
      ...(actual === content.sha256 ? [] : [`the file is ${actual ?? "not there"}`]),
      ...strangers.map((stranger) => `${stranger} is left`),
    ];
  }
  const before = isNameTaken ? await sha256(new TextEncoder().encode(OLDER)) : undefined;
  return actual === before ? [] : [`under the name is ${actual ?? "nothing"}`];
}
