import type { Fields } from "../../http/fields.ts";
import { QUOTED_STRING_SOURCE, TOKEN_SOURCE } from "../../http/grammar.ts";
import type { ResponseHead } from "../../http/response.ts";
import type { DownloadContext } from "../context.ts";
import { DownloadError } from "../download_error.ts";
import type { PartFile } from "../output/part_file.ts";
import { Relief, type ReliefRace, relievedError } from "../relief.ts";
import type { Whole } from "../output/resume.ts";
import type { SegmentControl } from "./segment_control.ts";
import { type Part, type SegmentRound, TaskGroup } from "./segment_round.ts";
import { SegmentWorker } from "./segment_worker.ts";
import { type Holder, LEAST_SEGMENT, Segments } from "./segments.ts";
import { parseLocation, type TargetUri } from "../requests/target_uri.ts";
import type { Connections } from "../requests/connections.ts";

/** Where content that came in segments came from. */
export type Joined = Pick<SegmentRound, "responses" | "servers">;

/** How a content is brought in segments. */
export interface SegmentedOptions {
  /** Connections at once from the start. */
  readonly count: number;
  /** Servers that have other content. */
  readonly unfit: readonly string[];
  /** Asks for another server when nothing arrives from any. */
  readonly race: ReliefRace | undefined;
  /** Lets connections join and leave, one to a server; undefined for a fixed number. */
  readonly control: SegmentControl | undefined;
  /** Receives all bytes with their positions, in the order of their arrival. */
  readonly onWritten: SegmentRound["onWritten"];
  /** Told from where on some of them are missing again. */
  readonly onDiscarded: SegmentRound["onDiscarded"];
}

/** Brings the content of one file in segments, over several connections at once. */
export class Segmented {
  readonly #context: DownloadContext;
  readonly #output: PartFile;
  readonly #duplicates = new Map<string, TargetUri>();
  #workers: ReadonlySet<Holder> = new Set();

  constructor(context: DownloadContext, output: PartFile) {
    this.#context = context;
    this.#output = output;
  }

  /** An answer has come that may tell where else the content is. */
  see({ fields }: ResponseHead, uri: TargetUri): void {
    const { allowDowngrade } = this.#context.transport;
    for (const duplicate of duplicatesOf(fields, uri)) {
      if (uri.isSecure && !duplicate.isSecure && !allowDowngrade) continue;
      this.#duplicates.set(duplicate.href, duplicate);
    }
  }

  /** A server that is asked at present; undefined for none. */
  get asked(): string | undefined {
    return [...this.#workers].find(({ server }) => server !== undefined)?.server;
  }

  /**
   * Brings all that is missing.
   *
   * @param part what has been asked for already, as far as it goes
   * @throws {RelievedError} when all have fallen silent and another sends what follows
   * @throws {TryError} when no worker is left: the last failure
   */
  async receive(whole: Whole, part: Part, options: SegmentedOptions): Promise<Joined> {
    const { transport, observer, retry: { monotonicMs } } = this.#context;
    const { race, control } = options;
    const pieces = this.#output.scatter();
    const missing = whole.length - pieces.size;
    const count = Math.max(1, Math.min(options.count, Math.floor(missing / LEAST_SEGMENT)));
    const perSecond = control?.perSecond(monotonicMs()) || undefined;
    const most = perSecond === undefined ? `up to ${count}` : "as many as make it faster,";
    if (count > 1) observer.onNotice(`in segments, ${most} at a time`);
    const connections = transport.connections.apart();
    const tasks = new TaskGroup();
    const segments = new Segments(pieces.holes(whole.length), count);
    const workers = new Workers(control, monotonicMs);
    const round = this.#roundOf(whole, segments, connections, tasks, workers, options);
    this.#workers = round.workers;
    const first = new SegmentWorker(round, perSecond);
    const others = Array.from({ length: count - 1 }, () => new SegmentWorker(round));
    const ending = race?.wait(tasks.ended) ?? tasks.ended;
    try {
      workers.start(first, round, part);
      for (const worker of others) workers.join(worker, round);
      const ended = await ending;
      if (ended instanceof Relief) throw relievedError(this.asked ?? part.uri.server, ended);
    } finally {
      tasks.end();
      this.#workers = new Set();
      connections.close();
    }
    return round;
  }

  /** What the workers of this round share. */
  #roundOf(
    whole: Whole,
    segments: Segments,
    connections: Connections,
    tasks: TaskGroup,
    workers: Workers,
    { race, control, unfit, onWritten, onDiscarded }: SegmentedOptions,
  ): SegmentRound {
    const { transport, observer, retry } = this.#context;
    const round: SegmentRound = {
      context: {
        ...this.#context,
        transport: { ...transport, connections },
        retry: { ...retry, wait: (ms) => tasks.sleep(ms) },
        observer: { ...observer, onResponse: (head, _, uri) => this.see(head, uri) },
      },
      ...{ whole, segments, tasks, race, control, output: this.#output },
      ...{ workers: new Set(), responses: [], servers: new Set(), partless: new Set(unfit) },
      duplicates: () => [...this.#duplicates.values()],
      onWritten,
      onDiscarded,
      onBytes: (worker, bytes) =>
        workers.note(worker, bytes, whole.length - this.#output.received, round),
      onGivenUp: (worker) => workers.giveUp(worker),
    };
    return round;
  }
}

/** Starts workers, and lets the last one leave, as the control advises. */
class Workers {
  readonly #control: SegmentControl | undefined;
  readonly #monotonicMs: () => number;
  /** The one that joined last, unless it has left. */
  #newest: SegmentWorker | undefined;

  constructor(control: SegmentControl | undefined, monotonicMs: () => number) {
    this.#control = control;
    this.#monotonicMs = monotonicMs;
  }

  /** Starts a worker, with what has been asked for already. */
  start(worker: SegmentWorker, { tasks }: SegmentRound, part?: Part): void {
    worker.work(part).catch((error) => tasks.end(error));
  }

  /** Starts another one. */
  join(worker: SegmentWorker, round: SegmentRound): void {
    this.#newest = worker;
    this.start(worker, round);
  }

  /** Bytes have come by a worker, and so many are still missing. */
  note(worker: Holder, bytes: number, rest: number, round: SegmentRound): void {
    const now = this.#monotonicMs();
    this.#control?.note(bytes, worker === this.#newest, now);
    const advice = this.#control?.advise(rest, round.workers.size, now);
    if (advice === "join") this.join(new SegmentWorker(round), round);
    if (advice === "leave") this.#newest = this.#newest?.leave();
  }

  /** A worker has given up. */
  giveUp(worker: Holder): void {
    if (worker === this.#newest) this.#control?.fail(this.#monotonicMs());
  }
}

/** RFC 8288 §3: a parameter of a link; what is not quoted may be more than a token. */
const VALUE_SOURCE = `[ \\t]*=[ \\t]*(${QUOTED_STRING_SOURCE}|[^;,"\\s]+)`;
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN_SOURCE})(?:${VALUE_SOURCE})?`, "g");

/** RFC 8288 §3: `<URI-Reference>`, and parameters. */
const LINK = new RegExp(`<([^<>]*)>((?:[ \\t]*${PARAMETER.source})*)`, "g");

/** RFC 6249 §3.1: a link without one is the last choice. */
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
    const { rel = "", pri = "" } = parametersOf(parameters!);
    const isDuplicate = rel.toLowerCase().split(/\s+/).includes("duplicate");
    const uri = isDuplicate ? uriOf(reference!, base) : undefined;
    if (uri === undefined) continue;
    const priority = /^[0-9]{1,6}$/.test(pri) ? Number(pri) : LAST_PRIORITY;
    found.push({ uri, priority });
    if (found.length === MOST_DUPLICATES) break;
  }
  return found.sort((a, b) => a.priority - b.priority).map(({ uri }) => uri);
}

/** By their names in lower case; of several of one name the first (RFC 8288 §3.3). */
function parametersOf(text: string): Readonly<Record<string, string>> {
  const entries = [...text.matchAll(PARAMETER)].map(([, name, value = ""]) =>
    [name!.toLowerCase(), value.replace(/^"(.*)"$/s, "$1")] as const
  );
  return Object.fromEntries(entries.reverse());
}

function uriOf(reference: string, base: TargetUri): TargetUri | undefined {
  try {
    return parseLocation(reference, base);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return undefined;
  }
}
