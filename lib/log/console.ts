/**
 * Messages to a person at a terminal, and the escaping of text that came over the network, so that it
 * can neither forge a line nor control the terminal.
 *
 * @module
 */

/** What could end a line, control a terminal or reorder characters. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The text with these characters as `\xHH` or `\uHHHH`. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    return code <= 0xFF ? hexEscape(code) : unicodeEscape(character);
  });
}

/** The same for JSON, whose meaning does not change. */
export function escapeControlsInJson(json: string): string {
  return json.replace(CONTROLS, unicodeEscape);
}

/** What is escaped in logs: all but visible ASCII and spaces, and `"` and `\`. */
export const SPECIAL: RegExp = /[^ !#-[\]-~]/u;
const SPECIALS = new RegExp(SPECIAL, "gu");

/** A text in quotes, with each special byte as `\xHH`; `"-"` if it is empty. */
export function quoted(text = ""): string {
  if (text === "") return '"-"';
  return SPECIAL.test(text) ? `"${text.replace(SPECIALS, bytesEscape)}"` : `"${text}"`;
}

function bytesEscape(character: string): string {
  const code = character.codePointAt(0)!;
  const bytes = code <= 0xFF ? [code] : [...new TextEncoder().encode(character)];
  return bytes.map(hexEscape).join("");
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Writes an escaped line to standard error. A closed pipe is ignored. */
export function say(message: string): void {
  writeAll(Deno.stderr, `${escapeControls(message)}\n`);
}

/**
 * Writes trusted text and a line end to standard output. A closed pipe is ignored.
 *
 * @returns whether it could be written, or nobody reads it any more; not so on a full disk
 */
export function print(text: string): boolean {
  return writeAll(Deno.stdout, `${text}\n`);
}

const encoder = new TextEncoder();

/**
 * The most that a pipe takes whole or not at all (PIPE_BUF on Linux). Deno's `writeSync` throws if a
 * pipe is full and does not tell how much it wrote, so a longer write could not be repeated.
 */
const WRITE_BYTES = 4096;

function writeAll(sink: { writeSync(bytes: Uint8Array): number }, text: string): boolean {
  let rest = encoder.encode(text);
  while (rest.length > 0) {
    try {
      const written = sink.writeSync(rest.subarray(0, WRITE_BYTES));
      if (written === 0) return false;
      rest = rest.subarray(written);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return true;
      if (!(error instanceof Deno.errors.WouldBlock)) return false;
      // A full pipe that another process made non-blocking: wait as a blocking one would.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  return true;
}
