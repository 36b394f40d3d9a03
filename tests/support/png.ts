/** A PNG image of one colour: chunks of a length, a type, data and a CRC (RFC 2083). */
export async function png(
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
): Promise<Uint8Array<ArrayBuffer>> {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // Bits for each colour.
  header.setUint8(9, 2); // Red, green and blue.
  const row = [0, ...Array.from({ length: width }, () => [red, green, blue]).flat()];
  const pixels = new Uint8Array(Array.from({ length: height }, () => row).flat());
  const deflated = new Blob([pixels]).stream().pipeThrough(new CompressionStream("deflate"));
  return await new Blob([
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", await new Response(deflated).bytes()),
    chunk("IEND", new Uint8Array(0)),
  ]).bytes();
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(data.length + 12);
  const view = new DataView(octets.buffer);
  view.setUint32(0, data.length);
  octets.set(new TextEncoder().encode(type), 4);
  octets.set(data, 8);
  view.setUint32(data.length + 8, crc(octets.subarray(4, data.length + 8)));
  return octets;
}

function crc(octets: Uint8Array): number {
  let crc = 0xffffffff;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
