import { Tail } from "./joint.ts";
import type { Leftover } from "./leftover.ts";
import type { Output, Placed } from "./output.ts";
import { type Kept, keptOf, type Representation } from "./representation.ts";

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

  get kept(): Kept | undefined {
    return keptOf(this.#representation, this.#position);
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
