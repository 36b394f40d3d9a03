import { DownloadError } from "./download_error.ts";
import { fileErrors } from "./file_error.ts";
import type { Output, Placed } from "./output.ts";
import { type Kept, keptOf, type Representation } from "./representation.ts";

/** Standard output, a device or a pipe: what is written there cannot be taken back. */
export class StreamOutput implements Output {
  readonly #name: string;
  readonly #stream: { write(octets: Uint8Array): Promise<number>; close(): void };
  #representation: Representation | undefined;
  #position = 0;

  /** Takes over an open stream; the name is for messages. */
  constructor(name: string, stream: { write(octets: Uint8Array): Promise<number>; close(): void }) {
    this.#name = name;
    this.#stream = stream;
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
    return this.#position === 0;
  }

  begin(representation: Representation): void {
    if (!this.canBegin) {
      throw new DownloadError(
        "network",
        `the content has changed, but ${this.#name} has had ${this.#position} bytes of it`,
      );
    }
    this.#representation = representation;
  }

  async write(octets: Uint8Array): Promise<void> {
    await fileErrors(this.#name, async () => {
      for (let rest = octets; rest.length > 0;) {
        const written = await this.#stream.write(rest);
        this.#position += written;
        rest = rest.subarray(written);
      }
    });
  }

  octets(): undefined {}

  complete(): Promise<Placed> {
    this.abandon();
    return Promise.resolve("own");
  }

  abandon(): boolean {
    if (this.#stream !== Deno.stdout) this.#stream.close();
    return false;
  }
}
