import { type Representation, type ResumePoint, resumePointOf, Tail } from "./resume.ts";
import { type Leftover, NOTHING, type Output, type Placed } from "./output.ts";
import { DownloadError, fileErrors, fileErrorsSync } from "./download_error.ts";
import { attempt } from "./place_file.ts";

/** An output that takes octets in their order alone, and cannot be read. */
export abstract class SequentialOutput implements Output {
  /** What it is called in messages. */
  protected readonly name: string;
  #representation: Representation | undefined;
  #position = 0;
  #tail = new Tail();

  /** The name is for messages. */
  constructor(name: string) {
    this.name = name;
  }

  get position(): number {
    return this.#position;
  }

  get received(): number {
    return this.#position;
  }

  get kept(): ResumePoint | undefined {
    return resumePointOf(this.#representation, this.#position);
  }

  tail(): Uint8Array {
    return this.#tail.octets;
  }

  octets(): undefined {}

  begin(representation: Representation): void {
    this.#representation = representation;
    this.#position = 0;
    this.#tail = new Tail();
  }

  abstract readonly canBegin: boolean;
  abstract write(octets: Uint8Array): Promise<void> | undefined;
  abstract complete(modifiedAt?: number): Promise<Placed>;
  abstract abandon(): Leftover;

  /** These were written. */
  protected note(octets: Uint8Array): void {
    this.#position += octets.length;
    this.#tail.add(octets);
  }
}

/** Standard output, a device or a pipe: what is written there cannot be taken back. */
export class StreamOutput extends SequentialOutput implements Output {
  readonly #stream: { write(octets: Uint8Array): Promise<number>; close(): void };

  /** Takes over an open stream; the name is for messages. */
  constructor(name: string, stream: { write(octets: Uint8Array): Promise<number>; close(): void }) {
    super(name);
    this.#stream = stream;
  }

  override get canBegin(): boolean {
    return this.position === 0;
  }

  override begin(representation: Representation): void {
    if (!this.canBegin) {
      throw new DownloadError(
        "network",
        `the content has changed, but ${this.name} has had ${this.position} bytes of it`,
      );
    }
    super.begin(representation);
  }

  override async write(octets: Uint8Array): Promise<void> {
    await fileErrors(this.name, async () => {
      for (let rest = octets; rest.length > 0;) {
        const written = await this.#stream.write(rest);
        this.note(rest.subarray(0, written));
        rest = rest.subarray(written);
      }
    });
  }

  override complete(): Promise<Placed> {
    this.abandon();
    return Promise.resolve("own");
  }

  override abandon(): Leftover {
    if (this.#stream !== Deno.stdout) this.#stream.close();
    return NOTHING;
  }
}

/**
 * A file whose directory may not be written: the content goes straight into it. What was there is
 * gone when content arrives, and nothing says later how far it went.
 */
export class InPlaceFile extends SequentialOutput implements Output {
  readonly #file: Deno.FsFile;
  #hasBegun = false;
  #isWhole = false;
  override readonly canBegin = true;

  /** Takes over a file that is open for writing; the name is for messages. */
  constructor(name: string, file: Deno.FsFile) {
    super(name);
    this.#file = file;
  }

  override begin(representation: Representation): void {
    fileErrorsSync(this.name, () => {
      this.#hasBegun = true;
      this.#file.truncateSync(0);
      this.#file.seekSync(0, Deno.SeekMode.Start);
    });
    super.begin(representation);
  }

  override write(octets: Uint8Array): undefined {
    fileErrorsSync(this.name, () => {
      for (let rest = octets; rest.length > 0;) {
        const written = this.#file.writeSync(rest);
        this.note(rest.subarray(0, written));
        rest = rest.subarray(written);
      }
    });
  }

  override async complete(modifiedAt?: number): Promise<Placed> {
    this.#isWhole = true;
    await fileErrors(this.name, async () => {
      if (modifiedAt !== undefined) await attempt(() => this.#file.utime(modifiedAt, modifiedAt));
      await attempt(() => this.#file.sync());
    });
    this.#file.close();
    return "own";
  }

  override abandon(): Leftover {
    this.#file.close();
    if (this.#isWhole) return { kind: "whole" };
    return this.#hasBegun ? { kind: "overwritten", hasPart: false } : NOTHING;
  }
}
