const HEADER_OCTETS = 44;
/** One channel of 8 bits. */
const RATE = 44_100;

/** A WAV file of so many seconds, as linear PCM: a saw-tooth. */
export function wav(seconds: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(HEADER_OCTETS + seconds * RATE);
  const view = new DataView(octets.buffer);
  const text = (at: number, text: string) => octets.set(new TextEncoder().encode(text), at);
  text(0, "RIFF");
  view.setUint32(4, octets.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // Octets of the format, which is PCM, of one channel.
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE, true); // Octets per second, then octets and bits of a sample.
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, "data");
  view.setUint32(40, octets.length - HEADER_OCTETS, true);
  for (let at = HEADER_OCTETS; at < octets.length; at++) octets[at] = at;
  return octets;
}
