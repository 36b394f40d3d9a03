/**
 * How busy a server is, as it says in `Endpoint-Load-Metrics`: a field that Envoy reads as well
 * (Open Request Cost Aggregation, ORCA).
 *
 * Its text format is `TEXT` SP and a list of `name=value`, where metrics that ORCA does not define
 * are called `named_metrics.NAME` and values are decimal numbers. Envoy divides a server's rate by its
 * `application_utilization` to weight it; so does `expected`.
 * https://github.com/envoyproxy/envoy/blob/main/source/common/orca/orca_parser.cc reads it,
 * https://github.com/envoyproxy/envoy/pull/37724 quotes its design.
 *
 * @module
 */

import { fieldLine, type Fields, type FieldSection } from "./fields.ts";
import { trimOws } from "./grammar.ts";

/** What a server is sending. */
export interface Load {
  /** Responses whose content is under way. */
  readonly openTransfers: number;
  /** Content of those that is still to be sent, as far as its length is known. */
  readonly pendingBytes: number;
  /** Content sent lately. */
  readonly bytesPerSecond: number;
  /** The part of that time, from the first byte sent in it, in which transfers were open: 0 to 1. */
  readonly utilization: number;
}

/** What a server says of its load; null where it says nothing. At least one member is a number. */
export type LoadReport = { readonly [Name in keyof Load]: number | null };

/** Names in the field. */
const METRICS: Readonly<Record<keyof Load, string>> = {
  openTransfers: "named_metrics.open_transfers",
  pendingBytes: "named_metrics.pending_bytes",
  bytesPerSecond: "named_metrics.bytes_per_second",
  utilization: "application_utilization",
};

const NAMES: ReadonlySet<string> = new Set(Object.values(METRICS));

const FIELD_NAME = "Endpoint-Load-Metrics";

/** Writes the field: whole numbers, and the utilization in thousandths. */
export function loadField(load: Load): FieldSection {
  const values = { ...load, utilization: load.utilization * 1000 };
  const metrics = (Object.keys(METRICS) as (keyof Load)[]).map((member) => {
    const value = Math.round(values[member]);
    return `${METRICS[member]}=${member === "utilization" ? value / 1000 : value}`;
  });
  return fieldLine(FIELD_NAME, `TEXT ${metrics.join(", ")}`);
}

/** One metric: a name and a value without white space. */
const METRIC = /^([\x21-\x3c\x3e-\x7e]+)=([\x21-\x7e]+)$/;

const NUMBER = /^[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/**
 * Reads the field of a response. Metrics of other names may have any value; empty list members are
 * skipped (RFC 9110 §5.6.1.2).
 *
 * @returns undefined if there is none in the text format, it says nothing of the load, or it is
 *     malformed or impossible: negative, not finite, beyond 2^53 - 1, half a transfer, or said twice
 */
export function parseLoadReport(fields: Fields): LoadReport | undefined {
  const [, list] = /^TEXT[ \t]+(.*)$/.exec(fields.get(FIELD_NAME.toLowerCase()) ?? "") ?? [];
  if (list === undefined) return undefined;
  const values = new Map<string, string>();
  for (const member of list.split(",")) {
    const text = trimOws(member);
    if (text === "") continue;
    const [, name, value] = METRIC.exec(text) ?? [];
    if (name === undefined || value === undefined) return undefined;
    if (!NAMES.has(name)) continue;
    if (values.has(name)) return undefined;
    values.set(name, value);
  }
  if (values.size === 0) return undefined;
  const report = {
    openTransfers: wholeNumber(values.get(METRICS.openTransfers)),
    pendingBytes: wholeNumber(values.get(METRICS.pendingBytes)),
    bytesPerSecond: number(values.get(METRICS.bytesPerSecond)),
    utilization: number(values.get(METRICS.utilization)),
  };
  return Object.values(report).some(Number.isNaN) ? undefined : report;
}

/** Null for undefined; NaN for what cannot be. */
function number(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = NUMBER.test(text) ? Number(text) : NaN;
  return value <= Number.MAX_SAFE_INTEGER ? value : NaN;
}

function wholeNumber(text: string | undefined): number | null {
  const value = number(text);
  return value === null || Number.isInteger(value) ? value : NaN;
}
