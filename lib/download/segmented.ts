import type { Fields } from "../http/fields.ts";
import type { ResponseHead } from "../http/response.ts";
import type { Connections } from "./connections.ts";
import type { AttemptLog } from "./attempt_log.ts";
import type { PartFile } from "./part_file.ts";
import { LEAST_SEGMENT, Pieces, Segments } from "./segments.ts";
import type { Part } from "./ask_segment.ts";
import { Relief, type ReliefRace, relievedError } from "./relief.ts";
import {
  type SegmentedOptions,
  type Shared,
  TaskGroup,
  type Whole,
  type Worker,
} from "./segment_round.ts";
import { SegmentWorker } from "./segment_worker.ts";
import type { Representation } from "./resume.ts";
import { parseLocation, type TargetUri } from "./target_uri.ts";
import { DownloadError } from "./download_error.ts";

/** Where content that came in segments came from. */
export interface Joined {
  /** The fields of the answers that parts of it came with. */
  readonly responses: readonly Fields[];
  /** The servers that brought a segment to its end. */
  readonly servers: readonly string[];
}

/** Brings the content of one file in segments, over several connections at once. */
export class Segmented {
  readonly #typed: TargetUri;
  readonly #output: PartFile;
  readonly #attempts: AttemptLog;
  readonly #options: SegmentedOptions;
  readonly #duplicates = new Map<string, TargetUri>();
  /** So many connections at once, at the most. */
  most = 1;
  /** Servers that are known to have other content. */
  unfit: readonly string[] = [];
  #workers: ReadonlySet<Worker> = new Set();

  /** Of one download. */
  constructor(typed: TargetUri, output: PartFile, attempts: AttemptLog, options: SegmentedOptions) {
    this.#typed = typed;
    this.#output = output;
    this.#attempts = attempts;
    this.#options = options;
  }

  /** An answer has come that may tell where else the content is. */
  see({ fields }: ResponseHead, uri: TargetUri): void {
    for (const duplicate of duplicatesOf(fields, uri)) {
      if (uri.isSecure && !duplicate.isSecure && !this.#options.allowDowngrade) continue;
      this.#duplicates.set(duplicate.href, duplicate);
    }
  }

  /** A server that is asked at present; undefined for none. */
  get asked(): string | undefined {
    return [...this.#workers].find(({ server }) => server !== undefined)?.server;
  }

  /** Whether what comes is worth more than one connection, and can be told from anything else. */
  suits({ fields }: ResponseHead, { entityTag, length }: Representation): boolean {
    if (entityTag === undefined) return false;
    if (this.#output.hasHoles) return true;
    const isLong = length !== undefined && length - this.#output.received >= 2 * LEAST_SEGMENT;
    const hasRanges = fields.get("accept-ranges")?.toLowerCase() !== "none";
    return isLong && hasRanges && this.most > 1;
  }

  /**
   * Brings all that is missing.
   *
   * @param part what has been asked for already, as far as it goes
   * @param race asks for another server when nothing arrives from any
   * @throws {RelievedError} when all have fallen silent and another sends what follows
   * @throws {TryError} when nobody is left who brings something: the last failure
   */
  async receive(whole: Whole, part: Part, race?: ReliefRace): Promise<Joined> {
    const { connections, onNotice } = this.#options;
    const pieces = this.#output.scatter(new Pieces());
    const missing = whole.length - pieces.octets;
    const count = Math.max(1, Math.min(this.most, Math.floor(missing / LEAST_SEGMENT)));
    if (count > 1) onNotice(`in segments, up to ${count} at a time`);
    const own = connections.apart();
    const segments = new Segments(pieces.holes(whole.length), count);
    const shared = this.#share(whole, segments, own, race);
    const { round } = shared;
    this.#workers = shared.workers;
    const workers = Array.from({ length: count }, () => new SegmentWorker(shared));
    const ending = race?.wait(round.ended) ?? round.ended;
    try {
      for (const [i, worker] of workers.entries()) {
        worker.work(i === 0 ? part : undefined).catch((error) => round.end(error));
      }
      const ended = await ending;
      if (ended instanceof Relief) throw await relievedError(this.asked ?? part.uri.server, ended);
    } finally {
      round.end();
      this.#workers = new Set();
      own.end();
    }
    return { responses: shared.responses, servers: [...shared.servers] };
  }

  #share(
    whole: Whole,
    segments: Segments,
    connections: Connections,
    race: ReliefRace | undefined,
  ): Shared {
    const round = new TaskGroup();
    return {
      ...{ whole, segments, round, race, attempts: this.#attempts, output: this.#output },
      typed: this.#typed,
      duplicates: () => [...this.#duplicates.values()],
      followOptions: {
        ...this.#options,
        connections,
        wait: (ms) => round.sleep(ms),
        onResponse: (head, _, uri) => this.see(head, uri),
      },
      options: this.#options,
      ...{ workers: new Set(), responses: [], servers: new Set(), partless: new Set(this.unfit) },
    };
  }
}

/** RFC 8288 §3: `<URI-Reference>`, and parameters whose values are tokens or quoted-strings. */
const LINK =
  /<([^<>]*)>((?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*=[ \t]*(?:"(?:[^"\\]|\\.)*"|[^;,"\s]+))?)*)/g;

const REL = /;[ \t]*rel[ \t]*=[ \t]*(?:"([^"]*)"|([^;,"\s]+))/i;
const PRIORITY = /;[ \t]*pri[ \t]*=[ \t]*"?([0-9]{1,6})"?/i;

/** RFC 6249 §3.1: whoever names none is the last choice. */
const LAST_PRIORITY = 999_999;

/** More are not looked at. */
const MOST_DUPLICATES = 100;

/**
 * Where else the same content is said to be: the links of `rel=duplicate` (RFC 6249 §3), the best
 * first. Those that this client cannot ask for are passed over.
 *
 * @param base the URI that was asked for
 */
export function duplicatesOf(fields: Fields, base: TargetUri): TargetUri[] {
  const found: { readonly uri: TargetUri; readonly priority: number }[] = [];
  for (const [, reference, parameters] of (fields.get("link") ?? "").matchAll(LINK)) {
    const [, quoted, token] = REL.exec(parameters!) ?? [];
    const relations = (quoted ?? token ?? "").toLowerCase().split(/\s+/);
    const uri = relations.includes("duplicate") ? uriOf(reference!, base) : undefined;
    if (uri === undefined) continue;
    found.push({ uri, priority: Number(PRIORITY.exec(parameters!)?.[1] ?? LAST_PRIORITY) });
    if (found.length === MOST_DUPLICATES) break;
  }
  return found.sort((a, b) => a.priority - b.priority).map(({ uri }) => uri);
}

function uriOf(reference: string, base: TargetUri): TargetUri | undefined {
  try {
    return parseLocation(reference, base);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return undefined;
  }
}
