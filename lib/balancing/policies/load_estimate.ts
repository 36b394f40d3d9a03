import { LOAD_EXPIRY_MS, type ReportedLoad } from "../health.ts";
import { type Downloads, ProcessorSharingModel, StartLog } from "./processor_sharing.ts";
import { ReportTrust } from "./report_trust.ts";

/** What a server says, whenever that was. */
type LoadReport = Omit<ReportedLoad, "at">;

/** Bisection steps when a speed is sought: an error of a thousandth. */
const HALVINGS = 12;

/** Time over which servers measure what they send, in ms. */
const METER_MS = 1000;

/** The weight of the newest report in the speed. */
const NEWEST = 0.5;

/** Clients that were sent to a server less than so many ms before its report are not in it. */
const ON_THE_WAY_MS = 50;

/** How much the numbers of transfers must have differed to tell whether they slow each other down. */
const EVIDENCE = 1;

/** How much of that is kept from one report to the next. */
const REMEMBERED = 0.8;

/** A transfer is not so many times as fast as a probe, whatever the server says. */
const MOST_GAIN = 64;

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
  /** Transfers and rate of the last report while it was busy. */
  #before: { readonly open: number; readonly rate: number } | undefined;
  /** Above `EVIDENCE` the rate follows the number of transfers, which do not slow each other down. */
  #proportion = 0;
  /** What each transfer gets then. */
  #transferSpeed: number;
  /** What the last probe saw. */
  #probed: number;
  readonly #trust = new ReportTrust();

  /** A server that was measured while it was idle. */
  constructor(speed: number, monotonicMs: number) {
    this.speed = speed;
    this.until = monotonicMs;
    this.#measuredAt = monotonicMs;
    this.#transferSpeed = speed;
    this.#probed = speed;
  }

  /** Of one transfer: less than `speed` if each has a limit of its own, so that lines are not shared. */
  get transferSpeed(): number {
    return this.#proportion > EVIDENCE ? Math.min(this.#transferSpeed, this.speed) : this.speed;
  }

  /** Transfers it had when it was last measured, and those begun since: it has no more. */
  get open(): number {
    return this.#starts.count + this.#rest.reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Adds the download of a client.
   *
   * @param bytes its expected size
   * @param guess its size in later replays
   * @param isKnown whether these are more than a default for all servers
   */
  add(bytes: number, guess: number, monotonicMs: number, isKnown = true): void {
    this.#starts.add(guess, monotonicMs);
    if (this.until <= monotonicMs && this.#busySince === Infinity) this.#busySince = monotonicMs;
    this.unproven += bytes;
    if (isKnown) this.#trust.assigned(bytes);
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
    if (this.#reportedAt > -Infinity) this.#forgetReports();
    const atFirst = this.#rest.reduce((sum, { count }) => sum + count, 0);
    let low = throughput;
    let high = throughput * (1 + atFirst + this.#starts.count);
    for (let i = 0; i < HALVINGS && low < high; i++) {
      const speed = Math.sqrt(low * high);
      if (speed / (1 + this.#replay(speed, monotonicMs).count) < throughput) low = speed;
      else high = speed;
    }
    this.speed = Math.sqrt(low * high);
    this.#rest = this.#replay(this.speed, monotonicMs).rest();
    this.#measuredAt = monotonicMs;
    this.#starts.clear();
    const bytes = this.#rest.reduce((sum, it) => sum + it.bytes * it.count, 0);
    this.until = monotonicMs + bytes / this.speed;
  }

  /**
   * Applies what the server says: what it still has to send is what it says, and what was assigned
   * since. The rate is its speed, as far as it was busy meanwhile.
   * A report of neither transfers nor bytes says nothing of that.
   *
   * @param meanBytes of files, where the report has only one of transfers and bytes
   * @param at when the server said so
   */
  report(report: LoadReport, meanBytes: number, at: number): void {
    if (report.openTransfers === null && report.pendingBytes === null) return;
    const { open, pending, rate, utilization } = completed(report, meanBytes);
    const isBelieved = this.#trust.reported(rate, pending, this.speed, at);
    const saidUntil = at + Math.min(MOST_BACKLOG_MS, pending / this.speed);
    if (!isBelieved && saidUntil < this.until) return;
    const since = at - ON_THE_WAY_MS;
    this.#starts.dropUntil(since);
    this.#learnSpeed(open, rate, utilization, at);
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

  /** The server reports no more: what it said last is too old, and may have been wrong. */
  #forgetReports(): void {
    this.#reportedAt = -Infinity;
    this.#rest = [];
    this.#before = undefined;
    this.#proportion = 0;
    this.#busySince = Infinity;
  }

  /** A probe of a server that reports. */
  #measureBeside(throughput: number, monotonicMs: number): void {
    const before = this.speed;
    const isIdle = this.#busySince > monotonicMs;
    if (this.#proportion > EVIDENCE) this.#transferSpeed = throughput;
    else this.speed = isIdle ? throughput : Math.max(this.speed, throughput);
    if (this.until > monotonicMs) {
      this.until = monotonicMs + (this.until - monotonicMs) * before / this.speed;
    }
  }

  /**
   * It is at least as fast as it sent, and was not faster while it was busy. If it does not say how
   * long that was, this is known only if it seems to have been busy all the time.
   */
  #learnSpeed(
    open: number,
    saidRate: number,
    utilization: number | undefined,
    at: number,
  ): void {
    this.#busySince = open === 0 ? Infinity : Math.min(this.#busySince, at);
    const rate = Math.min(saidRate, MOST_GAIN * this.#probed * Math.max(1, open));
    const isWhole = at - this.#busySince >= METER_MS;
    const busy = utilization ?? (isWhole ? 1 : 0);
    if (rate <= 0 || busy <= 0) return;
    if (open > 0 && isWhole) this.#compare(open, rate);
    const tooSlow = Math.max(0, rate - this.speed);
    const tooFast = Math.max(0, busy * this.speed - rate);
    const isUnshared = this.#proportion > EVIDENCE;
    this.speed += isUnshared ? tooSlow : NEWEST * (tooSlow - tooFast);
  }

  /**
   * Of transfers that share a line, each gets less the more there are; of those that have limits of
   * their own, all together get more.
   */
  #compare(open: number, rate: number): void {
    const before = this.#before;
    this.#before = { open, rate };
    this.#transferSpeed += NEWEST * (rate / open - this.#transferSpeed);
    if (before === undefined) return;
    const transfers = Math.log(open / before.open), rates = Math.log(rate / before.rate);
    const isInProportion = Math.abs(rates - transfers) < Math.abs(rates);
    this.#proportion = REMEMBERED * this.#proportion +
      (isInProportion ? 1 : -1) * Math.abs(transfers);
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
  const rate = (said(report.bytesPerSecond) ?? 0) / 1000;
  const utilization = report.utilization === null ? undefined : Math.min(1, report.utilization);
  return { open, pending, rate, utilization };
}
