import {
  recordOf,
  type RoundEvent,
  roundRecordOf,
  type ServerEvent,
  type TroubleEvent,
  troubleRecordOf,
  wordsFor,
  wordsForRound,
  wordsForTrouble,
} from "./farm_event.ts";
import type { Server } from "./list/server.ts";
import type { Replacement } from "./pool.ts";
import type { LookupProblem } from "./list/known_names.ts";
import type { UnreadList } from "./list/server_source.ts";

/** Says something: in words for people, and as a record for programs. */
export type Tell = (words: string, record?: object) => void;

/** Puts down what happens to a farm, a line for each change. */
export class FarmLog {
  readonly #tell: Tell;
  /** What was last found about names in DNS. */
  #problems: ReadonlyMap<string, string> = new Map();

  /** Writes nothing yet. */
  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Something happened to a server. */
  readonly server = (server: Server, event: ServerEvent): void => {
    this.#tell(`${server.authority} ${wordsFor(event)}`, recordOf(server, event));
  };

  /** Something went wrong in a round that is no server's fault. */
  readonly trouble = (event: TroubleEvent): void => {
    this.#tell(wordsForTrouble(event), troubleRecordOf(event));
  };

  /** A round has ended, or a test of new servers. */
  readonly round = (event: RoundEvent): void => {
    this.#tell(wordsForRound(event), roundRecordOf(event));
  };

  /** Servers are listed more than once. */
  duplicates(servers: readonly Server[]): void {
    for (const { authority } of servers) {
      this.#tell(`${authority} is listed twice; one is kept`, {
        event: "duplicate",
        server: authority,
      });
    }
  }

  /** What went wrong with names in DNS: only news are told, and that all is well again. */
  problems(problems: readonly LookupProblem[]): void {
    const before = this.#problems;
    this.#problems = new Map(problems.map(({ entry, reason }) => [entry, reason]));
    for (const [entry, reason] of this.#problems) {
      if (before.get(entry) === reason) continue;
      this.#tell(`${entry}: ${reason}`, { event: "unresolved", entry, reason });
    }
    for (const entry of before.keys()) {
      if (this.#problems.has(entry)) continue;
      this.#tell(`${entry} can be looked up again`, { event: "resolved", entry });
    }
  }

  /** Some lists cannot be read again, or none of them. */
  unread(lists: readonly UnreadList[], read: readonly string[]): void {
    for (const { name: list, origin } of lists) {
      const advice = origin === "program"
        ? `it is part of the program; add --allow-read=${list}`
        : "put the list into a file and name that";
      this.#tell(`${list} cannot be read again: ${advice}`, { event: "unread", list });
    }
    if (lists.length > 0 || read.length > 0) return;
    this.#tell("there is no list to read again: put the servers into a file and name that", {
      event: "unread",
    });
  }

  /** The lists were read again, and stay as they were since one has a mistake in it. */
  unchanged(reason: string): void {
    this.#tell(`the list stays as it was: ${reason}`, { event: "unchanged", reason });
  }

  /** The lists were read again. */
  reread(added: readonly Server[], removed: readonly Server[], servers: number): void {
    const all = `${servers} ${servers === 1 ? "server" : "servers"}`;
    this.#tell(
      `the list was read again: ${all}, ${added.length} new, ${removed.length} gone`,
      { event: "reread", servers, added: added.length, removed: removed.length },
    );
  }

  /** The first round begins. */
  testing(servers: number): void {
    this.#tell(`testing ${servers} ${servers === 1 ? "server" : "servers"}`);
  }

  /** Servers came and went, by the list or by DNS. */
  changed({ added, changed, removed }: Replacement): void {
    for (const server of removed) this.server(server, { kind: "unlisted" });
    for (const [server, changes] of changed) this.server(server, { kind: "changed", changes });
    for (const server of added) this.server(server, { kind: "listed", foundBy: server.foundBy });
  }
}
