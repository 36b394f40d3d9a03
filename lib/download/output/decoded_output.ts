import { responseBodyFraming } from "../../http/body.ts";
import { Fields } from "../../http/fields.ts";
import { isWhole, type ResponseHead } from "../../http/response.ts";
import { contentCodings, Decoder, isDecodable } from "./content_coding.ts";
import { CodingError, DownloadError } from "../download_error.ts";
import type { Leftover, Output, Placed } from "./output.ts";
import type { Representation, ResumePoint } from "./resume.ts";
import type { Verification } from "../verification.ts";

/**
 * An output that takes content in its codings, and saves it decoded. What is coded cannot be gone on
 * with, since a part of it may be coded otherwise the next time; what is not, as the output can.
 */
export class DecodedOutput implements Output {
  readonly #output: Output;
  readonly #verification: Verification | undefined;
  #codings: readonly string[] = [];
  #decoder: Decoder | undefined;
  /** Bytes that have come, coded. */
  #codedBytes = 0;
  /** Whether no bytes at all are a content without any, and not one that was lost. */
  #mayBeEmpty = false;
  #isComplete = false;

  /** @param verification checks what is saved; undefined if there is nothing to check it against */
  constructor(output: Output, verification: Verification | undefined) {
    this.#output = output;
    this.#verification = verification;
  }

  get partName(): string | undefined {
    return this.#output.partName;
  }

  /** What is coded as it is sent has no length before. */
  get isOfAnyLength(): boolean {
    return this.#isCoded || this.#output.isOfAnyLength === true;
  }

  /** Bytes that have come, coded; in the end, those that are saved. */
  get position(): number {
    return this.#isCoded ? this.#codedBytes : this.#output.position;
  }

  /** Bytes that are saved. */
  get received(): number {
    return this.#output.received;
  }

  get resumePoint(): ResumePoint | undefined {
    return this.#isCoded ? undefined : this.#output.resumePoint;
  }

  get canBegin(): boolean {
    return this.#output.canBegin;
  }

  /** The SHA-256 of what is saved, in hexadecimal digits, if it was computed. */
  get sha256(): string | undefined {
    return this.#verification?.sha256;
  }

  async expect(head: ResponseHead): Promise<void> {
    await this.#output.expect?.(head);
    if (!isWhole(head)) return;
    const codings = contentCodings(head.fields);
    if (!isDecodable(codings)) {
      const reason = `it sends Content-Encoding: ${codings.join(", ")}, which was not asked for`;
      throw new CodingError("protocol", reason);
    }
    await this.#decoder?.close();
    this.#mayBeEmpty = responseBodyFraming("GET", head).kind !== "untilClose";
    this.#codings = codings;
    this.#decoder = codings.length === 0
      ? undefined
      : Decoder.open(codings, (bytes) => this.#save(bytes));
  }

  begin(representation: Representation): void {
    const isCoded = this.#codings.length > 0;
    this.#codedBytes = 0;
    this.#output.begin(isCoded ? { entityTag: undefined, length: undefined } : representation);
    this.#verification?.restart();
    this.#verification?.beginParts(new Fields([]), 0);
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    this.#codedBytes += bytes.length;
    return this.#decoder === undefined ? this.#save(bytes) : this.#decoder.push(bytes);
  }

  tail(): Uint8Array {
    return this.#isCoded ? new Uint8Array() : this.#output.tail();
  }

  content(from?: number): AsyncIterable<Uint8Array> | undefined {
    return this.#isCoded ? undefined : this.#output.content(from);
  }

  async complete(modifiedAt?: number, proposed?: string): Promise<Placed> {
    // Servers give the coding of what they would send, be there anything or not.
    if (this.#codedBytes > 0 || !this.#mayBeEmpty) await this.#decoder?.end();
    else await this.#decoder?.close();
    this.#decoder = undefined;
    const fault = this.#verification?.wholeFault();
    if (fault !== undefined) {
      if (!this.canBegin) throw new DownloadError("checksum", fault);
      this.#output.begin({ entityTag: undefined, length: undefined });
      throw new CodingError("checksum", fault);
    }
    this.#isComplete = true;
    return await this.#output.complete(modifiedAt, proposed);
  }

  abandon(mustStay?: boolean): Leftover {
    void this.#decoder?.close();
    const leftover = this.#output.abandon(mustStay);
    if (!this.#isCoded || leftover.kind !== "part") return leftover;
    return { ...leftover, obstacle: "it was sent encoded" };
  }

  get #isCoded(): boolean {
    return this.#codings.length > 0 && !this.#isComplete;
  }

  #save(bytes: Uint8Array): Promise<void> | undefined {
    this.#verification?.update(bytes);
    return this.#output.write(bytes);
  }
}
