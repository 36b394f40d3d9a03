import { format } from "@std/fmt/bytes";
import { escapeControls } from "../../log/console.ts";
import { PaceMeter } from "../speed.ts";

/** How far the download of one file is. */
export interface Progress {
  readonly received: number;
  /** Of the whole, in bytes; undefined when it is not known. */
  readonly length: number | undefined;
  readonly server: string;
}

/** How far a run of many files is. */
export interface TotalProgress {
  /** Files that have ended, in whatever way. */
  readonly ended: number;
  /** Files that are known by now. */
  readonly files: number;
  /** Whether more may become known. */
  readonly isGrowing: boolean;
  /** Bytes that are there, those of files that were complete before among them. */
  readonly bytes: number;
  /** Of all known files; undefined while the size of one is not known. */
  readonly length: number | undefined;
  /** Bytes that this run has transferred. */
  readonly transferred: number;
}

/** What progress is drawn on. */
export interface Terminal {
  writeSync(bytes: Uint8Array): number;
}

/** How much a terminal shows, in characters; 0 if it does not know. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a terminal without a size most likely has. */
const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

const REFRESH_MS = 200;

interface Row {
  readonly meter: PaceMeter;
  progress: Progress;
  perSecond: number | undefined;
}

/**
 * A display on a terminal: a line for each download, and one for all of several files, drawn over
 * themselves, below what stays.
 */
export class Screen {
  readonly #terminal: Terminal;
  readonly #size: () => TerminalSize;
  readonly #hasColor: boolean;
  readonly #total: () => TotalProgress | undefined;
  readonly #totalMeter = new PaceMeter();
  #totalPerSecond: number | undefined;
  readonly #rows = new Map<string, Row>();
  #drawn = 0;
  #drawnAt = -Infinity;

  /** `total` is asked how far the whole run is, before each drawing. */
  constructor(
    terminal: Terminal,
    size: () => TerminalSize,
    hasColor: boolean,
    total: () => TotalProgress | undefined = () => undefined,
  ) {
    this.#terminal = terminal;
    this.#size = size;
    this.#hasColor = hasColor;
    this.#total = total;
  }

  say(line: string): void {
    this.#write(`${this.#erased()}${escapeControls(line)}\n${this.#lines()}`);
  }

  update(name: string, progress: Progress, monotonicMs: number): void {
    const row = this.#rows.get(name);
    const meter = row?.meter ?? new PaceMeter();
    const perSecond = meter.measure(progress.received, monotonicMs);
    this.#rows.set(name, { meter, progress, perSecond });
    if (monotonicMs - this.#drawnAt < REFRESH_MS) return;
    this.#drawnAt = monotonicMs;
    const transferred = this.#total()?.transferred;
    if (transferred !== undefined) {
      this.#totalPerSecond = this.#totalMeter.measure(transferred, monotonicMs);
    }
    this.#write(`${this.#erased()}${this.#lines()}`);
  }

  end(name: string): void {
    if (!this.#rows.delete(name)) return;
    if (this.#drawn > 0) this.#write(`${this.#erased()}${this.#lines()}`);
  }

  /**
   * The lines as they are now. The cursor stays at the end of the last, so that nothing scrolls; and
   * there are no more than the terminal has, since the cursor comes back to no others.
   */
  #lines(): string {
    const size = this.#size();
    const columns = size.columns || USUAL_SIZE.columns;
    const total = this.#rows.size > 0 ? this.#total() : undefined;
    const hasTotal = total !== undefined && (total.files > 1 || total.isGrowing);
    const room = Math.max(1, (size.rows || USUAL_SIZE.rows) - (hasTotal ? 1 : 0));
    const shown = this.#rows.size > room ? room - 1 : this.#rows.size;
    const lines = [...this.#rows].slice(0, shown).map(([name, { progress, perSecond }]) =>
      progressLine(name, progress, perSecond, columns, this.#hasColor)
    );
    if (shown < this.#rows.size) lines.push(`and ${this.#rows.size - shown} more`);
    if (hasTotal) lines.push(totalLine(total, this.#totalPerSecond, columns));
    this.#drawn = lines.length;
    return lines.join("\n");
  }

  /** What takes the lines away. */
  #erased(): string {
    const erased = this.#drawn === 0 ? "" : `\r${"\x1b[K\x1b[A".repeat(this.#drawn - 1)}\x1b[K`;
    this.#drawn = 0;
    return erased;
  }

  #write(text: string): void {
    try {
      if (text !== "") this.#terminal.writeSync(new TextEncoder().encode(text));
    } catch {
      // A terminal that has gone away is no reason to give the download up.
    }
  }
}

const MOST_NAME = 32;
const LEAST_BAR = 10;
const MOST_BAR = 40;

/**
 * One line about a download that fits the width: name, bar, percent, size, speed, time left, and
 * server, of which the last are left out where there is no room for them.
 *
 * @param perSecond bytes; undefined when it cannot be told yet
 * @param columns how many there are; the last stays empty, since some terminals would break the line
 */
export function progressLine(
  name: string,
  { received, length, server }: Progress,
  perSecond: number | undefined,
  columns: number,
  hasColor: boolean,
): string {
  const room = Math.max(1, columns - 1);
  const most = Math.max(1, Math.min(MOST_NAME, Math.floor(room / 2)));
  const shown = fitted(escapeControls(name), most);
  const parts: string[] = [];
  let used = columnsOf(shown);
  const add = (text: string) => {
    const columns = columnsOf(text);
    if (used + 2 + columns > room) return;
    parts.push(text);
    used += 2 + columns;
  };
  if (length !== undefined && length > 0) {
    add(`${Math.floor(received / length * 100)} %`.padStart(5));
  }
  add(sizes(received, length));
  if (perSecond !== undefined) add(`${sizeText(perSecond)}/s`);
  const left = timeLeft(received, length, perSecond);
  if (left !== undefined) add(left);
  const from = escapeControls(server);
  const bar = barWidth(room - used, columnsOf(from), length);
  if (bar > 0) used += bar + 4;
  add(from);
  const drawn = bar > 0 ? drawnBar(received / length!, bar, hasColor) : undefined;
  return [shown, drawn, ...parts].filter((part) => part !== undefined).join("  ").trimEnd();
}

/**
 * One line about all files of a run that fits the width: how many have ended, of how many, size,
 * speed and time left, as far as there is room.
 *
 * @param perSecond bytes that are transferred; undefined when it cannot be told yet
 * @param columns how many there are; the last stays empty
 */
export function totalLine(
  { ended, files, isGrowing, bytes, length }: TotalProgress,
  perSecond: number | undefined,
  columns: number,
): string {
  const known = isGrowing ? undefined : length;
  const left = timeLeft(bytes, known, perSecond);
  const parts = [
    `${ended} of ${files}${isGrowing ? "+" : ""} files`,
    sizes(bytes, known),
    ...(perSecond === undefined ? [] : [`${sizeText(perSecond)}/s`]),
    ...(left === undefined ? [] : [left]),
  ];
  while (parts.length > 1 && parts.join("  ").length >= columns) parts.pop();
  return fitted(parts.join("  "), Math.max(1, columns - 1));
}

/** A size for people, such as `1.5 MiB`. */
function sizeText(count: number): string {
  return format(Math.round(count), { binary: true, maximumFractionDigits: 1 });
}

/** `12 MiB of 1 GiB`, or what has arrived where the whole is not known. */
export function sizes(received: number, length: number | undefined): string {
  return length === undefined ? sizeText(received) : `${sizeText(received)} of ${sizeText(length)}`;
}

/** `m:ss` or `h:mm:ss`; undefined when it cannot be told. */
export function timeLeft(
  received: number,
  length: number | undefined,
  perSecond: number | undefined,
): string | undefined {
  if (length === undefined || !perSecond) return undefined;
  const seconds = Math.ceil((length - received) / perSecond);
  if (seconds >= 100 * 3600) return undefined;
  const two = (count: number) => String(count).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const start = hours > 0 ? `${hours}:${two(minutes % 60)}` : `${minutes}`;
  return `${start}:${two(seconds % 60)} left`;
}

/** How wide the bar may be: the server goes first, if both have room. */
function barWidth(room: number, server: number, length: number | undefined): number {
  if (!length) return 0;
  const beside = room - server - 2;
  const width = Math.min(MOST_BAR, (beside >= LEAST_BAR + 4 ? beside : room) - 4);
  return width >= LEAST_BAR ? width : 0;
}

function drawnBar(fraction: number, width: number, hasColor: boolean): string {
  const full = Math.min(width, Math.floor(fraction * width));
  const done = "█".repeat(full);
  return `[${hasColor && full > 0 ? `\x1b[32m${done}\x1b[0m` : done}${"░".repeat(width - full)}]`;
}

/** What is drawn over the character before it, or not at all. */
const NONE =
  /(?![\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff\ud7b0-\ud7fb]/u;

/** Of the scripts and blocks below, what is narrow all the same; and halves of flags. */
const NARROW = /[\u02ea\u02eb\u3248-\u324f\uff61-\uffdc\u{1f1e6}-\u{1f1ff}]/u;

/** What is shown as a picture, and what is wide or fullwidth (UAX #11), by scripts and blocks. */
const WIDE = new RegExp(
  [
    String.raw`[\p{Emoji_Presentation}\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}`,
    String.raw`\p{sc=Bopomofo}\p{sc=Yi}\p{sc=Tangut}\p{sc=Nushu}\p{sc=Khitan_Small_Script}`,
    String.raw`\u2329\u232a\u2ff0-\u303e\u309b-\u30ff\u3190-\u33ff\u4dc0-\u4dff`,
    String.raw`\ufe10-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]`,
  ].join(""),
  "u",
);

/** How many columns a text takes: 2 for a wide character, none for a mark on another. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** A text cut to a number of columns, with an ellipsis for what is cut off. */
export function fitted(text: string, most: number): string {
  if (columnsOf(text) <= most) return text;
  let columns = 1; // Of the ellipsis.
  let shown = "";
  for (const character of text) {
    columns += columnsOfCharacter(character);
    if (columns > most) break;
    shown += character;
  }
  return `${shown}…`;
}

function columnsOfCharacter(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (NONE.test(character)) return 0;
  return WIDE.test(character) && !NARROW.test(character) ? 2 : 1;
}
