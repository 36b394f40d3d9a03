/**
 * What the balancer knows of its servers' files: learnt in the process that asks, and passed on to
 * its workers.
 *
 * @module
 */

import type { LineWriter } from "../../log/line_writer.ts";
import { writeMessage } from "../../process/worker_protocol.ts";
import type { BalancerOptions } from "../balancer_options.ts";
import type { PoolObserver } from "../chooser.ts";
import type { Server } from "../list/server.ts";
import type { Candidate } from "../policies/policy.ts";
import type { LoadListener } from "../probe.ts";
import { FileAsker } from "./ask_file.ts";
import { type DisagreementLog, Disagreements } from "./disagreements.ts";
import { FileCatalog, type ServerShortfall } from "./file_catalog.ts";
import { FileChecker, type FileDemand } from "./file_checker.ts";
import { FactPublisher, readWanted, WorkerDemand } from "./file_link.ts";
import type { CheckMode } from "./file_router.ts";

/** What is asked, and how often. */
export interface FileChecksOptions {
  /** When servers are asked. */
  readonly mode: CheckMode;
  /** The most questions a second. */
  readonly rate: number;
  /** How long it is known that a server has a file, in ms. */
  readonly expiryMs: number;
  /** The longest time that a client waits for an answer, in ms. */
  readonly timeoutMs: number;
  /** The target of the test file. */
  readonly testTarget: string;
}

/** The options of the command line that it depends on. */
export type FileCheckValues = Pick<
  BalancerOptions,
  "check-files" | "check-rate" | "check-expiry" | "check-timeout" | "probe-path"
>;

/**
 * Creates what asks servers about files.
 *
 * @param wantsSizes whether the policy uses the sizes of files
 * @param onLoad as of `FileChecks`
 * @returns undefined if nothing is to be asked
 */
export function fileChecks(
  values: FileCheckValues,
  wantsSizes: boolean,
  log: DisagreementLog,
  onError: (error: unknown) => void,
  onLoad?: LoadListener,
): FileChecks | undefined {
  const options = optionsOf(values);
  if (options.mode === "off" && !wantsSizes) return undefined;
  return new FileChecks(options, log, onError, onLoad);
}

/** As `fileChecks`, in a worker: reports to the output what is to be asked. */
export function workerFiles(
  values: FileCheckValues,
  wantsSizes: boolean,
  output: LineWriter,
): WorkerFiles | undefined {
  const options = optionsOf(values);
  if (options.mode === "off" && !wantsSizes) return undefined;
  return new WorkerFiles(options, (content) => {
    if (output.isFull) return;
    output.write(writeMessage({ kind: "report", content }));
    void output.flush(FLUSH_MS); // Lines of the log may wait, but clients wait for this one.
  });
}

function optionsOf(values: FileCheckValues): FileChecksOptions {
  return {
    mode: values["check-files"],
    rate: values["check-rate"],
    expiryMs: values["check-expiry"],
    timeoutMs: values["check-timeout"],
    testTarget: values["probe-path"],
  };
}

/** Knows files, and follows the servers of a pool. */
export interface FileKnowledge extends PoolObserver {
  /** What is known. */
  readonly catalog: FileCatalog;
  /** Takes note of what is wanted. */
  readonly demand: FileDemand;
}

/** Results of questions. */
export const CHECK_RESULTS = ["has", "lacks", "unclear", "unanswered"] as const;

/** Result of a question. */
export type CheckResult = (typeof CHECK_RESULTS)[number];

/** What is known of files, in numbers. */
export interface FilesStatus {
  /** When servers are asked. */
  readonly mode: CheckMode;
  /** Questions by their results. */
  readonly checks: Readonly<Record<CheckResult, number>>;
  /** Targets that something is known of. */
  readonly known: number;
  /** Targets that a server lacks and another one has. */
  readonly lacking: number;
  /** Targets of which servers have several versions. */
  readonly differing: number;
}

/** How long the parent may take to read a report, in ms. */
const FLUSH_MS = 1000;

/** Questions a second where only sizes are asked for. */
const SIZES_RATE = 20;

/** Asks servers about files, and passes on the answers to workers. */
export class FileChecks implements FileKnowledge {
  readonly catalog: FileCatalog;
  readonly demand: FileChecker;
  /** Passes the answers on to workers. */
  readonly publisher: FactPublisher;
  readonly #options: FileChecksOptions;
  readonly #asker: FileAsker;
  readonly #servers = new Map<number, Server>();
  readonly #results: Record<CheckResult, number> = { has: 0, lacks: 0, unclear: 0, unanswered: 0 };

  /**
   * Asks nothing yet.
   *
   * @param log receives versions that differ between servers
   * @param onError receives unexpected errors
   * @param onLoad receives what answers say of their servers' load
   */
  constructor(
    options: FileChecksOptions,
    log: DisagreementLog,
    onError: (error: unknown) => void,
    onLoad?: LoadListener,
  ) {
    const { mode, rate, expiryMs, testTarget } = options;
    this.#options = options;
    this.#asker = new FileAsker(schedule, undefined, onLoad, testTarget);
    const isChecking = mode !== "off";
    const disagreements = new Disagreements((id) => this.#servers.get(id)?.authority, log);
    this.catalog = catalogOf(expiryMs);
    this.publisher = new FactPublisher(this.catalog);
    this.demand = new FileChecker({
      catalog: this.catalog,
      ask: (id, target, isDoubted) => this.#asker.ask(this.#servers.get(id)!, target, isDoubted),
      rate: isChecking ? rate : SIZES_RATE,
      isOneEnough: !isChecking,
      clock: () => performance.now(),
      epochMs: Date.now,
      schedule,
      onAnswer: (target, server, answer, wanted) => {
        this.#results[answer.kind]++;
        if (answer.kind !== "unanswered") {
          this.publisher.learn({ target, servers: [server], answer, wanted });
        }
        // Later answers may change which version clients get.
        if (!isChecking || this.demand.isAsking(target)) return;
        const row = this.catalog.find(target, Date.now());
        if (row !== undefined) disagreements.look(this.catalog, row);
      },
      onError,
    });
  }

  update(eligible: readonly Candidate[]): void {
    this.#servers.clear();
    for (const { server } of eligible) this.#servers.set(server.id, server);
    this.demand.setServers(this.#servers.keys(), backupsOf(eligible));
  }

  left(): void {
    // An update follows.
  }

  measured(): void {
    // Speed does not matter here.
  }

  reported(): void {
    // Neither does load.
  }

  /** Takes note of what clients of a worker want. @returns whether the content was such a report */
  readReport(content: unknown): boolean {
    const wanted = readWanted(content);
    if (wanted === undefined) return false;
    for (const { target, first, requests, answered, lately, doubted, waits } of wanted) {
      const row = this.catalog.find(target, Date.now());
      if (row !== undefined) {
        // Workers report only what is due, and so count the requests between.
        this.catalog.want(row, Math.max(0, lately - this.catalog.wanted(row)));
        const isDue = this.catalog.isDue(row);
        // A worker that began lately knows less, and asks only now.
        if (!isDue || this.catalog.answered(row) > answered) {
          this.publisher.publishRow(row, target);
        }
      }
      if (doubted !== undefined) this.demand.want(target, doubted, true);
      if (waits !== undefined) {
        this.demand.find(target, this.#options.timeoutMs, waits === "all")
          .then(() => this.publisher.settled(target, waits));
      } else if (requests > 0) this.demand.want(target, first, false, requests);
    }
    return true;
  }

  /** Questions by their results, also where only sizes are asked for. */
  get results(): Readonly<Record<CheckResult, number>> {
    return { ...this.#results };
  }

  /** Adds the questions of an earlier process. */
  adopt(results: Readonly<Record<CheckResult, number>>): void {
    for (const result of CHECK_RESULTS) this.#results[result] += results[result];
  }

  /** What is known in numbers; null if only sizes are. */
  get status(): FilesStatus | null {
    if (this.#options.mode === "off") return null;
    this.catalog.sweep(Date.now());
    const { targets, lackingTargets, differingTargets } = this.catalog;
    return {
      mode: this.#options.mode,
      checks: this.results,
      known: targets,
      lacking: lackingTargets,
      differing: differingTargets,
    };
  }

  /** What a server lacks; null if it is not asked. */
  shortfallOf(id: number): ServerShortfall | null {
    return this.#options.mode === "off" ? null : this.catalog.shortfall(id) ?? null;
  }

  /** Asks no more. */
  close(): void {
    this.demand.close();
    this.#asker.close();
  }
}

/** In a worker: learns what its parent has found out. */
export class WorkerFiles implements FileKnowledge {
  readonly catalog: FileCatalog;
  readonly demand: WorkerDemand;

  /**
   * Knows nothing yet.
   *
   * @param report sends a report to the parent
   */
  constructor({ expiryMs }: FileChecksOptions, report: (content: unknown) => void) {
    this.catalog = catalogOf(expiryMs);
    this.demand = new WorkerDemand(this.catalog, { epochMs: Date.now, schedule, report });
  }

  update(eligible: readonly Candidate[]): void {
    this.catalog.setServers(eligible.map(({ server }) => server.id), backupsOf(eligible));
  }

  left(): void {
    // An update follows.
  }

  measured(): void {
    // Speed does not matter here.
  }

  reported(): void {
    // Neither does load.
  }
}

/** The ids of servers that are not of the best priority. */
function backupsOf(eligible: readonly Candidate[]): Set<number> {
  const priority = Math.min(...eligible.map(({ server }) => server.priority));
  return new Set(
    eligible.flatMap(({ server }) => server.priority === priority ? [] : [server.id]),
  );
}

function catalogOf(expiryMs: number): FileCatalog {
  return new FileCatalog({ expiryMs, random: Math.random });
}

function schedule(call: () => void, ms: number): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}
