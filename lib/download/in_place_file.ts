import { fileErrors, fileErrorsSync } from "./file_error.ts";
import { type Leftover, NOTHING } from "./leftover.ts";
import type { Output, Placed } from "./output.ts";
import { attempt } from "./place_file.ts";
import type { Representation } from "./representation.ts";
import { SequentialOutput } from "./sequential_output.ts";

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
