import { fileErrors, fileErrorsSync } from "./file_error.ts";
import type { Output, Placed } from "./output.ts";
import { attempt } from "./place_file.ts";
import { type Kept, keptOf, type Representation } from "./representation.ts";

/**
 * A file whose directory may not be written: the content goes straight into it. What was there is
 * gone when content arrives, and nothing says later how far it went.
 */
export class InPlaceFile implements Output {
  readonly #name: string;
  readonly #file: Deno.FsFile;
  #representation: Representation | undefined;
  #position = 0;

  /** Takes over a file that is open for writing; the name is for messages. */
  constructor(name: string, file: Deno.FsFile) {
    this.#name = name;
    this.#file = file;
  }

  get position(): number {
    return this.#position;
  }

  get received(): number {
    return this.#position;
  }

  get kept(): Kept | undefined {
    return keptOf(this.#representation, this.#position);
  }

  get canBegin(): boolean {
    return true;
  }

  begin(representation: Representation): void {
    fileErrorsSync(this.#name, () => {
      this.#file.truncateSync(0);
      this.#file.seekSync(0, Deno.SeekMode.Start);
    });
    this.#position = 0;
    this.#representation = representation;
  }

  write(octets: Uint8Array): undefined {
    fileErrorsSync(this.#name, () => {
      for (let rest = octets; rest.length > 0;) {
        const written = this.#file.writeSync(rest);
        this.#position += written;
        rest = rest.subarray(written);
      }
    });
  }

  octets(): undefined {}

  async complete(modifiedAt?: number): Promise<Placed> {
    await fileErrors(this.#name, async () => {
      if (modifiedAt !== undefined) await attempt(() => this.#file.utime(modifiedAt, modifiedAt));
      await attempt(() => this.#file.sync());
    });
    this.#file.close();
    return "own";
  }

  abandon(): boolean {
    this.#file.close();
    return false;
  }
}
