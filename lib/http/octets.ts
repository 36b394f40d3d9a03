/**
 * Between octets and text, one character an octet. `TextDecoder("latin1")` is not that: by its
 * standard it means windows-1252, which maps 0x80 to 0x9f elsewhere.
 *
 * @module
 */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The text of `octets[start]` up to, not including, `octets[end]`: one character an octet. Native:
 * 0.1 us for a whole head, where `String.fromCharCode` takes 1.6. `node:buffer` would be as quick,
 * but loading it, or a timer of Node, took 5 ms of the 31 that a small download did.
 */
export function decodeOctets(octets: Uint8Array, start: number, end: number): string {
  const part = octets.subarray(start, end);
  const text = decoder.decode(part);
  // Of octets beyond ASCII, UTF-8 makes fewer characters, or U+FFFD where it is none.
  return text.length === part.length && !text.includes("\ufffd") ? text : decodeEach(part);
}

function decodeEach(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

/**
 * The octets of a text that has one octet a character.
 *
 * @throws {TypeError} when a character is above U+00FF
 */
export function encodeOctets(text: string): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new TypeError(`Cannot write a character above U+00FF: ${text[i]}`);
    octets[i] = code;
  }
  return octets;
}

/**
 * The text without the OWS around it: `OWS = *( SP / HTAB )`, and nothing else (RFC 9110 §5.6.3).
 * A pattern for it would try each blank in the midst of the text as a beginning.
 */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
