/**
 * Between octets and text, one character an octet. `TextDecoder("latin1")` is not that: by its
 * standard it means windows-1252, which maps 0x80 to 0x9f elsewhere.
 *
 * @module
 */

/** The text of `octets[start]` up to, not including, `octets[end]`: one character an octet. */
export function decodeOctets(octets: Uint8Array, start: number, end: number): string {
  // `apply` takes a typed array as its list; the slices are shorter than a head may be.
  return String.fromCharCode.apply(null, octets.subarray(start, end) as unknown as number[]);
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

/** The text without the OWS around it: `OWS = *( SP / HTAB )`, and nothing else (RFC 9110 §5.6.3). */
export function trimOws(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
