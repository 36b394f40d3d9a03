/**
 * Asks servers which files they have: the files that clients want most first, at a bounded rate.
 *
 * @module
 */

import { AskableServers, QuestionBucket } from "./askable_servers.ts";
import { DemandSketch } from "./demand_sketch.ts";
import type { FileCatalog } from "./file_catalog.ts";
import type { FileAnswer } from "./file_version.ts";
import { isAwaited, type Question, questionAbout, release, releaseFirst } from "./question.ts";
import { LONGEST_TARGET } from "./target_table.ts";

/** The server did not answer: nothing is known, and it is left alone for a while. */
export interface Unanswered {
  readonly kind: "unanswered";
}

/**
 * Asks a server about a target.
 *
 * @param server its id
 * @param isDoubted whether a client found otherwise than the server said
 */
export type AskFile = (
  server: number,
  target: string,
  isDoubted: boolean,
) => Promise<FileAnswer | Unanswered>;

/** Takes note of the targets that clients want. */
export interface FileDemand {
  /**
   * A client asked for a target. Does not wait and never throws.
   *
   * @param first the id of the server that it was sent to, which is asked first; undefined if none
   * @param isDoubted whether a client says that this server failed it
   * @param requests how many clients
   */
  want(target: string, first: number | undefined, isDoubted?: boolean, requests?: number): void;
  /**
   * Waits until a server is known to have a target and some others have answered, none is left to
   * ask, or time is over. Never rejects.
   *
   * @param isThorough whether to wait for the answers of all servers
   */
  find(target: string, timeoutMs: number, isThorough?: boolean): Promise<void>;
  /** Whether a client waits for the first servers with a target. */
  isAwaited(target: string): boolean;
}

/** How a checker asks. */
export interface FileCheckerOptions {
  /** Receives the servers and their answers. */
  readonly catalog: FileCatalog;
  /** Asks one server about one target. A rejection counts as unanswered. */
  readonly ask: AskFile;
  /** The most questions a second. */
  readonly rate: number;
  /** Whether one answer for each target is enough, as when only its size matters. */
  readonly isOneEnough: boolean;
  /** The clock of the rate: monotonic, in ms. */
  readonly clock: () => number;
  /** The clock of the catalogue. */
  readonly epochMs: () => number;
  /** Calls back after some ms. @returns cancels that */
  readonly schedule: (call: () => void, ms: number) => () => void;
  /** Called with each answer, after the catalogue has learnt it. */
  readonly onAnswer?: (
    target: string,
    server: number,
    answer: FileAnswer | Unanswered,
    wanted: number,
  ) => void;
  /** Receives a rejection of `ask`. */
  readonly onError: (error: unknown) => void;
}

/** Targets that wait for a question, at most. */
const MOST_WAITING = 1024;

/** Targets of which the least wanted gives way. */
const EVICTION_SAMPLE = 8;

/** Servers that are asked about one target at a time. */
const MOST_AT_ONCE = 3;

/**
 * Once a server is known to have a target, clients wait for so many more answers, since that server
 * may be the one with an older version.
 */
const MORE_ANSWERS = MOST_AT_ONCE - 1;

/**
 * They wait no longer than this, in ms: servers that are well mostly answer within it, and beside a
 * download it is short.
 */
const MORE_ANSWERS_MS = 100;

/** A client waits for the answer: as urgent as so many that do not. */
const URGENT_FACTOR = 16;

/** A target that a server is known to have: as urgent as a new one that is wanted so much less. */
const KNOWN_FACTOR = 4;

/** The part of all questions that clients can cause by doubts: any client can have any. */
const DOUBTS_PART = 1 / 10;

/** Learns which servers have the files that clients want. Servers are known by id. */
export class FileChecker implements FileDemand {
  readonly #options: FileCheckerOptions;
  readonly #demand = new DemandSketch();
  readonly #questions = new Map<string, Question>();
  readonly #servers: AskableServers;
  readonly #bucket: QuestionBucket;
  readonly #doubts: QuestionBucket;
  #cancelTimer: (() => void) | undefined;
  /** Whether no question could be asked the last time, though the rate allowed one. */
  #isStuck = false;
  #isClosed = false;
  #asked = 0;
  /** Where the next question begins, so that not every one begins at the same server. */
  #turn = 0;

  /** Has no server to ask yet. */
  constructor(options: FileCheckerOptions) {
    this.#options = options;
    this.#bucket = new QuestionBucket(options.rate, options.clock());
    this.#doubts = new QuestionBucket(options.rate * DOUBTS_PART, options.clock());
    this.#servers = new AskableServers(options.catalog, options.schedule, () => this.#pump());
  }

  /** Questions asked until now. */
  get asked(): number {
    return this.#asked;
  }

  /** Targets that wait for a question. */
  get waiting(): number {
    return this.#questions.size;
  }

  /** Replaces the servers of the catalogue. @param backups as `FileCatalog.setServers` */
  setServers(ids: Iterable<number>, backups?: ReadonlySet<number>): void {
    const servers = new Set(ids);
    this.#options.catalog.setServers(servers, backups);
    this.#servers.replace(servers);
    this.#pump();
  }

  want(target: string, first: number | undefined, isDoubted = false, requests = 1): void {
    if (isDoubted && !this.#takeDoubt()) return;
    const question = this.#questionOf(target, requests, isDoubted ? first : undefined);
    if (question === undefined) return;
    if (isDoubted || question.first === undefined) question.first = first;
    this.#pumpFor(question);
  }

  async find(target: string, timeoutMs: number, isThorough = false): Promise<void> {
    const question = this.#questionOf(target, 1);
    if (question === undefined || !this.#mayFind(question, isThorough)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = isThorough ? question.waitingForAll : question.waiting;
    waiting.add(resolve);
    const cancel = this.#options.schedule(resolve, timeoutMs);
    this.#pumpFor(question);
    this.#compare(question);
    await promise;
    cancel();
    waiting.delete(resolve);
  }

  /** Whether an answer about a target is awaited, or a server can be asked for one. */
  isAsking(target: string): boolean {
    const question = this.#questions.get(target);
    if (question === undefined) return false;
    const { catalog, epochMs } = this.#options;
    const row = catalog.find(target, epochMs());
    return question.inFlight > 0 || catalog.nextDue(row, 0, this.#servers.askable) !== undefined;
  }

  isAwaited(target: string): boolean {
    return (this.#questions.get(target)?.waiting.size ?? 0) > 0;
  }

  /** Asks no more; clients that wait go on. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#servers.close();
    for (const question of this.#questions.values()) this.#end(question);
  }

  /** The question about a target, if there is something to ask and room for it. */
  #questionOf(target: string, requests: number, doubted?: number): Question | undefined {
    if (this.#isClosed || target.length > LONGEST_TARGET) return undefined;
    const { catalog, epochMs } = this.#options;
    const row = catalog.find(target, epochMs());
    if (row !== undefined && doubted !== undefined) catalog.doubt(row, doubted);
    const known = this.#questions.get(target);
    if (known === undefined && !this.#isDue(row)) return undefined;
    const lately = row === undefined ? this.#demand.add(target) : catalog.wanted(row);
    const question = known ?? this.#addQuestion(target, lately);
    if (question === undefined) return undefined;
    question.wanted = Math.max(question.wanted + requests, lately);
    if (doubted !== undefined) question.doubted = doubted;
    return question;
  }

  #addQuestion(target: string, wanted: number): Question | undefined {
    if (!this.#makeRoom(wanted)) return undefined;
    const question = questionAbout(target, this.#turn++);
    this.#questions.set(question.target, question);
    return question;
  }

  /** Removes a question that is less wanted, if there are too many. */
  #makeRoom(wanted: number): boolean {
    if (this.#questions.size < MOST_WAITING) return true;
    let least: Question | undefined;
    for (const question of [...this.#questions.values().take(EVICTION_SAMPLE)]) {
      this.#questions.delete(question.target);
      this.#questions.set(question.target, question); // The next time others are looked at.
      if (isAwaited(question) || question.inFlight > 0) continue;
      if (least === undefined || question.wanted < least.wanted) least = question;
    }
    if (least === undefined || least.wanted > wanted) return false;
    this.#end(least);
    return true;
  }

  #takeDoubt(): boolean {
    if (this.#doubts.waitMs(this.#options.clock()) > 0) return false;
    this.#doubts.take();
    return true;
  }

  #isDue(row: number | undefined): boolean {
    const { catalog, isOneEnough } = this.#options;
    if (isOneEnough && row !== undefined && catalog.holders(row) > 0) return false;
    return row === undefined ? catalog.servers > 0 : catalog.isDue(row);
  }

  /** As `#pump`, for a question that is new, or wanted more. */
  #pumpFor(question: Question): void {
    const { catalog, epochMs } = this.#options;
    const isHopeless = this.#isStuck &&
      this.#columnFor(question, catalog.find(question.target, epochMs())) === undefined;
    if (!isHopeless) this.#pump();
  }

  /** Whether waiting may find out what is not known yet: servers that rest are not waited for. */
  #mayFind(question: Question, isThorough: boolean): boolean {
    const { catalog, epochMs } = this.#options;
    const row = catalog.find(question.target, epochMs());
    if (!isThorough && row !== undefined && catalog.isFound(row)) return question.waiting.size > 0;
    return this.#mayLearn(question, row);
  }

  /** Whether a server is being asked, or can be. */
  #mayLearn(question: Question, row: number | undefined): boolean {
    return question.inFlight > 0 ||
      this.#options.catalog.nextDue(row, 0, this.#servers.awake) !== undefined;
  }

  /** Asks as much as is due and allowed now. */
  #pump(): void {
    const { clock } = this.#options;
    this.#isStuck = false;
    while (!this.#isClosed && this.#questions.size > 0) {
      const waitMs = this.#bucket.waitMs(clock());
      if (waitMs > 0) return this.#pumpAfter(waitMs);
      const next = this.#mostUrgent();
      if (next === undefined) {
        this.#isStuck = true; // An answer, or the end of a rest, goes on.
        return;
      }
      this.#bucket.take();
      void this.#ask(...next);
    }
  }

  #pumpAfter(ms: number): void {
    this.#cancelTimer ??= this.#options.schedule(() => {
      this.#cancelTimer = undefined;
      this.#pump();
    }, ms);
  }

  /** The question that matters most of those that a server can be asked, and its column. */
  #mostUrgent(): [Question, number] | undefined {
    const { catalog, epochMs, isOneEnough } = this.#options;
    const mostAtOnce = isOneEnough ? 1 : MOST_AT_ONCE;
    let best: [Question, number] | undefined;
    let most = 0;
    for (const question of this.#questions.values()) {
      if (question.inFlight >= mostAtOnce) continue;
      const row = catalog.find(question.target, epochMs());
      const urgency = this.#urgency(question, row);
      if (urgency <= most) continue;
      if (!this.#isDue(row)) {
        this.#endIfIdle(question);
        continue;
      }
      const column = this.#columnFor(question, row);
      if (column === undefined) continue;
      best = [question, column];
      most = urgency;
    }
    return best;
  }

  #urgency(question: Question, row: number | undefined): number {
    // One server is asked about each target before more are asked about one.
    const wanted = question.wanted / (1 + question.inFlight);
    const isKnown = row !== undefined && this.#options.catalog.holders(row) > 0;
    const urgency = isKnown ? wanted / KNOWN_FACTOR : wanted;
    return isAwaited(question) ? URGENT_FACTOR * urgency : urgency;
  }

  /** The server to ask: the first one if it is due, else the next in turn. */
  #columnFor({ first, next }: Question, row: number | undefined): number | undefined {
    const { catalog } = this.#options;
    const column = first === undefined ? undefined : catalog.columnOf(first);
    const from = next % Math.max(1, catalog.columns);
    const inTurn = catalog.nextDue(row, column ?? from, this.#servers.askable);
    if (column === undefined || inTurn === column) return inTurn;
    return catalog.nextDue(row, from, this.#servers.askable);
  }

  async #ask(question: Question, column: number): Promise<void> {
    const { catalog, ask, epochMs, onAnswer, onError } = this.#options;
    const { target } = question;
    const server = catalog.serverOf(column)!;
    const isDoubted = question.doubted === server;
    question.first = undefined;
    if (isDoubted) question.doubted = undefined;
    question.next = column + 1;
    question.inFlight++;
    this.#asked++;
    this.#servers.begin(server);
    const answer = await ask(server, target, isDoubted).catch((error) => {
      onError(error);
      return UNANSWERED;
    });
    question.inFlight--;
    if (this.#isClosed) return;
    if (this.#servers.has(server)) {
      if (answer.kind !== "unanswered") {
        question.answers++;
        catalog.learn(target, server, answer, epochMs(), question.wanted);
      }
      onAnswer?.(target, server, answer, question.wanted);
    }
    this.#servers.end(server, answer.kind !== "unanswered");
    this.#settle(question);
    this.#pump();
  }

  #settle(question: Question): void {
    const { catalog, epochMs, isOneEnough } = this.#options;
    this.#compare(question);
    const row = catalog.find(question.target, epochMs());
    if (isOneEnough || !this.#isDue(row)) this.#endIfIdle(question);
    else if (!this.#mayFind(question, true)) release(question);
  }

  /** Lets clients go on that wait for servers with the file, if there is no more to compare now. */
  #compare(question: Question): void {
    const { catalog, epochMs, schedule } = this.#options;
    const row = catalog.find(question.target, epochMs());
    if (question.waiting.size === 0 || row === undefined || !catalog.isFound(row)) return;
    question.comparison ??= {
      answers: question.answers + MORE_ANSWERS,
      cancel: schedule(() => releaseFirst(question), MORE_ANSWERS_MS),
    };
    if (!this.#mayLearn(question, row) || question.answers >= question.comparison.answers) {
      releaseFirst(question);
    }
  }

  #endIfIdle(question: Question): void {
    if (question.inFlight === 0) this.#end(question);
  }

  #end(question: Question): void {
    this.#questions.delete(question.target);
    release(question);
  }
}

const UNANSWERED: Unanswered = { kind: "unanswered" };
