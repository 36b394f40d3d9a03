/**
 * The frames of Zstandard (RFC 8878). Deno's decoder takes content that is cut short for whole, stops
 * behind the first frame, and holds all that one write makes; so it is given each frame on its own, a
 * block at a time, by what says where they end.
 *
 * @module
 */

/** Content as it comes or goes. */
export type Bytes = AsyncIterable<Uint8Array<ArrayBuffer>>;

/** RFC 8878 §3.1.1. */
const MAGIC = 0xfd2fb528;
/** RFC 8878 §3.1.2: the last four bits are any. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** RFC 9659 §3: no content coding needs more to look back, in bytes. */
const MOST_WINDOW_BYTES = 8 * 1024 * 1024;

/** RFC 8878 §3.1.1.2.3: what a block makes, and so what one may hold. */
const MOST_BLOCK_BYTES = 128 * 1024;

/** How much of what is passed over is read at a time. */
const SKIPPED_BYTES = 64 * 1024;

/**
 * Decodes content of one frame or more.
 *
 * @param decodeFrame decodes one, which comes in its parts
 * @throws {SyntaxError} where it is none, is cut short, or needs more memory than a content coding may
 */
export async function* decodeFrames(
  coded: Bytes,
  decodeFrame: (frame: Bytes) => Promise<Bytes>,
): Bytes {
  const reader = new Reader(coded);
  try {
    do {
      const magic = littleEndian(await reader.take(4));
      if (magic === MAGIC) yield* await decodeFrame(partsOfFrame(reader));
      else if ((magic & ~0xf) === SKIPPABLE_MAGIC) await skip(reader);
      else throw new SyntaxError("it is no Zstandard frame");
    } while (!await reader.isAtEnd());
  } finally {
    await reader.close();
  }
}

/** The header of a frame whose magic number was read, each of its blocks, and its checksum. */
async function* partsOfFrame(reader: Reader): Bytes {
  const [header, hasChecksum] = await frameHeader(reader);
  yield header;
  for (let isLast = false; !isLast;) {
    const [block, wasLast] = await blockOf(reader);
    yield block;
    isLast = wasLast;
  }
  if (hasChecksum) yield await reader.take(4);
}

/** RFC 8878 §3.1.1.1. */
async function frameHeader(reader: Reader): Promise<[Uint8Array<ArrayBuffer>, boolean]> {
  const [descriptor = 0] = await reader.take(1);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const window = await reader.take(isSingleSegment ? 0 : 1);
  const dictionary = await reader.take([0, 1, 2, 4][descriptor & 3]!);
  const sizeFlag = descriptor >> 6;
  const size = await reader.take(sizeFlag === 0 ? Number(isSingleSegment) : 1 << sizeFlag);
  const windowBytes = isSingleSegment ? contentSize(size) : windowSize(window[0]!);
  if (windowBytes > MOST_WINDOW_BYTES) throw new SyntaxError("it needs too much memory");
  const magic = new Uint8Array(new Uint32Array([MAGIC]).buffer);
  const header = joined(magic, Uint8Array.of(descriptor), window, dictionary, size);
  return [header, (descriptor & 4) !== 0];
}

/** RFC 8878 §3.1.1.1.2, in bytes. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + base / 8 * (descriptor & 7);
}

/** RFC 8878 §3.1.1.1.4, in bytes: of two bytes, 256 is taken off. */
function contentSize(field: Uint8Array): number {
  return littleEndian(field) + (field.length === 2 ? 256 : 0);
}

/** RFC 8878 §3.1.1.2: a block with its header, and whether it is the last of its frame. */
async function blockOf(reader: Reader): Promise<[Uint8Array<ArrayBuffer>, isLast: boolean]> {
  const header = await reader.take(3);
  const bits = littleEndian(header);
  const isRepeatedByte = (bits >> 1 & 3) === 1;
  const size = bits >> 3;
  if (size > MOST_BLOCK_BYTES) throw new SyntaxError("a block is too long");
  const content = await reader.take(isRepeatedByte ? 1 : size);
  return [joined(header, content), (bits & 1) === 1];
}

/** RFC 8878 §3.1.2: passes over a frame that holds nothing to decode. */
async function skip(reader: Reader): Promise<void> {
  for (let rest = littleEndian(await reader.take(4)); rest > 0; rest -= SKIPPED_BYTES) {
    await reader.take(Math.min(rest, SKIPPED_BYTES));
  }
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Reads as many bytes as are wanted. */
class Reader {
  readonly #bytes: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(bytes: Bytes) {
    this.#bytes = bytes[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#bytes.next();
      if (done) return true;
      this.#rest = value;
    }
    return false;
  }

  /** Reads no more. */
  async close(): Promise<void> {
    await this.#bytes.return?.();
  }

  /** @throws {SyntaxError} if there are not so many */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(count);
    for (let at = 0; at < count;) {
      if (await this.isAtEnd()) throw new SyntaxError("it is cut short");
      const part = this.#rest.subarray(0, count - at);
      taken.set(part, at);
      at += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return taken;
  }
}
