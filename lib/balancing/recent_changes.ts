import type { Server } from "./list/server.ts";
import { type ServerEvent, wordsFor } from "./server_events.ts";

/** What has become of a server. */
export interface Change {
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** The authority where it is tested: its name in logs. */
  readonly server: string;
  readonly event: ServerEvent["kind"];
  /** As the log has it, without the server's name. */
  readonly text: string;
}

/** Changes that are remembered. */
const MOST_CHANGES = 50;

/** The events that change whether a server gets clients, or how many. */
const KINDS: ReadonlySet<ServerEvent["kind"]> = new Set(
  [
    ...["available", "out", "returned"] as const,
    ...["listed", "unlisted", "changed"] as const,
    ...["action", "enabled", "actionEnded"] as const,
  ],
);

/** The last changes of servers, at most 50. */
export class RecentChanges {
  readonly #epochMs: () => number;
  #latest: readonly Change[] = [];

  constructor(epochMs: () => number) {
    this.#epochMs = epochMs;
  }

  /** Remembers an event, unless it changes nothing for clients. */
  add({ authority }: Server, event: ServerEvent): void {
    if (!KINDS.has(event.kind)) return;
    const change = {
      at: this.#epochMs(),
      server: authority,
      event: event.kind,
      text: wordsFor(event),
    };
    this.#latest = [...this.#latest.slice(1 - MOST_CHANGES), change];
  }

  /** The oldest first; replaced whole, never changed in place. */
  get latest(): readonly Change[] {
    return this.#latest;
  }

  /** Adds those of an earlier process, unless they were added before. @returns false if it is none */
  restore(content: unknown): boolean {
    if (!Array.isArray(content) || !content.every(isChange)) return false;
    const all = new Map([...content, ...this.#latest].map((it) => [keyOf(it), it]));
    this.#latest = [...all.values()].sort((a, b) => a.at - b.at).slice(-MOST_CHANGES);
    return true;
  }
}

function keyOf({ at, server, text }: Change): string {
  return `${at} ${server} ${text}`;
}

function isChange(value: unknown): value is Change {
  const { at, server, event, text } = (value ?? {}) as Partial<Change>;
  return Number.isFinite(at) && typeof server === "string" && typeof text === "string" &&
    event !== undefined && KINDS.has(event);
}
