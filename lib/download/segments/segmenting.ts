import type { Fields } from "../../http/fields.ts";
import type { ResponseHead } from "../../http/response.ts";
import type { DownloadContext } from "../context.ts";
import type { Output } from "../output/output.ts";
import { PartFile } from "../output/part_file.ts";
import type { Whole } from "../output/resume.ts";
import type { SegmentControl } from "./segment_control.ts";
import type { Part } from "./segment_round.ts";
import type { Joined, Segmented, SegmentedOptions } from "./segmented.ts";
import type { TargetUri } from "../requests/target_uri.ts";

/** Once a server has fallen silent, no slow or silent one is to decide alone how long the rest takes. */
const RELIEF_SEGMENTS = 4;

/** Less comes over one connection, however many are asked for. */
const SEVERAL_BYTES = 128 * 1024;

/** With `--segments=auto`, less comes over one connection. */
const AUTO_BYTES = 2 * 1024 * 1024;

/** With `--segments=auto`, no more connections at once. */
const AUTO_MOST = 8;

/** How content is received over several connections; undefined control at the start. */
type ReceiveOptions = Omit<SegmentedOptions, "count" | "unfit">;

/**
 * Decides over how many connections the content of one download comes. What several take is loaded
 * when it is needed.
 */
export class Segmenting {
  readonly #context: DownloadContext;
  readonly #output: Output;
  /** Answers that may name where else the content is, before there is anything to see them. */
  readonly #linking: [ResponseHead, TargetUri][] = [];
  #segmented: Segmented | undefined;
  /** Whether a server has fallen silent, and another has gone on in its place. */
  hasTurned = false;
  /** Servers that have other content. */
  unfit: readonly string[] = [];

  constructor(context: DownloadContext, output: Output) {
    this.#context = context;
    this.#output = output;
  }

  /** An answer has come that may tell where else the content is. */
  see(head: ResponseHead, uri: TargetUri): void {
    if (head.fields.has("link")) this.#linking.push([head, uri]);
  }

  /** A server that is asked at present; undefined for none, or while all comes over one connection. */
  get asked(): string | undefined {
    return this.#segmented?.asked;
  }

  /** Whether several connections are to bring what follows from its start. */
  suits({ fields }: ResponseHead, whole: Whole | undefined): boolean {
    const output = this.#output;
    if (!(output instanceof PartFile) || whole === undefined) return false;
    if (output.hasHoles) return true;
    const isLong = whole.length - output.received >= SEVERAL_BYTES;
    return isLong && hasRanges(fields) && this.#count > 1;
  }

  /**
   * What tells when another connection is to join the first one.
   *
   * @param server sends on the first
   * @returns undefined where none may, or none is worth it
   */
  async controlFor(
    { fields }: ResponseHead,
    whole: Whole | undefined,
    server: string,
  ): Promise<SegmentControl | undefined> {
    const { sources, transport } = this.#context;
    if (transport.segments !== "auto" || !(this.#output instanceof PartFile)) return undefined;
    if (whole === undefined || !hasRanges(fields)) return undefined;
    const isLong = whole.length - this.#output.received >= AUTO_BYTES;
    const mayBeElsewhere = sources.hasOther(server) || this.#linking.length > 0;
    return isLong && mayBeElsewhere ? await this.#control() : undefined;
  }

  /** Receives all that is missing, as `Segmented.receive` does. */
  async receive(whole: Whole, part: Part, options: ReceiveOptions): Promise<Joined> {
    const { Segmented } = await import("./segmented.ts");
    const { race, onWritten, onDiscarded } = options;
    const segmented = this.#segmented ??= new Segmented(this.#context, this.#output as PartFile);
    for (const [head, uri] of this.#linking.splice(0)) segmented.see(head, uri);
    const isAuto = this.#context.transport.segments === "auto";
    const control = options.control ?? (isAuto ? await this.#control() : undefined);
    return await segmented.receive(whole, part, {
      // One has been asked for by what has watched the first.
      count: options.control === undefined ? this.#count : 2,
      unfit: this.unfit,
      race,
      control,
      onWritten,
      onDiscarded,
    });
  }

  async #control(): Promise<SegmentControl> {
    const { SegmentControl } = await import("./segment_control.ts");
    return new SegmentControl(AUTO_MOST, this.#context.transport.rateLimit?.perSecond);
  }

  /** Connections at once from the start. */
  get #count(): number {
    const { segments } = this.#context.transport;
    return Math.max(segments === "auto" ? 1 : segments, this.hasTurned ? RELIEF_SEGMENTS : 1);
  }
}

function hasRanges(fields: Fields): boolean {
  return fields.get("accept-ranges")?.toLowerCase() !== "none";
}
