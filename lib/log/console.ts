/**
 * What the commands say to a person at a terminal. Text that came over the network is escaped, so
 * that it can neither forge a line nor steer the terminal.
 *
 * @module
 */

/** What could end a line, steer a terminal or reorder its characters. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * The text with what could end a line, steer a terminal or reorder its characters written as
 * `\xHH` or `\uHHHH`; every other character stays.
 */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    return code <= 0xFF ? hexEscape(code) : unicodeEscape(character);
  });
}

/** The same for text that `JSON.stringify` wrote, which means the same afterwards. */
export function escapeControlsInJson(json: string): string {
  return json.replace(CONTROLS, unicodeEscape);
}

/** All but visible ASCII and spaces, and `"` and `\`, which have a meaning in either format. */
export const SPECIAL: RegExp = /[^ !#-[\]-~]/u;
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

/** A byte as `\xHH`. */
function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** A UTF-16 code unit as `\uHHHH`. */
function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Writes one line to standard error, its controls escaped. A closed pipe is ignored. */
export function say(message: string): void {
  writeAll(Deno.stderr, `${escapeControls(message)}\n`);
}

/** Writes trusted text and a line end to standard output as it is. A closed pipe is ignored. */
export function print(text: string): void {
  writeAll(Deno.stdout, `${text}\n`);
}

const encoder = new TextEncoder();

/**
 * The most that a pipe takes whole or not at all (PIPE_BUF on Linux). When Deno's writeSync finds
 * a pipe full it throws and does not say how much it wrote, so a longer write cannot be repeated.
 */
const WRITE_BYTES = 4096;

/** Writes the whole text, however short each write is; false when the sink fails. */
function writeAll(sink: { writeSync(bytes: Uint8Array): number }, text: string): boolean {
  let rest = encoder.encode(text);
  while (rest.length > 0) {
    try {
      const written = sink.writeSync(rest.subarray(0, WRITE_BYTES));
      if (written === 0) return false;
      rest = rest.subarray(written);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) return false;
      waitOneMillisecond();
    }
  }
  return true;
}

/** For a full pipe that another process made non-blocking: wait as a blocking one would. */
function waitOneMillisecond(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
