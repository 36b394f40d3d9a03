/**
 * Content codings (RFC 9110 §8.4.1) of which content is saved decoded.
 *
 * @module
 */

import type { Fields } from "../../http/fields.ts";
import { trimOws } from "../../http/grammar.ts";
import { CodingError } from "../download_error.ts";
import type { Bytes } from "./zstd.ts";

/** The codings of a content in the order in which they were applied; `identity` is none. */
export function contentCodings(fields: Fields): string[] {
  return (fields.get("content-encoding") ?? "").split(",")
    .map((coding) => trimOws(coding).toLowerCase().replace(/^x-(?=gzip$)/, ""))
    .filter((coding) => coding !== "" && coding !== "identity");
}

/** Whether content of these codings can be decoded. */
export function isDecodable(codings: readonly string[]): boolean {
  return codings.length <= MOST_CODINGS && codings.every((it) => Object.hasOwn(DECODERS, it));
}

/** More, one in the other, are an attack. */
const MOST_CODINGS = 4;

/** How much is decoded at a time: of a bomb, a thousand times as much has to be held. */
const PIECE_BYTES = 4096;

/** Not of DecompressionStream: it holds all that a piece makes, and knows one member of gzip alone. */
const DECODERS: Readonly<Record<string, (coded: Bytes) => Bytes>> = {
  gzip: async function* (coded) {
    const { createGunzip } = await import("node:zlib");
    yield* await piped(coded, createGunzip());
  },
  br: async function* (coded) {
    const { createBrotliDecompress } = await import("node:zlib");
    const decoder = createBrotliDecompress();
    // It takes what is cut short for whole; but only then does it want one byte more.
    let bytes = 0;
    const withProbe = async function* () {
      for await (const piece of coded) {
        bytes += piece.length;
        yield piece;
      }
      yield new Uint8Array(1);
    };
    yield* await piped(withProbe(), decoder);
    if (decoder.bytesWritten !== bytes) throw new SyntaxError("it does not end where it should");
  },
  zstd: async function* (coded) {
    const { createZstdDecompress } = await import("node:zlib");
    const { decodeFrames } = await import("./zstd.ts");
    yield* decodeFrames(coded, (frame) => piped(frame, createZstdDecompress()));
  },
};

/** What a decoder makes of some bytes. */
async function piped(coded: Bytes, decoder: NodeJS.ReadWriteStream): Promise<Bytes> {
  const { pipeline, Readable } = await import("node:stream");
  pipeline(Readable.from(coded), decoder, () => {}); // Whoever reads is told of errors.
  return decoder as AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Decodes the content of one answer, in bounded memory. */
export class Decoder {
  readonly #codings: string;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  /** Settles when all is decoded and written; rejects when it cannot be. */
  readonly #written: Promise<void>;

  private constructor(
    codings: string,
    writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
    written: Promise<void>,
  ) {
    this.#codings = codings;
    this.#writer = writer;
    this.#written = written;
    for (const promise of [writer.closed, written]) promise.catch(() => {}); // Awaited below.
  }

  /**
   * @param codings that can be decoded, in the order in which they were applied
   * @param write takes what is decoded; the next is decoded when it settles
   */
  static open(
    codings: readonly string[],
    write: (bytes: Uint8Array) => Promise<void> | undefined,
  ): Decoder {
    const { readable, writable } = new TransformStream<
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>
    >();
    const decoded = codings.reduceRight<Bytes>((coded, it) => DECODERS[it]!(coded), readable);
    const written = writeAll(decoded, write);
    return new Decoder(codings.join(", "), writable.getWriter(), written);
  }

  /**
   * Decodes what follows, and writes what comes of it.
   *
   * @throws {CodingError} when it cannot be decoded; what the writing throws
   */
  async push(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      await this.#until(this.#writer.write(bytes.slice(from, from + PIECE_BYTES)));
    }
  }

  /**
   * All has come.
   *
   * @throws {CodingError} when that is not its end; what the writing throws
   */
  async end(): Promise<void> {
    await this.#until(this.#writer.close());
    await this.#until(this.#written);
  }

  /** Decodes no more. */
  async close(): Promise<void> {
    await this.#writer.abort().catch(() => {});
    await this.#written.catch(() => {});
  }

  /** Waits for a step, or until the writing has failed. */
  async #until(step: Promise<void>): Promise<void> {
    try {
      await Promise.race([step, this.#written.then(() => step)]);
    } catch (error) {
      const failure = await this.#written.then(() => error, (reason) => reason);
      if (failure instanceof WriteError) throw failure.cause;
      const reason = `its content is damaged: it cannot be decoded as ${this.#codings}`;
      throw new CodingError("network", reason, { cause: error });
    }
  }
}

/** What was decoded cannot be written, for the reason that is the cause. */
class WriteError extends Error {}

async function writeAll(
  decoded: AsyncIterable<Uint8Array>,
  write: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<void> {
  for await (const bytes of decoded) {
    try {
      await write(bytes);
    } catch (cause) {
      throw new WriteError("the decoded content cannot be written", { cause });
    }
  }
}
