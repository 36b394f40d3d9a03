import { monotonicMs } from "../net/deadlines.ts";
import type { Fields } from "../http/fields.ts";
import type { Answer } from "./ask.ts";
import { DownloadError, TryError } from "./download_error.ts";
import {
  askedFrom,
  isSameTail,
  otherContentError,
  type Representation,
  type ResumeDecision,
  resumeDecisionOf,
  type ResumePoint,
  Tail,
} from "./resume.ts";
import type { Output } from "./output.ts";
import { Relief, ReliefRace, type Relieve, relievedError, type SilenceLimits } from "./relief.ts";
import type { Joined, Segmented } from "./segmented.ts";
import { SpeedWatch } from "./speed.ts";
import type { TargetUri } from "./target_uri.ts";
import type { Verification } from "./verification.ts";

/** How content is received, and who is told of it. */
export interface ReceiverOptions {
  /** A server that sends fewer octets per second over `timeoutMs` has failed; 0 for any speed. */
  readonly minSpeed: number;
  /** Over how long the speed is taken, in ms. */
  readonly timeoutMs: number;
  /** After how long of silence another server is asked for. */
  readonly silence: SilenceLimits;
  /** What checks the content; undefined when only a server's own digest would be a reason to. */
  readonly verification: Verification | undefined;
  /** Ms on any clock that never goes back. */
  readonly now: () => number;
  /** Told how much of the content has arrived, and of how much, in octets, and from whom. */
  readonly onProgress: (received: number, length: number | undefined, server: string) => void;
  /** Told what a person may want to know. */
  readonly onNotice: (text: string) => void;
}

/** Which octets of a response are written. */
interface Extent {
  /** So many at its start are there already. */
  readonly known: number;
  /** All of it; undefined when the server does not say. */
  readonly octets: number | undefined;
}

/** An answer, and what asks for another beside it when it falls silent. */
interface Watched extends Answer {
  readonly race: ReliefRace | undefined;
}

/** What helps where one connection to one server is not enough. */
export interface Help {
  /** Finds another server when one falls silent; undefined where that is vain. */
  readonly relieve?:
    | ((silent: string, ...how: Parameters<Relieve>) => ReturnType<Relieve>)
    | undefined;
  /** Brings what is worth more than one connection. */
  readonly segmented?: Segmented | undefined;
}

/** Takes content from answers into an output, over several tries, and checks it. */
export class Receiver {
  readonly #output: Output;
  readonly #options: ReceiverOptions;
  #verification: Verification | undefined;
  /** Of how many responses octets are in the output, an earlier run counted as one. */
  #sources = 0;
  #mayMix = true;
  #begunAt: number | undefined;

  /** Of one download. */
  constructor(output: Output, options: ReceiverOptions) {
    this.#output = output;
    this.#options = options;
    this.#verification = options.verification;
    if (output.received > 0) this.#sources = 1;
  }

  /** Whether octets of several responses may make up the content. */
  get mayMix(): boolean {
    return this.#mayMix;
  }

  /** When the content began, on the clock of deadlines; undefined for a part of an earlier run. */
  get begunAt(): number | undefined {
    return this.#begunAt;
  }

  /** The SHA-256 of the whole content in hexadecimal digits, if it was computed. */
  get sha256(): string | undefined {
    return this.#verification?.sha256;
  }

  /**
   * Receives the content of a 200, or of a 206, up to the end of the whole.
   *
   * @param kept what was asked to be gone on with; undefined when the whole was asked for
   * @returns the servers that brought it to its end
   * @throws {RelievedError} when this one has fallen silent and another sends what follows
   * @throws {TryError} when the content does not come as it should, or is not what was promised
   */
  async receive(
    uri: TargetUri,
    answer: Answer,
    kept: ResumePoint | undefined,
    { relieve, segmented }: Help = {},
  ): Promise<readonly string[]> {
    const { head, framing } = answer.response;
    const { server } = uri;
    const decision = resumeDecisionOf(head, framing, kept);
    if (decision.kind === "faulty") {
      throw new TryError("network", server, decision.reason, { isOfRange: true });
    }
    if (decision.kind === "whole") this.#begin(server, decision.representation);
    else this.#noteKept(server, kept!, decision.kind === "again");
    const whole = decision.kind === "whole" ? decision.representation : kept!;
    const { silence } = this.#options;
    const find: Relieve = (...how) => relieve!(segmented?.asked ?? server, ...how);
    const race = relieve && new ReliefRace(silence.contentMs, silence, find, this.#begunAt);
    let servers: readonly string[] = [server];
    try {
      if (this.#mayMix && segmented?.suits(head, whole)) {
        const { entityTag, length } = whole;
        const end = decision.kind === "rest" ? kept!.position + decision.octets : length!;
        const start = decision.kind === "rest" ? askedFrom(kept!.position) : 0;
        const octets = end - start;
        const part = { uri, answer, start, octets };
        const all = { entityTag: entityTag!, length: length! };
        servers = await this.#join(await segmented.receive(all, part, race));
      } else {
        await this.#copyDecided(server, { ...answer, race }, decision, kept);
      }
    } finally {
      race?.close();
    }
    this.#verify(server);
    return servers;
  }

  #noteKept(server: string, { length }: ResumePoint, isAgain: boolean): void {
    this.#options.onNotice(
      isAgain
        ? `${server} sends all of it again, though a part is here`
        : `going on behind ${this.#output.received} of ${length} bytes`,
    );
  }

  async #copyDecided(
    server: string,
    answer: Watched,
    decision: Exclude<ResumeDecision, { kind: "faulty" }>,
    kept: ResumePoint | undefined,
  ): Promise<void> {
    switch (decision.kind) {
      case "whole":
        await this.#copy(server, answer, { known: 0, octets: decision.representation.length });
        break;
      case "again":
        await this.#copy(server, answer, { known: kept!.position, octets: kept!.length });
        break;
      case "rest": {
        const known = kept!.position - askedFrom(kept!.position);
        await this.#copy(server, answer, { known, octets: known + decision.octets });
        if (this.#output.position < kept!.length) {
          throw new TryError("network", server, "it sent no more than a part of the rest");
        }
      }
    }
  }

  /** Hashes what came in segments, now that it is in its order. */
  async #join({ responses, servers }: Joined): Promise<readonly string[]> {
    const output = this.#output;
    const [promising] = responses.filter((fields) => fields.has("repr-digest"));
    const verification = await this.#verificationFor(promising);
    await verification?.join(responses, output.position, () => output.octets()!);
    this.#sources += responses.length;
    return servers;
  }

  #begin(server: string, representation: Representation): void {
    const { onNotice } = this.#options;
    if (this.#output.received > 0) {
      onNotice(`starting over: nothing proves that ${server} has the same content`);
    }
    if (representation.length === undefined) {
      onNotice(`${server} does not say how long the content is`);
    }
    this.#output.begin(representation);
    this.#begunAt = monotonicMs();
    this.#verification?.restart();
    this.#sources = 0;
  }

  async #copy(server: string, answer: Watched, { known, octets }: Extent): Promise<void> {
    const { minSpeed, timeoutMs, onProgress } = this.#options;
    const { head, content } = answer.response;
    const output = this.#output;
    const verification = await this.#verificationFor(head.fields);
    await verification?.begin(head.fields, output.position, () => output.octets());
    this.#sources++;
    const length = octets === undefined ? undefined : output.position + octets - known;
    const speed = minSpeed > 0
      ? new SpeedWatch(minSpeed, timeoutMs, this.#options.now())
      : undefined;
    const tail = new Tail();
    let received = 0;
    for (;;) {
      const piece = await nextPiece(server, content, answer.race);
      if (piece === undefined) break;
      const old = Math.min(piece.length, Math.max(0, known - received));
      received += piece.length;
      if (octets !== undefined && received > octets) break;
      if (old > 0) {
        tail.add(piece.subarray(0, old));
        const isJoint = received >= known;
        if (isJoint && !isSameTail(tail.octets, output.tail())) throw otherContentError(server);
      }
      const fresh = old === 0 ? piece : piece.subarray(old);
      const writing = output.write(fresh);
      if (writing !== undefined) await writing;
      if (old > 0) verification?.update(piece.subarray(0, old), false);
      verification?.update(fresh);
      onProgress(output.position, length, server);
      if (received !== octets && speed?.isTooSlow(piece.length, this.#options.now())) {
        throw new TryError("network", server, `it sent less than ${minSpeed} bytes a second`, {
          isTooSlow: true,
        });
      }
    }
    if (octets !== undefined && received !== octets) {
      throw new TryError("network", server, "the content is not as long as was said");
    }
  }

  /** What checks the content, if anybody promised something about it. */
  async #verificationFor(fields: Fields | undefined): Promise<Verification | undefined> {
    if (fields?.has("repr-digest") || fields?.has("content-digest")) {
      const { Verification } = await import("./verification.ts");
      this.#verification ??= new Verification(undefined, false);
    }
    return this.#verification;
  }

  /** Lets go of content that is not what was promised. */
  #verify(server: string): void {
    const fault = this.#verification?.messageFault() ?? this.#verification?.wholeFault();
    if (fault === undefined) return;
    const output = this.#output;
    if (!output.canBegin) throw new DownloadError("checksum", `${server}: ${fault}`);
    // Octets of other responses are in it, too: whose fault it is cannot be told.
    const isMixed = this.#sources > 1;
    if (isMixed) this.#mayMix = false;
    output.begin({ entityTag: undefined, length: undefined });
    throw new TryError("checksum", server, fault, { isFinal: isMixed ? false : undefined });
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
  throw await relievedError(server, next);
}
