/**
 * Access log: Common Log Format in UTC, the same with Referer and User-Agent, or JSON. What came over
 * the network is escaped.
 *
 * @module
 */

import { oncePerSecond } from "../http/http_date.ts";
import type { AccessRecord } from "../net/access_record.ts";
import { escapeControlsInJson, quoted, SPECIAL } from "./console.ts";
import { type GapLine, LineWriter, type LostLines, lostRecord, lostText } from "./line_writer.ts";

/** The formats of access logs; `none` writes nothing. */
export const LOG_FORMATS = ["common", "combined", "json", "none"] as const;

/** One of `LOG_FORMATS`. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/**
 * A record as a line without its line end.
 *
 * @param isAnnotated whether the line ends with the annotation, the server that a balancer chose
 */
export function formatAccess(
  record: AccessRecord,
  format: Exclude<LogFormat, "none">,
  isAnnotated = false,
): string {
  if (format === "json") return formatJson(record, isAnnotated);
  const { epochMs, client, requestLine, statusCode, contentBytes, fields, annotation = "-" } =
    record;
  const end = isAnnotated ? ` ${annotation}` : "";
  const line = `${client} - - [${clfTime(epochMs)}] ${
    quoted(requestLine)
  } ${statusCode} ${contentBytes}`;
  if (format === "common") return line + end;
  return `${line} ${quoted(fields?.get("referer"))} ${quoted(fields?.get("user-agent"))}${end}`;
}

function formatJson(record: AccessRecord, isAnnotated: boolean): string {
  const { client, statusCode, contentBytes, annotation } = record;
  const server = annotation === undefined ? "null" : `"${annotation}"`;
  const end = isAnnotated ? `,"server":${server}}` : "}";
  const elapsedMs = Math.round(record.elapsedMs * 1000) / 1000;
  // Not by one JSON.stringify of it all, which takes five times as long.
  return `{"time":"${isoTime(record.epochMs)}","client":"${client}",` +
    `"requestLine":${jsonText(record.requestLine)},"statusCode":${statusCode},` +
    `"contentBytes":${contentBytes},"elapsedMs":${elapsedMs}${end}`;
}

/** `22/Nov/2026:08:22:53 +0000`. */
const clfTime = oncePerSecond((date) => {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
});

const isoSecond = oncePerSecond((date) => date.toISOString().slice(0, -"000Z".length));

/** `2026-11-22T08:22:53.999Z`. */
function isoTime(epochMs: number): string {
  const ms = Math.floor(epochMs) - Math.floor(epochMs / 1000) * 1000;
  return `${isoSecond(epochMs)}${String(ms).padStart(3, "0")}Z`;
}

function jsonText(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  return escapeControlsInJson(JSON.stringify(text));
}

/** How long lines wait for others. */
const DELAY_MS = 100;

/** A writer of standard output for an access log and other lines. */
export function standardOutput(): LineWriter {
  return new LineWriter(Deno.stdout, DELAY_MS);
}

/** The line in an access log where others were lost. */
export function accessGapLine(format: LogFormat): GapLine {
  if (format !== "json") return lostText;
  return (lost) => JSON.stringify({ time: new Date().toISOString(), ...lostRecord(lost) });
}

/** An access log: a line for each request; counts those that its writer drops. */
export class AccessLog {
  readonly #format: LogFormat;
  readonly #lines: LineWriter;
  readonly #isAnnotated: boolean;
  #dropped = 0;

  /** @param isAnnotated whether lines end with the annotation of the reply */
  constructor(format: LogFormat, lines: LineWriter, isAnnotated = false) {
    this.#format = format;
    this.#lines = lines;
    lines.gapLine = accessGapLine(format);
    this.#isAnnotated = isAnnotated;
  }

  get dropped(): number {
    return this.#dropped;
  }

  record(record: AccessRecord): void {
    if (this.#format === "none") return;
    // Checked first, to format no line that is dropped.
    if (this.#lines.isFull) this.#dropped++;
    else this.#lines.write(formatAccess(record, this.#format, this.#isAnnotated));
  }
}

/** Logs at the end how many lines of access logs were dropped or lost, if any. */
export function tellMissing(
  dropped: number,
  lost: LostLines | undefined,
  info: (message: string, record?: object) => void,
): void {
  if (dropped > 0) info(`${dropped} lines of the access log were not taken by its reader`);
  if (lost !== undefined) info(lostText(lost), lostRecord(lost));
}
