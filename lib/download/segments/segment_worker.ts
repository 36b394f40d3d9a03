import { DownloadError, PieceError, TryError } from "../download_error.ts";
import { askedFrom, type Joint, otherContentError, Tail } from "../output/resume.ts";
import { FAIR_PART, pauseMs, retryAfterMs } from "../attempts.ts";
import {
  type Asker,
  askSegment,
  NoServerError,
  type Part,
  type SegmentRound,
} from "./segment_round.ts";
import { PaceMeter, SpeedWatch } from "../speed.ts";
import type { TargetUri } from "../requests/target_uri.ts";
import { tryError } from "../requests/transport.ts";

/** After so many failures with nothing gained a worker gives up while others go on. */
const MOST_FAILURES = 3;

/** A worker without a segment looks again after that, in ms. */
const IDLE_MS = 100;

/** Brings one segment after the other, over one connection at a time. */
export class SegmentWorker implements Asker {
  readonly #round: SegmentRound;
  #meter = new PaceMeter();
  #isMeasured = false;
  #received = 0;
  #part: Part | undefined;
  /** What the present answer has brought last, and how far of it was written. */
  #tail = new Tail();
  #writtenTo = 0;
  #hasLost = false;
  #isLeaving = false;
  #failures = 0;
  server: string | undefined;
  hasBegun = false;
  lastAt = 0;
  perSecond: number | undefined;
  answerMs: number | undefined;
  home: TargetUri | undefined;

  /** `perSecond` is how quickly it brings what has been asked for already, if that is known. */
  constructor(round: SegmentRound, perSecond?: number) {
    this.#round = round;
    this.perSecond = perSecond;
    round.workers.add(this);
  }

  get isVain(): boolean {
    return this.#received === 0 && this.#failures > 0;
  }

  /** Ends with the segment that it brings at present, unless no other worker is left then. */
  leave(): undefined {
    this.#isLeaving = true;
  }

  lose(): void {
    this.#hasLost = true;
    this.#part?.answer.release();
  }

  /**
   * Works until all is there or nothing helps. Never throws: errors end the round.
   *
   * @param part what has been asked for already
   */
  async work(part?: Part): Promise<void> {
    const { tasks, segments, workers } = this.#round;
    let ready = part;
    while (!tasks.isOver && workers.has(this)) {
      const before = this.#received;
      try {
        await this.#bring(ready);
        if (this.#hasLost) await this.#recover(this.#loss(), this.#received - before);
      } catch (error) {
        const isOfFile = error instanceof DownloadError && error.failure === "file";
        const cause = this.#hasLost && !isOfFile ? this.#loss() : error;
        if (!tasks.isOver) await this.#recover(cause, this.#received - before);
      } finally {
        this.#part?.answer.release();
        segments.release(this);
        this.#part = this.server = undefined;
        this.hasBegun = false;
        ready = undefined;
      }
      if (this.#isLeaving && workers.size > 1) this.#giveUp();
    }
  }

  /** One segment, and what may follow it in the same answer. */
  async #bring(ready: Part | undefined): Promise<void> {
    const { context, segments, tasks } = this.#round;
    const askedAt = this.lastAt = context.retry.monotonicMs();
    this.#hasLost = false;
    const segment = ready === undefined
      ? segments.take(this, this.perSecond, this.lastAt)
      : segments.extend(this, ready.start, ready.start + ready.bytes, true);
    if (segment === undefined) {
      ready?.answer.release();
      return await tasks.sleep(IDLE_MS);
    }
    this.#round.race?.heard();
    const part = ready ?? await askSegment(segment, this, this.#round);
    this.#part = part;
    if (part === undefined || tasks.isOver) return part?.answer.release();
    if (ready === undefined) this.answerMs = context.retry.monotonicMs() - askedAt;
    this.server = part.uri.server;
    this.home = part.uri;
    this.hasBegun = true;
    // It was asked for what is missing, and sends what is there as well.
    if (part.start < askedFrom(segment.position)) this.#round.partless.add(this.server);
    this.#meter = new PaceMeter();
    this.#tail = new Tail();
    this.#writtenTo = 0;
    this.#round.responses.push(part.answer.response.head.fields);
    const before = this.#received;
    this.#isMeasured = ready !== undefined;
    try {
      await this.#copy(part);
    } catch (error) {
      throw tryError(error, part.uri);
    }
    if (this.#isMeasured) return;
    const ms = context.retry.monotonicMs() - askedAt;
    this.perSecond = (this.#received - before) / Math.max(1, ms) * 1000;
  }

  async #copy({ uri, answer, start, bytes }: Part): Promise<void> {
    const { context: { transport, retry }, segments, tasks, servers } = this.#round;
    const { minSpeed, monotonicMs } = retry;
    const speed = minSpeed > 0
      ? new SpeedWatch(minSpeed, transport.timeoutMs, monotonicMs())
      : undefined;
    let at = start;
    let pausedMs = 0;
    for await (const piece of answer.response.content) {
      if (tasks.isOver || this.#hasLost) return;
      answer.onBytes?.(piece.length);
      const isDone = !this.#write(piece, at, start + bytes);
      at += piece.length;
      this.#note(piece.length, uri.server);
      if (isDone) servers.add(uri.server);
      if (segments.isWhole) return tasks.end();
      // Nothing but the end is missing of what was asked for: the connection can be kept.
      const endsHere = at === start + bytes && answer.response.framing.kind === "length";
      if (isDone && !endsHere) return;
      if (!isDone) speed?.add(piece.length, monotonicMs() - pausedMs, uri.server);
      pausedMs += await this.#pause(piece.length);
    }
    if (segments.segmentOf(this) !== undefined && !this.#hasLost) {
      throw new TryError("network", uri.server, "the content is not as long as was said");
    }
  }

  /** Waits until the run's limit of bytes per second allows more: for how long, in ms. */
  async #pause(bytes: number): Promise<number> {
    const { race, context: { transport: { rateLimit }, retry } } = this.#round;
    if (rateLimit === undefined) return 0;
    this.lastAt = Infinity; // It is no server that is silent.
    const pausedMs = await rateLimit.spend(bytes);
    this.lastAt = retry.monotonicMs();
    race?.heard();
    return pausedMs;
  }

  /** Writes what is still missing of a piece at a position; whether its sender has more to bring. */
  #write(piece: Uint8Array, at: number, answerEnd: number): boolean {
    const { segments, whole, partless } = this.#round;
    const end = Math.min(at + piece.length, answerEnd);
    let segment = segments.segmentOf(this);
    while (segment !== undefined) {
      const from = Math.max(at, segment.position);
      const to = Math.min(end, segment.end);
      if (from < to) {
        if (from !== this.#writtenTo) {
          this.#join(from, this.#tail.with(piece.subarray(0, from - at)));
        }
        this.#put(piece.subarray(from - at, to - at), from);
        this.#received += to - from;
        segments.advance(segment, to);
      }
      if (segment.position < segment.end) {
        this.#tail.add(piece);
        return true;
      }
      // A server that sends the whole whatever is asked for may go on with any of it.
      const mayLeap = answerEnd === whole.length && partless.has(this.server!);
      segment = segments.extend(this, segment.end, answerEnd, mayLeap);
    }
    return false;
  }

  /** What follows continues behind content of another worker, received or still to come. */
  #join(position: number, before: Uint8Array): void {
    const { context: { attempts, observer }, output, workers } = this.#round;
    const server = this.server!;
    if (output.join({ position, before, server })) return;
    const error = otherContentError(server);
    if (workers.size > 1) {
      attempts.failBeside(error);
      observer.onNotice(`${error.message}; its segment goes to another`);
    }
    throw error;
  }

  /** Writes; ends the round if what is here turns out to be of two contents. */
  #put(bytes: Uint8Array, position: number): void {
    const { tasks, onWritten } = this.#round;
    const broken = this.#writeAt(bytes, position);
    if (broken === undefined) onWritten(bytes, position);
    this.#writtenTo = position + bytes.length;
    if (broken === undefined) return;
    const error = otherContentError(broken.server ?? this.server!);
    tasks.end(error);
    throw error;
  }

  /** Writes; pieces that turn out to be bad are missing again. */
  #writeAt(bytes: Uint8Array, position: number): Joint | undefined {
    const { output, segments, onDiscarded } = this.#round;
    try {
      return output.writeAt(bytes, position);
    } catch (error) {
      if (!(error instanceof PieceError)) throw error;
      for (const [first, end] of error.ranges) {
        segments.restore(first, end);
        onDiscarded(first);
        this.#received -= end - first; // Nothing is gained by them.
      }
      throw error;
    }
  }

  #note(bytes: number, server: string): void {
    const { context: { retry, observer }, output, whole, workers, race, onBytes } = this.#round;
    race?.heard();
    this.lastAt = retry.monotonicMs();
    if (bytes > 0) {
      const measured = this.#meter.measure(this.#received, this.lastAt);
      this.perSecond = measured ?? this.perSecond;
      this.#isMeasured ||= measured !== undefined;
    }
    onBytes(this, bytes);
    const sending = new Set([...workers].flatMap((it) => it.hasBegun ? [it.server] : []));
    const sender = sending.size > 1 ? `${sending.size} servers` : server;
    observer.onProgress(output.received, whole.length, sender);
  }

  /** After a failure: waits, or gives up; the last worker left ends the round. */
  async #recover(error: unknown, gained: number): Promise<void> {
    const { context, tasks, workers, segments, whole, partless, control } = this.#round;
    const { sources, attempts, retry, observer } = context;
    if (tasks.isOver || (this.#hasLost && workers.size === 1)) return;
    if (error instanceof NoServerError) return workers.size > 1 ? this.#giveUp() : undefined;
    if (!(error instanceof TryError) || workers.size === 1) return tasks.end(error);
    const { cause } = error;
    // All sources had their turn: more tries are the download's to decide.
    if (cause instanceof PieceError && cause.times > sources.all.length) return tasks.end(error);
    segments.release(this);
    const { server, details } = error;
    if (details.isOfRange) {
      if (!partless.has(server)) attempts.denyRange(server);
      // It may well serve the whole: no message, and no reason to avoid it.
      if (!sources.hasOther(server) || ++this.#failures >= MOST_FAILURES) return this.#giveUp();
      return await tasks.sleep(IDLE_MS);
    }
    const restMs = retryAfterMs(details.fields, Date.now() / 1000) ?? 0;
    attempts.failBeside(error, retry.monotonicMs() + restMs);
    observer.onNotice(`${error.message}; its segment goes to another`);
    this.#failures = gained >= whole.length * FAIR_PART ? 0 : this.#failures + 1;
    if (this.#failures >= MOST_FAILURES) return this.#giveUp();
    if (control !== undefined && this.isVain) return; // It asks another one, if there is one.
    await tasks.sleep(pauseMs(error, Math.max(1, this.#failures), retry.random()));
  }

  #loss(): TryError {
    return new TryError("network", this.server ?? "", "another took over what it was too slow for");
  }

  #giveUp(): void {
    this.#round.workers.delete(this);
    this.#round.onGivenUp(this);
  }
}
