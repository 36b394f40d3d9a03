import type { Load } from "../http/load_report.ts";
import { Bag, type Indexed } from "./collections.ts";
import type { Written } from "./response_writer.ts";

/** Time over which bytes per second are measured, in ms. */
const WINDOW_MS = 1000;

/** A measurement counts as current for so long, in ms: many requests may ask for it. */
const CURRENT_MS = 50;

/** How far a connection has come. */
interface Progress {
  readonly writtenBytes: number;
  /** How many of the written bytes the system has taken. */
  readonly sentBytes: number;
}

/** A response whose content is under way. */
export class Transfer implements Indexed {
  index = 0;
  readonly #connection: Progress;
  readonly #written: Written;
  readonly #length: number | undefined;

  /** @param length of the content; undefined if it is not known */
  constructor(connection: Progress, written: Written, length: number | undefined) {
    this.#connection = connection;
    this.#written = written;
    this.#length = length;
  }

  /** Content that the system has taken. */
  get sentBytes(): number {
    const { writtenBytes, sentBytes } = this.#connection;
    return Math.max(0, this.#written.contentBytes - (writtenBytes - sentBytes));
  }

  /** Content that it has still to take; 0 if the length is not known. */
  get pendingBytes(): number {
    return this.#length === undefined ? 0 : Math.max(0, this.#length - this.sentBytes);
  }

  /** Content written, whether or not the system has taken all of it. */
  get writtenBytes(): number {
    return this.#written.contentBytes;
  }
}

/** Content sent until a point in time. */
interface Sample {
  readonly monotonicMs: number;
  readonly bytes: number;
  /** How long transfers were open. */
  readonly busyMs: number;
}

/** One more than the highest status code. */
const STATUS_CODES = 600;

/** What a server has sent since it began. */
export interface Sent {
  /** Content, in bytes. */
  readonly bytes: number;
  /** Responses by their status codes. */
  readonly responses: Readonly<Record<string, number>>;
}

/**
 * Measures what a server is sending. `measure` is to be called several times a second while transfers
 * are open or the rate is not 0; what happens between is not lost, but its time is not known.
 */
export class LoadMeter {
  /** Called when a transfer begins. */
  onBegun: (() => void) | undefined;
  readonly #clock: () => number;
  readonly #transfers = new Bag<Transfer>();
  #endedBytes = 0;
  /** How long transfers were open, until the last time that there was none, and since when they are. */
  #busyMs = 0;
  #busySince = 0;
  /** Content of responses that were no transfers: written at once, as pages of errors are. */
  #otherBytes = 0;
  /** By status code. An array counts ten times as fast as a map. */
  readonly #responses = new Float64Array(STATUS_CODES);
  /** The oldest first. */
  #samples: readonly Sample[] = [];
  #load: Load = NO_LOAD;

  /** @param clock monotonic, in ms */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Content begins to be sent. @param length as of `Transfer` */
  begin(connection: Progress, written: Written, length: number | undefined): Transfer {
    const transfer = new Transfer(connection, written, length);
    if (this.#transfers.size === 0) this.#busySince = this.#clock();
    this.#transfers.add(transfer);
    this.onBegun?.();
    return transfer;
  }

  /** A transfer has ended. @param isWhole whether all that was written will be sent */
  end(transfer: Transfer, isWhole: boolean): void {
    this.#endedBytes += isWhole ? transfer.writtenBytes : transfer.sentBytes;
    this.#transfers.delete(transfer);
    if (this.#transfers.size === 0) this.#busyMs += this.#clock() - this.#busySince;
  }

  /** Counts a response. @param otherBytes its content, if that was no transfer */
  count(statusCode: number, otherBytes: number): void {
    this.#responses[statusCode]!++;
    this.#otherBytes += otherBytes;
  }

  /** What was sent until now. */
  get sent(): Sent {
    const responses: Record<string, number> = {};
    this.#responses.forEach((count, statusCode) => {
      if (count > 0) responses[statusCode] = count;
    });
    return { bytes: this.#transferredBytes + this.#otherBytes, responses };
  }

  /** Content of transfers that the system has taken. */
  get #transferredBytes(): number {
    let bytes = this.#endedBytes;
    for (const transfer of this.#transfers) bytes += transfer.sentBytes;
    return bytes;
  }

  /** The present load, or that of a moment before. */
  measure(): Load {
    const monotonicMs = this.#clock();
    const last = this.#samples.at(-1);
    if (last !== undefined && monotonicMs - last.monotonicMs < CURRENT_MS) return this.#load;
    let pendingBytes = 0;
    for (const transfer of this.#transfers) pendingBytes += transfer.pendingBytes;
    const openTransfers = this.#transfers.size;
    const bytes = this.#transferredBytes;
    const busyMs = this.#busyMs + (openTransfers > 0 ? monotonicMs - this.#busySince : 0);
    const first = this.#addSample({ monotonicMs, bytes, busyMs });
    const elapsedMs = Math.max(WINDOW_MS, monotonicMs - first.monotonicMs);
    const bytesPerSecond = (bytes - first.bytes) / elapsedMs * 1000;
    const utilization = (busyMs - first.busyMs) / elapsedMs;
    return this.#load = { openTransfers, pendingBytes, bytesPerSecond, utilization };
  }

  /** @returns the sample that the new one is compared with */
  #addSample(sample: Sample): Sample {
    const samples = [...this.#samples, sample];
    const isSuperseded = (second: Sample | undefined) =>
      second !== undefined && (second.bytes === samples[0]!.bytes ||
        second.monotonicMs <= sample.monotonicMs - WINDOW_MS);
    while (isSuperseded(samples[1])) samples.shift();
    this.#samples = samples;
    return samples[0]!;
  }
}

/** The load of a server that sends nothing. */
export const NO_LOAD: Load = {
  openTransfers: 0,
  pendingBytes: 0,
  bytesPerSecond: 0,
  utilization: 0,
};
