import type { Outcome } from "../fetch_file.ts";
import type { Job } from "../jobs/jobs.ts";
import { exitStatusOf } from "../download_error.ts";
import type { TotalProgress } from "./screen.ts";

/** A file that is expected or under way. */
interface UnderWay {
  received: number;
  length: number | undefined;
}

/** Adds up what becomes of the files of a run, in little memory however many there are. */
export class RunTotals {
  readonly #underWay = new Map<string, UnderWay>();
  #files = 0;
  #ended = 0;
  #saved = 0;
  #failed = 0;
  #failedBesides = 0;
  #savedBytes = 0;
  #bytes = 0;
  #length = 0;
  #unsized = 0;
  #transferred = 0;
  #exitStatus = 0;
  /** Whether more files may become known. */
  isGrowing = false;

  /** A file is known that is to be downloaded. */
  expect({ listed }: Pick<Job, "listed">): void {
    this.#files++;
    if (listed?.size === undefined) this.#unsized++;
    else this.#length += listed.size;
  }

  /** A file that was expected describes others, which are to be downloaded instead. */
  replace(job: Job, jobs: readonly Job[]): void {
    this.#underWay.delete(job.name);
    this.#files--;
    if (job.listed?.size === undefined) this.#unsized--;
    else this.#length -= job.listed.size;
    for (const it of jobs) this.expect(it);
  }

  /** Files that are known, ended or not. */
  get files(): number {
    return this.#files;
  }

  /**
   * A file is under way.
   *
   * @param received how much of it is there
   * @param length of the whole; undefined where it is not known
   */
  update(name: string, received: number, length: number | undefined): void {
    const it = this.#underWay.get(name) ?? { received, length };
    this.#underWay.set(name, it);
    // What begins anew is transferred anew.
    this.#transferred += Math.max(0, received - it.received);
    it.received = received;
    it.length = length;
  }

  /** A file has ended that was expected. */
  end({ job, downloaded, failure }: Outcome): void {
    const bytes = downloaded?.bytes ?? 0;
    this.#underWay.delete(job.name);
    this.#ended++;
    this.#bytes += bytes;
    this.#length += bytes;
    if (job.listed?.size === undefined) this.#unsized--;
    else this.#length -= job.listed.size;
    if (failure !== undefined) this.#failed++;
    if (downloaded?.wasFinished === false) {
      this.#saved++;
      this.#savedBytes += bytes;
    }
    this.#exitStatus = Math.max(this.#exitStatus, exitStatusOf(failure));
  }

  /** Something else has failed that is no file, such as the listing of a directory. */
  failBesides(outcome: Pick<Outcome, "failure">): void {
    this.#failedBesides++;
    this.#exitStatus = Math.max(this.#exitStatus, exitStatusOf(outcome.failure));
  }

  /** The message at the end of several files. */
  summaryLine(seconds: number): string {
    const untouched = this.#ended - this.#saved - this.#failed;
    const failed = this.#failed + this.#failedBesides;
    const parts = [
      `${this.#saved} saved`,
      ...(untouched > 0 ? [`${untouched} were there`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    const bytes = `${this.#savedBytes} bytes in ${seconds.toFixed(1)} s`;
    return `${this.#ended} files: ${parts.join(", ")}; ${bytes}`;
  }

  /** The highest of all outcomes. */
  get exitStatus(): number {
    return this.#exitStatus;
  }

  get progress(): TotalProgress {
    let bytes = this.#bytes;
    for (const { received } of this.#underWay.values()) bytes += received;
    return {
      ended: this.#ended,
      files: this.#files,
      isGrowing: this.isGrowing,
      bytes,
      length: this.#unsized > 0 ? undefined : Math.max(bytes, this.#length),
      transferred: this.#transferred,
    };
  }
}
