import { monotonicMs } from "../net/deadlines.ts";
import type { Fields } from "../http/fields.ts";
import type { DownloadContext } from "./context.ts";
import { DownloadError, TryError } from "./download_error.ts";
import {
  type Extent,
  isSameTail,
  otherContentError,
  type Representation,
  type ResumeDecision,
  resumeDecisionOf,
  type ResumePoint,
  Tail,
  type Whole,
  wholeOf,
} from "./output/resume.ts";
import type { Output } from "./output/output.ts";
import { Relief, ReliefRace, type Relieve, relievedError } from "./relief.ts";
import type { SegmentControl } from "./segments/segment_control.ts";
import type { Part } from "./segments/segment_round.ts";
import type { Segmenting } from "./segments/segmenting.ts";
import type { TargetUri } from "./requests/target_uri.ts";
import type { Answer } from "./requests/transport.ts";
import type { Verification } from "./verification.ts";

/** Finds another server when one falls silent. */
export type RelieveFrom = (
  silent: string,
  ...how: Parameters<Relieve>
) => ReturnType<Relieve>;

/** Takes content from answers into an output, over several tries, and checks it. */
export class Receiver {
  readonly #context: DownloadContext;
  readonly #output: Output;
  #verification: Verification | undefined;
  /** Of how many responses bytes are in the output, an earlier run counted as one. */
  #sources = 0;
  #mayMix = true;
  #begunAt: number | undefined;

  /** `verification` is undefined when only a server's own digest is a reason to check the content. */
  constructor(
    context: DownloadContext,
    output: Output,
    verification: Verification | undefined,
  ) {
    this.#context = context;
    this.#output = output;
    this.#verification = verification;
    if (output.received > 0) this.#sources = 1;
  }

  /** Where to go on; undefined when the content has to be asked for as a whole. */
  get resumePoint(): ResumePoint | undefined {
    return this.#mayMix ? this.#output.resumePoint : undefined;
  }

  /**
   * When the content began, on the clock of deadlines; undefined when it is not to be started over:
   * for a part of an earlier run, or where what is written cannot be taken back.
   */
  get restartableSince(): number | undefined {
    return this.#output.canBegin ? this.#begunAt : undefined;
  }

  /** The SHA-256 of the whole content in hexadecimal digits, if it was computed. */
  get sha256(): string | undefined {
    return this.#verification?.sha256;
  }

  /**
   * Receives the content of a 200, or of a 206, up to the end of the whole.
   *
   * @param point from where the rest was asked for; undefined when the whole was
   * @param relieve undefined where it is vain to ask for another server
   * @param segmenting decides over how many connections it comes
   * @returns the servers that brought it to its end
   * @throws {RelievedError} when this one has fallen silent and another sends what follows
   * @throws {TryError} when the content does not come as it should, or is not what was promised
   */
  async receive(
    uri: TargetUri,
    answer: Answer,
    point: ResumePoint | undefined,
    relieve: RelieveFrom | undefined,
    segmenting: Segmenting,
  ): Promise<readonly string[]> {
    const { head, framing } = answer.response;
    const { server } = uri;
    const decision = this.#expect(server, resumeDecisionOf(head, framing, point));
    if (decision.kind === "faulty") {
      throw new TryError("network", server, decision.reason, { isOfRange: true });
    }
    if (decision.kind === "whole") this.#begin(server, decision.representation);
    else this.#noteResumed(server, point!, decision.kind === "again");
    const whole = decision.kind === "whole" ? wholeOf(decision.representation) : point!;
    const { silence } = this.#context.retry;
    const find: Relieve = (...how) => relieve!(segmenting.asked ?? server, ...how);
    const race = relieve && new ReliefRace(silence.contentMs, silence, find, this.#begunAt);
    const { start, bytes } = decision;
    const inParts = this.#mayMix && segmenting.suits(head, whole);
    const control = this.#mayMix && !inParts
      ? await segmenting.controlFor(head, whole, server)
      : undefined;
    let servers: readonly string[] = [server];
    try {
      const from = inParts ? start : await this.#copy(server, answer, race, decision, control);
      if (from !== undefined) {
        const part = { uri, answer, start: from, bytes: start + bytes! - from };
        servers = await this.#receiveParts(whole!, part, segmenting, race, control);
      } else if (decision.kind === "rest" && this.#output.position < whole!.length) {
        throw new TryError("network", server, "it sent no more than a part of the rest");
      }
    } finally {
      race?.close();
    }
    this.#verify(server);
    return servers;
  }

  /**
   * What an answer brings, if that can be what is expected.
   *
   * @throws {TryError} `checksum`, if its size is another
   */
  #expect(server: string, decision: ResumeDecision): ResumeDecision {
    const { bytes, identity } = this.#context.expected ?? {};
    if (decision.kind !== "whole") return decision;
    const { entityTag, length = bytes } = decision.representation;
    if (bytes !== undefined && length !== bytes) {
      const reason = `its content has ${length} bytes, but ${bytes} were expected`;
      throw new TryError("checksum", server, reason);
    }
    const tag = identity === undefined ? entityTag : undefined;
    return { ...decision, bytes: length, representation: { entityTag: tag, length, identity } };
  }

  #noteResumed(server: string, { length }: ResumePoint, isAgain: boolean): void {
    this.#context.observer.onNotice(
      isAgain
        ? `${server} sends all of it again, though a part is here`
        : `going on behind ${this.#output.received} of ${length} bytes`,
    );
  }

  /** Receives what is missing in segments, and hashes it. */
  async #receiveParts(
    whole: Whole,
    part: Part,
    segmenting: Segmenting,
    race: ReliefRace | undefined,
    control: SegmentControl | undefined,
  ): Promise<readonly string[]> {
    const output = this.#output;
    const { entityTag, length } = whole;
    const { fields } = part.answer.response.head;
    (await this.#verificationFor(fields))?.beginParts(fields, output.position);
    const { responses, servers } = await segmenting.receive({ entityTag, length }, part, {
      race,
      control,
      onWritten: (bytes, position) => this.#verification?.offer(bytes, position),
      onDiscarded: (position) => this.#verification?.forget(position),
    });
    const [promising] = responses.filter((fields) => fields.has("repr-digest"));
    const verification = await this.#verificationFor(promising);
    await verification?.join(responses, output.position, (from) => output.content(from)!);
    this.#sources += responses.length;
    return [...servers];
  }

  #begin(server: string, representation: Representation): void {
    const { onNotice } = this.#context.observer;
    if (this.#output.received > 0) {
      onNotice(`starting over: nothing proves that ${server} has the same content`);
    }
    if (representation.length === undefined && !this.#output.isOfAnyLength) {
      onNotice(`${server} does not say how long the content is`);
    }
    this.#output.begin(representation);
    this.#begunAt = monotonicMs();
    this.#verification?.restart();
    this.#sources = 0;
  }

  /**
   * Copies the content of one response.
   *
   * @returns where it has got when another connection is to join it; undefined at its end
   */
  async #copy(
    server: string,
    { response: { head, content }, onBytes }: Answer,
    race: ReliefRace | undefined,
    { start, known, bytes }: Extent,
    control: SegmentControl | undefined,
  ): Promise<number | undefined> {
    const { transport, retry: { minSpeed, monotonicMs }, observer } = this.#context;
    const { rateLimit } = transport;
    const output = this.#output;
    const verification = await this.#verificationFor(head.fields);
    await verification?.begin(head.fields, output.position, (from) => output.content(from));
    this.#sources++;
    const length = bytes === undefined ? undefined : output.position + bytes - known;
    const speed = minSpeed > 0
      ? new (await import("./speed.ts")).SpeedWatch(minSpeed, transport.timeoutMs, monotonicMs())
      : undefined;
    const overlap = new Overlap(server, output, known);
    const mustCompare = this.#context.expected?.pieces === undefined;
    let received = 0;
    let pausedMs = 0; // Ours: no server is slow for it.
    for (;;) {
      const piece = await nextPiece(server, content, race);
      if (piece === undefined) break;
      onBytes?.(piece.length);
      received += piece.length;
      if (bytes !== undefined && received > bytes) break;
      const old = overlap.take(piece, mustCompare);
      const fresh = old === 0 ? piece : piece.subarray(old);
      const writing = output.write(fresh);
      if (writing !== undefined) await writing;
      if (old > 0) verification?.update(piece.subarray(0, old), false);
      verification?.update(fresh);
      observer.onProgress(output.position, length, server);
      if (received !== bytes) speed?.add(piece.length, monotonicMs() - pausedMs, server);
      if (rateLimit !== undefined) pausedMs += await rateLimit.spend(piece.length);
      if (control === undefined || received < known) continue;
      const now = monotonicMs();
      control.note(piece.length, false, now);
      if (control.advise(bytes! - received, 1, now) === "join") return start + received;
    }
    if (bytes !== undefined && received !== bytes) {
      throw new TryError("network", server, "the content is not as long as was said");
    }
    return undefined;
  }

  /** What checks the content, if there is something to check it against. */
  async #verificationFor(fields: Fields | undefined): Promise<Verification | undefined> {
    if (fields?.has("repr-digest") || fields?.has("content-digest")) {
      const { Verification } = await import("./verification.ts");
      this.#verification ??= new Verification([], false);
    }
    return this.#verification;
  }

  /** Lets go of content that is not what was promised. */
  #verify(server: string): void {
    const fault = this.#verification?.messageFault() ?? this.#verification?.wholeFault();
    if (fault === undefined) return;
    const output = this.#output;
    if (!output.canBegin) throw new DownloadError("checksum", `${server}: ${fault}`);
    // Bytes of other responses are in it, too: which server is at fault cannot be told.
    const isMixed = this.#sources > 1;
    if (isMixed) this.#mayMix = false;
    output.begin({ entityTag: undefined, length: undefined });
    throw new TryError("checksum", server, fault, { isFinal: isMixed ? false : undefined });
  }
}

/** The bytes with which an answer repeats the end of what is here, to show that it goes on there. */
class Overlap {
  readonly #server: string;
  readonly #output: Output;
  readonly #tail = new Tail();
  /** How many are still to come. */
  #rest: number;

  constructor(server: string, output: Output, known: number) {
    this.#server = server;
    this.#output = output;
    this.#rest = known;
  }

  /**
   * Takes the first bytes of a piece, as far as they are known.
   *
   * @returns how many
   * @throws {TryError} once all have come, if they are others and must be the same
   */
  take(piece: Uint8Array, mustCompare: boolean): number {
    const old = Math.min(piece.length, this.#rest);
    if (old === 0) return 0;
    this.#tail.add(piece.subarray(0, old));
    this.#rest -= old;
    const isJoint = this.#rest === 0 && mustCompare;
    if (isJoint && !isSameTail(this.#tail.bytes, this.#output.tail())) {
      throw otherContentError(this.#server);
    }
    return old;
  }
}

/** The next piece of an answer's content; undefined at its end. */
async function nextPiece(
  server: string,
  content: AsyncGenerator<Uint8Array, void>,
  race: ReliefRace | undefined,
): Promise<Uint8Array | undefined> {
  const next = await (race === undefined ? content.next() : race.wait(content.next()));
  if (!(next instanceof Relief)) return next.value ?? undefined;
  throw relievedError(server, next);
}
