import { DownloadError } from "./download_error.ts";
import { fileErrors } from "./file_error.ts";
import { type Leftover, NOTHING } from "./leftover.ts";
import type { Output, Placed } from "./output.ts";
import type { Representation } from "./representation.ts";
import { SequentialOutput } from "./sequential_output.ts";

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
