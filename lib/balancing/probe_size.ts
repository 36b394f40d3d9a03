/**
 * How many bytes a probe asks for. A transfer that is over within a few round trips shows how
 * quickly a connection starts, and not how fast its line is.
 *
 * @module
 */

import { type Kind, SIZE } from "../option.ts";
import type { Server } from "./list/server.ts";
import { throughputOf } from "./policies/throughput.ts";
import { type OnReceived, probe, type ProbeOptions } from "./probe.ts";
import type { Outcome } from "./sample.ts";

/** Where the file is that `server.ts` makes itself, in any size that `?bytes=` asks for. */
const BUILT_IN_TARGET = "/test.bin";

const MIB = 1024 * 1024;

/** What the built-in file has unless another size is asked for. */
const USUAL_BYTES = MIB;

/** The most that the built-in file can be asked for. */
const MOST_BYTES = 64 * MIB;

/** How long a transfer should take, in ms. */
const TARGET_MS = 100;

/** Transfers within one probe; each but the first one is larger than the one before. */
const MOST_TRANSFERS = 3;

/** What is known of a server's test file: the size to ask for, or that it comes in one size alone. */
type Known = { readonly bytes: number } | "fixed";

/** A size to ask for as the value of an option: `auto`, or a number of bytes. */
export const PROBE_BYTES: Kind<number | "auto"> = {
  placeholder: "SIZE|auto",
  accepts: "auto, or a size from 1 to 64M",
  parse: (text) => {
    if (text === "auto") return text;
    const bytes = SIZE.parse(text);
    return bytes !== undefined && bytes >= 1 && bytes <= MOST_BYTES ? bytes : undefined;
  },
};

/** What a probe asks for, and when it passes. */
export interface SizedProbeOptions extends Omit<ProbeOptions, "requestTarget"> {
  /** The request-target of the test file, before a size is added. */
  readonly path: string;
  /** How many bytes to ask for, by `?bytes=`; `auto` for what suits each server. */
  readonly bytes: number | "auto";
}

/** How servers are probed with such options. Only the built-in test file has a size that suits. */
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
 * Probes with a size that suits each server: as many bytes as take some 100 ms, a power of two from
 * 1 to 64 MiB, so that samples of one server can be compared from round to round. Only a server that
 * sends exactly what the built-in file has is ever asked for more. One that sends the same all the
 * same, or an error, has a file of its own: that is taken as it is.
 */
export class ProbeSize {
  readonly #transfer: Transfer;
  readonly #known = new WeakMap<Server, Known>();

  /**
   * Knows of no server's test file yet.
   *
   * @param transfer one transfer of a target
   */
  constructor(transfer: Transfer) {
    this.#transfer = transfer;
  }

  /** The probe of a server: its last transfer counts. */
  async probe(server: Server, onReceived: OnReceived): Promise<Outcome> {
    for (let transfers = 1;; transfers++) {
      const known = this.#known.get(server);
      const bytes = known === undefined || known === "fixed" ? undefined : known.bytes;
      const target = bytes === undefined ? BUILT_IN_TARGET : sizedTarget(BUILT_IN_TARGET, bytes);
      const outcome = await this.#transfer(server, target, onReceived);
      const next = nextKnown(known, outcome);
      if (next !== undefined) this.#known.set(server, next);
      const isRefusedSize = bytes !== undefined && next === "fixed" && outcome.kind === "failed";
      const isTooShort = next !== "fixed" && (next?.bytes ?? 0) > (bytes ?? USUAL_BYTES);
      if ((isRefusedSize || isTooShort) && transfers < MOST_TRANSFERS) continue;
      return bytes === undefined || outcome.kind !== "passed"
        ? outcome
        : { ...outcome, testFile: undefined };
    }
  }
}

/** A request-target that asks for so many bytes. */
function sizedTarget(target: string, bytes: number): string {
  return `${target}?bytes=${bytes}`;
}

/** What a transfer says of the size to ask for; undefined for nothing. */
function nextKnown(known: Known | undefined, outcome: Outcome): Known | undefined {
  if (known === "fixed" || outcome.kind === "untestable") return undefined;
  if (outcome.kind === "failed") {
    return known !== undefined && outcome.fault === "answer" ? "fixed" : undefined;
  }
  const { bytes, isPartial } = outcome.sample;
  const asked = known?.bytes ?? USUAL_BYTES;
  const suited = { bytes: suitedBytes(throughputOf(outcome.sample)) };
  if (isPartial) return known && suited;
  if (bytes !== asked) return known && "fixed";
  return known !== undefined || suited.bytes > USUAL_BYTES ? suited : undefined;
}

/** The power of two that is nearest to what comes within the target time. */
function suitedBytes(bytesPerMs: number): number {
  const power = 2 ** Math.round(Math.log2(bytesPerMs * TARGET_MS));
  return Math.min(MOST_BYTES, Math.max(USUAL_BYTES, power));
}
