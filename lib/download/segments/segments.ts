import { type Piece, Pieces } from "../output/part_record.ts";

/** Brings segments, one after the other. */
export interface Holder {
  /** The server that is asked or sends at present. */
  readonly server: string | undefined;
  readonly hasBegun: boolean;
  /** When something arrived last, or was asked for, in ms. */
  readonly lastAt: number;
  /** Bytes a second at present; undefined when it cannot be told yet. */
  readonly perSecond: number | undefined;
  /** From its last question to the answer, in ms; undefined before the first. */
  readonly answerMs: number | undefined;
  lose(): void;
}

/** A part of a content that is still missing. */
export interface Segment {
  position: number;
  end: number;
  holder: Holder | undefined;
}

/** Less is not worth another question to a server, in bytes. */
export const LEAST_SEGMENT = 64 * 1024;

/** A segment that will be there so soon is not split: sooner, if answers come quickly. */
const SOON_MS = 500;
const LEAST_SOON_MS = 50;

/** A holder that is silent for that long, or needs that long for the little that is left, loses it. */
const LONG_MS = 2000;

/** A holder of unknown speed gets no more than the one it takes from would bring in that time. */
const TRIAL_MS = 500;

/** A holder that takes the little that is left from another has to be that many times as fast. */
const MUCH_FASTER = 2;

/** Which holder brings which part of a content. Pure: the time is an argument. */
export class Segments {
  /** In ascending order; none is empty. */
  #list: Segment[];

  /** The holes of a content, cut so that each of `count` holders finds something to do. */
  constructor(holes: readonly Piece[], count: number) {
    const bytes = holes.reduce((sum, [first, end]) => sum + end - first, 0);
    const size = Math.max(LEAST_SEGMENT, Math.ceil(bytes / count));
    this.#list = holes.flatMap(([first, end]) => cut(first, end, size));
  }

  get isWhole(): boolean {
    return this.#list.length === 0;
  }

  segmentOf(holder: Holder): Segment | undefined {
    return this.#list.find((it) => it.holder === holder);
  }

  /** Bytes of a segment are there, up to a position. */
  advance(segment: Segment, position: number): void {
    segment.position = position;
    if (position >= segment.end) this.#list = this.#list.filter((it) => it !== segment);
  }

  release(holder: Holder): void {
    const segment = this.segmentOf(holder);
    if (segment !== undefined) segment.holder = undefined;
  }

  /** Bytes from a position up to another are missing again. */
  restore(first: number, end: number): void {
    const missing = new Pieces(this.#list.map((it) => [it.position, it.end] as const));
    const again = missing.holes(end).flatMap(([a, b]) =>
      cut(Math.max(a, first), Math.min(b, end), Infinity)
    );
    this.#list = [...this.#list, ...again].sort((a, b) => a.position - b.position);
  }

  /**
   * A segment for a holder without one: one that no holder has, else a part of the one that takes
   * longest, or all of it from a holder that has fallen silent.
   *
   * @param perSecond how quickly it has brought others; undefined when it has brought none
   */
  take(holder: Holder, perSecond: number | undefined, monotonicMs: number): Segment | undefined {
    const free = this.#list.find((it) => it.holder === undefined);
    if (free !== undefined) {
      free.holder = holder;
      return free;
    }
    const [slowest] = this.#list.toSorted((a, b) =>
      msLeft(b, monotonicMs) - msLeft(a, monotonicMs)
    );
    if (slowest === undefined) return undefined;
    const ms = msLeft(slowest, monotonicMs);
    if (ms === Infinity) return this.#move(slowest, holder);
    const bytes = slowest.end - slowest.position;
    const pace = slowest.holder!.perSecond ?? 0;
    if (bytes >= 2 * LEAST_SEGMENT) {
      const soonMs = Math.min(SOON_MS, Math.max(LEAST_SOON_MS, 2 * (holder.answerMs ?? SOON_MS)));
      return ms > soonMs ? this.#split(slowest, holder, pace, perSecond) : undefined;
    }
    const isMuchFaster = perSecond !== undefined && perSecond >= pace * MUCH_FASTER;
    return ms > LONG_MS && isMuchFaster ? this.#move(slowest, holder) : undefined;
  }

  /**
   * What a holder may go on with that has brought its segment to the end, without another question.
   *
   * @param from where it is in the content
   * @param end as far as its answer goes
   * @param mayLeap whether it may pass over what is there or comes from others
   */
  extend(holder: Holder, from: number, end: number, mayLeap: boolean): Segment | undefined {
    const next = this.#list.find((it) =>
      it.holder?.hasBegun !== true && it.end <= end &&
      (mayLeap ? it.position >= from : it.position === from)
    );
    if (next === undefined) return undefined;
    next.holder = holder;
    return next;
  }

  /**
   * The latter part of a segment, so that both will have done at the same time. If our speed is not
   * known, it is a short one: its end tells the speed, and what is given back costs little.
   */
  #split(from: Segment, holder: Holder, its: number, ours: number | undefined): Segment {
    const bytes = from.end - from.position;
    const size = ours === undefined
      ? Math.round(Math.min(bytes / 2, its * TRIAL_MS / 1000))
      : Math.round(bytes * ours / (its + ours));
    const ourSize = Math.min(bytes - LEAST_SEGMENT, Math.max(LEAST_SEGMENT, size));
    const segment: Segment = { position: from.end - ourSize, end: from.end, holder };
    from.end = segment.position;
    this.#list.splice(this.#list.indexOf(from) + 1, 0, segment);
    return segment;
  }

  #move(segment: Segment, holder: Holder): Segment {
    const loser = segment.holder;
    segment.holder = holder;
    loser?.lose();
    return segment;
  }
}

function cut(first: number, end: number, size: number): Segment[] {
  if (first >= end) return [];
  const count = Math.max(1, Math.floor((end - first) / size));
  const at = (index: number) => first + Math.round((end - first) * index / count);
  return Array.from(
    { length: count },
    (_, i) => ({ position: at(i), end: at(i + 1), holder: undefined }),
  );
}

/** How long a segment with a holder will take; 0 where it cannot be told yet. */
function msLeft({ position, end, holder }: Segment, monotonicMs: number): number {
  if (holder === undefined) return 0;
  if (monotonicMs - holder.lastAt >= LONG_MS) return Infinity;
  const { perSecond } = holder;
  if (perSecond === undefined) return 0;
  return perSecond === 0 ? Infinity : (end - position) / perSecond * 1000;
}
