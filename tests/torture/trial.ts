/**
 * One role in one process that meets a failure, and what is never to come of it: a crash, a hang, a
 * stack trace, a descriptor left open.
 *
 * @module
 */

import { join } from "@std/path";
import { Process } from "../support/process.ts";
import { PROJECT, type RoleName } from "../support/role.ts";
import {
  FLAGS,
  hasFailed,
  type Injection,
  type InjectionReport,
  takeReport,
  VARIABLE,
} from "./injection.ts";

/** Looks at the descriptors of a role that listens, and the pause between two. */
const LOOKS = 20;
const LOOK_MS = 25;

/** Lines of standard error that are shown. */
const MOST_LINES = 12;

/** A role does nothing for so long only where it hangs. In ms. */
const LONGEST_RUN_MS = 20_000;

/** What is done with a role while a call of it fails. */
export interface Scenario {
  readonly name: string;
  readonly role: RoleName;
  /** Exit statuses that may be. */
  readonly exitStatuses: readonly number[];
  /** Names in DNS, with their addresses. */
  readonly hosts: Readonly<Record<string, string>>;
  /** @returns what went wrong, a line each; the role is to have ended, or to be over soon */
  readonly play: (subject: Subject) => Promise<string[]>;
}

/** The role under test. */
export interface Subject {
  readonly injection: Injection;
  /** A directory of this trial alone. */
  readonly directory: string;
  /** Whether the call has failed by now. */
  readonly hasFailed: boolean;
  /** Starts the role in the directory, once in a trial. */
  start(args: readonly string[]): Process;
  /** Stops it by SIGTERM, once it had time to close what it opened. */
  stop(): Promise<void>;
}

/** What came of one trial. */
export interface Verdict extends InjectionReport {
  readonly injection: Injection;
  /** Lines; none if all is well. */
  readonly problems: readonly string[];
}

/** Plays a scenario with a failure. */
export async function tryOnce(scenario: Scenario, injection: Injection): Promise<Verdict> {
  await using trial = await Trial.begin(scenario, injection);
  const problems = await scenario.play(trial).catch((error) => {
    return [`the scenario broke: ${error instanceof Error ? error.message : error}`];
  });
  return await trial.verdict(problems);
}

class Trial implements Subject, AsyncDisposable {
  readonly injection: Injection;
  readonly directory: string;
  readonly #scenario: Scenario;
  readonly #report: string;
  #process: Process | undefined;
  /** The fewest open descriptors of a role that listens. */
  #descriptors: number | undefined;

  private constructor(scenario: Scenario, injection: Injection, directory: string) {
    this.#scenario = scenario;
    this.injection = injection;
    this.directory = directory;
    this.#report = `${directory}.report`;
  }

  static async begin(scenario: Scenario, injection: Injection): Promise<Trial> {
    const directory = await Deno.makeTempDir({ prefix: "load-balancer-" });
    return new Trial(scenario, injection, directory);
  }

  get hasFailed(): boolean {
    return hasFailed(this.#report);
  }

  start(args: readonly string[]): Process {
    const { hosts, role } = this.#scenario;
    const settings = { ...this.injection, report: this.#report, hosts };
    this.#process = new Process(
      Deno.execPath(),
      ["run", "--quiet", ...FLAGS, join(PROJECT, `${role}.ts`), ...args],
      {
        cwd: this.directory,
        env: { [VARIABLE]: JSON.stringify(settings), NO_COLOR: "1" },
        longestLifeMs: LONGEST_RUN_MS,
      },
    );
    return this.#process;
  }

  async stop(): Promise<void> {
    this.#descriptors = await leastDescriptors(this.#process!.pid);
    this.#process!.signal("SIGTERM");
  }

  /** Once the process has ended. */
  async verdict(problems: readonly string[]): Promise<Verdict> {
    const { code, signal } = await this.#process!.ended;
    const { text } = this.#process!.stderr;
    const found = [...problems];
    if (signal === "SIGKILL") found.push("it hung");
    else if (!this.#scenario.exitStatuses.includes(code)) found.push(`exit status ${code}`);
    if (/(^|\| ) *at |Uncaught|panicked/m.test(text)) found.push("a stack trace");
    if (found.length > 0) found.push(...text.split("\n", MOST_LINES).map((it) => `> ${it}`));
    const report = takeReport(this.#report);
    const descriptors = this.#descriptors ?? report.descriptors;
    return { ...report, descriptors, injection: this.injection, problems: found };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** The fewest descriptors that a process has open at a time, beside tests that come and go. */
async function leastDescriptors(pid: number): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < LOOKS; i++) {
    const entries = await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`));
    least = Math.min(least, entries.length);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return least;
}
