/**
 * One line of the access log: the Common Log Format in UTC, that with Referer and User-Agent, or
 * JSON. What came over the network is escaped.
 *
 * @module
 */

import { escapeControlsInJson, hexEscape } from "./log.ts";

/** One answered request. */
export interface AccessEvent {
  /** When its request had arrived, in ms since the epoch. */
  readonly at: number;
  /** The client's address, without its port. */
  readonly client: string;
  /** As received, one character a byte; untrusted; empty when none arrived. */
  readonly requestLine: string;
  /** Its fields, as untrusted; undefined when what arrived could not be read. */
  readonly fields: { get(lowerCaseName: string): string | undefined } | undefined;
  /** The answer's status code. */
  readonly statusCode: number;
  /** Body bytes really sent. */
  readonly contentBytes: number;
  /** From then until the answer was written, in ms. */
  readonly elapsedMs: number;
  /** Whom the client was sent to, `host:port`; undefined when to nobody. */
  readonly chosen: string | undefined;
}

/** How access events are written. */
export const LOG_FORMATS = ["common", "combined", "json", "none"] as const;

/** How access events are written; `none` writes nothing. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/**
 * One event as one line without its line end.
 *
 * @param namesChosen whether the line ends with whom the client was sent to, `-` for nobody
 */
export function formatAccess(
  event: AccessEvent,
  format: Exclude<LogFormat, "none">,
  namesChosen = false,
): string {
  if (format === "json") return formatJson(event, namesChosen);
  const { at, client, requestLine, statusCode, contentBytes, fields, chosen = "-" } = event;
  const end = namesChosen ? ` ${chosen}` : "";
  const line = `${client} - - [${clfTime(at)}] ${
    quoted(requestLine)
  } ${statusCode} ${contentBytes}`;
  if (format === "common") return line + end;
  return `${line} ${quoted(fields?.get("referer"))} ${quoted(fields?.get("user-agent"))}${end}`;
}

function formatJson(event: AccessEvent, namesChosen: boolean): string {
  const { client, statusCode, contentBytes, chosen } = event;
  const server = chosen === undefined ? "null" : `"${chosen}"`;
  const end = namesChosen ? `,"server":${server}}` : "}";
  const elapsedMs = Math.round(event.elapsedMs * 1000) / 1000;
  // Not by one JSON.stringify of it all, which takes five times as long.
  return `{"time":"${isoTime(event.at)}","client":"${client}",` +
    `"requestLine":${jsonText(event.requestLine)},"statusCode":${statusCode},` +
    `"contentBytes":${contentBytes},"elapsedMs":${elapsedMs}${end}`;
}

/** The start of a text that depends on the second alone, kept since a busy log repeats it. */
class SecondText {
  #second = NaN;
  #text = "";
  readonly #format: (date: Date) => string;

  constructor(format: (date: Date) => string) {
    this.#format = format;
  }

  of(at: number): string {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#text = this.#format(new Date(at));
      this.#second = second;
    }
    return this.#text;
  }
}

const clfTimes = new SecondText((date) => {
  const [, day, month, year, time] = date.toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
});

/** `22/Nov/2026:08:22:53 +0000`. */
function clfTime(at: number): string {
  return clfTimes.of(at);
}

const isoTimes = new SecondText((date) => date.toISOString().slice(0, -"000Z".length));

/** `2026-11-22T08:22:53.999Z`. */
function isoTime(at: number): string {
  const ms = Math.floor(at) - Math.floor(at / 1000) * 1000;
  return `${isoTimes.of(at)}${String(ms).padStart(3, "0")}Z`;
}

/** All but visible ASCII and spaces, and `"` and `\`, which have a meaning in either format. */
const SPECIAL = /[^ !#-[\]-~]/u;
const SPECIALS = new RegExp(SPECIAL, "gu");

/** A text of bytes between quotes, everything special as `\xHH`, a byte each; `-` for none. */
export function quoted(text = ""): string {
  if (text === "") return '"-"';
  return SPECIAL.test(text) ? `"${text.replace(SPECIALS, bytesEscape)}"` : `"${text}"`;
}

function bytesEscape(character: string): string {
  const code = character.codePointAt(0)!;
  const bytes = code <= 0xFF ? [code] : [...new TextEncoder().encode(character)];
  return bytes.map(hexEscape).join("");
}

/** A text as JSON of visible characters. */
function jsonText(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  return escapeControlsInJson(JSON.stringify(text));
}
