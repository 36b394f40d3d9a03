import { LOAD_EXPIRY_MS } from "../health.ts";
import type { LoadReport } from "../../http/load_report.ts";
import { type Downloads, ProcessorSharingModel, StartLog } from "./processor_sharing.ts";
import { ReportTrust } from "./report_trust.ts";

/** Bisection steps when a speed is sought: an error of a thousandth. */
const HALVINGS = 12;

/** Time over which servers measure what they send, in ms. */
const METER_MS = 1000;

/** The weight of the newest report in the speed. */
const NEWEST = 0.5;

/** Clients that were sent to a server less than so many ms before its report are not in it. */
const ON_THE_WAY_MS = 50;

/** Transfers that get this part of what one gets alone do not slow each other down. */
const UNDIMINISHED = 0.7;

/** The speed of a line that is not shared, at least, in relation to that of one transfer. */
const UNSHARED = 1.5;

/** A transfer is not so many times as fast as a probe, whatever the server says. */
const MOST_GAIN = 16;

/** The longest time that a report says a server is busy, in ms: it may be wrong, and the last one. */
const MOST_BACKLOG_MS = 3_600_000;

/**
 * Estimates what a server still has to send, from the clients sent there, from probes and from what
 * the server reports. Times are in milliseconds, speeds in bytes per millisecond.
 */
export class LoadEstimate {
  /** Of all its transfers together. */
  speed: number;
  /** When it will have sent everything. */
  until: number;
  /** Bytes assigned since its last measurement. */
  unproven = 0;
  /** When it was last measured, and what it still had to send then. */
  #measuredAt: number;
  #rest: readonly Downloads[] = [];
  /** Downloads begun since. */
  readonly #starts = new StartLog();
  /** When it reported last. */
  #reportedAt = -Infinity;
  /** Since when it has had transfers; Infinity if it has none. */
  #busySince = Infinity;
  /** What one transfer gets that is alone. */
  #aloneSpeed: number;
  /** What the last probe saw. */
  #probed: number;
  readonly #trust = new ReportTrust();

  /** A server that was measured while it was idle. */
  constructor(speed: number, monotonicMs: number) {
    this.speed = speed;
    this.until = monotonicMs;
    this.#measuredAt = monotonicMs;
    this.#aloneSpeed = speed;
    this.#probed = speed;
  }

  /** Of one transfer: less than `speed` if each has a limit of its own, so that lines are not shared. */
  get transferSpeed(): number {
    return this.speed >= UNSHARED * this.#aloneSpeed ? this.#aloneSpeed : this.speed;
  }

  /**
   * Adds the download of a client.
   *
   * @param bytes its expected size
   * @param guess its size in later replays
   */
  add(bytes: number, guess: number, monotonicMs: number): void {
    this.#starts.add(guess, monotonicMs);
    if (this.until <= monotonicMs && this.#busySince === Infinity) this.#busySince = monotonicMs;
    this.unproven += bytes;
    this.#trust.assigned(bytes);
    this.until = Math.max(this.until, monotonicMs) + bytes / this.speed;
  }

  /**
   * Applies a probe. If the server says what it is sending, that tells more than a probe beside it,
   * whose share of the line is not known. Else the probe saw its `throughput` beside k downloads,
   * 1/(k + 1) of the speed. k itself depends on the speed: only one speed explains the throughput,
   * since a greater one leaves fewer downloads and would have shown more.
   */
  measure(throughput: number, monotonicMs: number): void {
    this.#probed = throughput;
    this.unproven = 0;
    const isReporting = monotonicMs - this.#reportedAt < LOAD_EXPIRY_MS;
    if (isReporting) return this.#measureBeside(throughput, monotonicMs);
    const atFirst = this.#rest.reduce((sum, { count }) => sum + count, 0);
    let low = throughput;
    let high = throughput * (1 + atFirst + this.#starts.count);
    for (let i = 0; i < HALVINGS && low < high; i++) {
      const speed = Math.sqrt(low * high);
      if (speed / (1 + this.#replay(speed, monotonicMs).count) < throughput) low = speed;
      else high = speed;
    }
    this.speed = Math.sqrt(low * high);
    this.#aloneSpeed = this.speed;
    this.#rest = this.#replay(this.speed, monotonicMs).rest();
    this.#measuredAt = monotonicMs;
    this.#starts.clear();
    const bytes = this.#rest.reduce((sum, it) => sum + it.bytes * it.count, 0);
    this.until = monotonicMs + bytes / this.speed;
  }

  /**
   * Applies what the server says: what it still has to send is what it says, and what was assigned
   * since. The rate is its speed if it has been busy for as long as that was measured.
   *
   * @param meanBytes of files, where the report has only one of transfers and bytes
   * @param at when the server said so
   */
  report(report: LoadReport, meanBytes: number, at: number): void {
    const { open, pending, rate } = completed(report, meanBytes);
    const isBelieved = this.#trust.reported(rate, pending, this.speed, at);
    const saidUntil = at + Math.min(MOST_BACKLOG_MS, pending / this.speed);
    if (!isBelieved && saidUntil < this.until) return;
    const since = at - ON_THE_WAY_MS;
    this.#starts.dropUntil(since);
    this.#learnSpeed(open, rate, at);
    this.#rest = open > 0 ? [{ bytes: pending / open, count: open }] : [];
    this.#measuredAt = since;
    this.#reportedAt = at;
    this.unproven = 0;
    this.until = at + Math.min(MOST_BACKLOG_MS, pending / this.speed);
    this.#starts.replay((bytes, count, time) => {
      this.until = Math.max(this.until, time) + bytes * count / this.speed;
      this.unproven += bytes * count;
      this.#busySince = Math.min(this.#busySince, time);
    });
  }

  /** A probe of a server that reports. */
  #measureBeside(throughput: number, monotonicMs: number): void {
    const before = this.speed;
    const isIdle = this.#busySince > monotonicMs;
    if (isIdle) {
      const lanes = this.transferSpeed < this.speed ? this.speed / this.#aloneSpeed : 1;
      this.speed = throughput * lanes;
      this.#aloneSpeed = throughput;
    } else {
      this.speed = Math.max(this.speed, throughput);
      this.#aloneSpeed = Math.max(this.#aloneSpeed, throughput);
    }
    if (this.until > monotonicMs) {
      this.until = monotonicMs + (this.until - monotonicMs) * before / this.speed;
    }
  }

  /** As many open transfers as there are, and what they were sent together. */
  #learnSpeed(open: number, saidRate: number, at: number): void {
    if (open === 0) {
      this.#busySince = Infinity;
      return;
    }
    this.#busySince = Math.min(this.#busySince, at);
    const rate = Math.min(saidRate, MOST_GAIN * this.#probed * open);
    if (rate <= 0 || at - this.#busySince < METER_MS) return;
    const isUndiminished = rate >= UNDIMINISHED * open * this.#aloneSpeed;
    const newest = this.speed + NEWEST * (rate - this.speed);
    this.speed = isUndiminished ? Math.max(this.speed, rate) : newest;
    const wasAlone = open === 1 && this.#rest.length === 1 && this.#rest[0]!.count === 1;
    if (wasAlone && rate > this.#aloneSpeed) this.#aloneSpeed = rate;
    this.#aloneSpeed = Math.min(this.#aloneSpeed, this.speed);
  }

  /** Simulates the time since the last measurement at this speed. */
  #replay(speed: number, monotonicMs: number): ProcessorSharingModel {
    const replay = new ProcessorSharingModel(speed, this.#measuredAt);
    for (const { bytes, count } of this.#rest) replay.add(bytes, count);
    this.#starts.replay((bytes, count, at) => {
      replay.runTo(at);
      replay.add(bytes, count);
    });
    replay.runTo(monotonicMs);
    return replay;
  }
}

/** Fills in what a report does not say; the rate is in bytes per millisecond. */
function completed(report: LoadReport, meanBytes: number) {
  const said = (value: number | null) =>
    value !== null && value >= 0 && value < Infinity ? value : undefined;
  const transfers = said(report.openTransfers), bytes = said(report.pendingBytes);
  const pending = bytes ?? (transfers ?? 0) * meanBytes;
  const open = transfers ?? Math.ceil(pending / meanBytes);
  return { open, pending, rate: (said(report.bytesPerSecond) ?? 0) / 1000 };
}
