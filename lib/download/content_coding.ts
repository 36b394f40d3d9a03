/**
 * Content codings (RFC 9110 §8.4.1) of which content is saved decoded. Deno's only decoder of zstd takes
 * what is cut short for whole; so zstd is not asked for.
 *
 * @module
 */

import type { Fields } from "../http/fields.ts";
import { trimOws } from "../http/grammar.ts";
import { CodingError } from "./download_error.ts";

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

type Bytes = AsyncIterable<Uint8Array<ArrayBuffer>>;

const DECODERS: Readonly<Record<string, (coded: Bytes) => Bytes>> = {
  // Unlike DecompressionStream it knows that members may follow one another (RFC 1952 §2.2).
  gzip: async function* (coded) {
    const { createGunzip } = await import("node:zlib");
    const { pipeline, Readable } = await import("node:stream");
    const decoded = createGunzip();
    pipeline(Readable.from(coded), decoded, () => {}); // Whoever reads is told of errors.
    yield* decoded;
  },
  br: (coded) => ReadableStream.from(coded).pipeThrough(new DecompressionStream("brotli")),
};

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
