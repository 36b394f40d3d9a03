/**
 * How many bytes a probe requests. A transfer of a few round trips measures how fast a connection
 * starts, not the speed of its line.
 *
 * @module
 */

import { SIZE, type ValueParser } from "../cli/option.ts";
import { type Outcome, throughputOf } from "./health.ts";
import type { Server } from "./list/server.ts";
import { type OnReceived, probe, type ProbeOptions } from "./probe.ts";

/** The built-in test file of `server.ts`, in any size by `?bytes=`. */
const BUILT_IN_TARGET = "/test.bin";

const MIB = 1024 * 1024;

/** The size of the built-in file without `?bytes=`. */
const USUAL_BYTES = MIB;

/** The largest size of the built-in file. */
const MOST_BYTES = 64 * MIB;

/** The duration of a transfer to aim at, in ms. */
const TARGET_MS = 100;

/** The most transfers in one probe, each larger than the one before. */
const MOST_TRANSFERS = 3;

/** Probes until a server is asked again for a size that it did not send. */
const FIXED_FOR = 20;

/** The most servers that are remembered, those that are no longer listed included. */
const MOST_KNOWN = 100_000;

/** What is known of a server's test file. */
interface Known {
  /** The size to request; undefined if the file comes in one size only. */
  readonly bytes: number | undefined;
  readonly isHonoured: boolean;
  /** Probes until a size is requested again, if none was sent. */
  readonly fixedFor: number;
}

const FIXED: Known = { bytes: undefined, isHonoured: false, fixedFor: FIXED_FOR };

/** The value of `--probe-bytes`: `auto`, or a number of bytes. */
export const PROBE_BYTES: ValueParser<number | "auto"> = {
  placeholder: "SIZE|auto",
  expected: "auto, or a size from 1 to 64M",
  parse: (text) => {
    if (text === "auto") return text;
    const bytes = SIZE.parse(text);
    return bytes !== undefined && bytes >= 1 && bytes <= MOST_BYTES ? bytes : undefined;
  },
};

/** What probes request, and what passes. */
export interface SizedProbeOptions extends Omit<ProbeOptions, "requestTarget"> {
  /** The request-target of the test file without `?bytes=`. */
  readonly path: string;
  /** Requested by `?bytes=`; `auto` fits the size to each server. */
  readonly bytes: number | "auto";
}

/** Makes the probe for these options. Only the built-in test file has a size that fits. */
export function probeWith(
  { path, bytes, ...limits }: SizedProbeOptions,
): (server: Server, onReceived: OnReceived) => Promise<Outcome> {
  const transfer: Transfer = (server, requestTarget, onReceived) =>
    probe(server, { requestTarget, ...limits }, onReceived);
  if (bytes === "auto" && path === BUILT_IN_TARGET) {
    const size = new ProbeSize(transfer);
    return (server, onReceived) => size.probe(server, onReceived);
  }
  const target = bytes === "auto" ? path : sizedTarget(path, bytes);
  return (server, onReceived) => transfer(server, target, onReceived);
}

/** One transfer. */
type Transfer = (server: Server, requestTarget: string, on: OnReceived) => Promise<Outcome>;

/**
 * Probes with a size that fits each server: as many bytes as take some 100 ms, a power of two from
 * 1 to 64 MiB, so that samples of one server can be compared from round to round. Only a server
 * that sends exactly the built-in size is asked for more; one that does not send the requested size
 * has a file of its own, which is used as it is.
 */
export class ProbeSize {
  readonly #transfer: Transfer;
  /** By the ids of servers, the latest last. */
  readonly #known = new Map<number, Known>();

  /** @param transfer runs one transfer of a target */
  constructor(transfer: Transfer) {
    this.#transfer = transfer;
  }

  /** Probes a server: its last transfer counts. */
  async probe(server: Server, onReceived: OnReceived): Promise<Outcome> {
    const known = this.#known.get(server.id);
    let { outcome, next } = await this.#transferOnce(server, known, onReceived);
    // At most twice: a short first transfer may have timed no more than its start.
    for (let more = 1; more < MOST_TRANSFERS && isLarger(next, outcome); more++) {
      ({ outcome, next } = await this.#transferOnce(server, next, onReceived));
    }
    const isUnproven = next?.bytes !== undefined && !next.isHonoured;
    if (outcome.kind !== "failed" || !isUnproven) return outcome;
    // The size may be the reason of the failure: the file without a size decides.
    const plain = await this.#transferOnce(server, FIXED, onReceived);
    if (plain.outcome.kind === "failed") this.#known.delete(server.id);
    return plain.outcome;
  }

  async #transferOnce(server: Server, known: Known | undefined, onReceived: OnReceived) {
    const bytes = known?.bytes;
    const target = bytes === undefined ? BUILT_IN_TARGET : sizedTarget(BUILT_IN_TARGET, bytes);
    const found = await this.#transfer(server, target, onReceived);
    const next = nextKnown(known, found);
    this.#remember(server, next);
    const outcome = bytes === undefined || found.kind !== "passed"
      ? found
      : { ...found, testFile: undefined };
    return { outcome, next };
  }

  /** Forgets the server that was probed the longest time ago if there are too many. */
  #remember({ id }: Server, known: Known | undefined): void {
    this.#known.delete(id);
    if (known !== undefined) this.#known.set(id, known);
    if (this.#known.size <= MOST_KNOWN) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}

/** Whether a larger transfer is due at once; not after one that has taken all of the timeout. */
function isLarger(next: Known | undefined, outcome: Outcome): boolean {
  if (next?.bytes === undefined || outcome.kind !== "passed") return false;
  return !outcome.sample.isPartial && next.bytes > outcome.sample.bytes;
}

/** A request-target with a size. */
function sizedTarget(target: string, bytes: number): string {
  return `${target}?bytes=${bytes}`;
}

/** What is known after a transfer; undefined for nothing. */
function nextKnown(known: Known | undefined, outcome: Outcome): Known | undefined {
  const sample = outcome.kind === "untestable" ? undefined : outcome.sample;
  if (sample === undefined) return known;
  const { bytes, isPartial } = sample;
  if (known !== undefined && known.bytes === undefined) {
    return known.fixedFor > 1 ? { ...known, fixedFor: known.fixedFor - 1 } : undefined;
  }
  const suited = suitedBytes(throughputOf(sample));
  const isHonoured = known?.isHonoured === true;
  if (isPartial) return known && { ...known, bytes: suited };
  if (known === undefined) {
    const isBuiltIn = bytes === USUAL_BYTES && suited > USUAL_BYTES;
    return isBuiltIn ? { bytes: suited, isHonoured, fixedFor: 0 } : undefined;
  }
  if (bytes !== known.bytes) return FIXED;
  return { bytes: suited, isHonoured: true, fixedFor: 0 };
}

/** The power of two nearest to what is transferred in the time to aim at. */
function suitedBytes(bytesPerMs: number): number {
  const power = 2 ** Math.round(Math.log2(bytesPerMs * TARGET_MS));
  return Math.min(MOST_BYTES, Math.max(USUAL_BYTES, power));
}
