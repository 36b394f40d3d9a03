import { assert, assertEquals } from "@std/assert";
import { Chooser } from "../../../lib/balancing/chooser.ts";
import { FileCatalog } from "../../../lib/balancing/file_checks/file_catalog.ts";
import type { FileDemand } from "../../../lib/balancing/file_checks/file_checker.ts";
import {
  type CheckMode,
  FileRouter,
  MISSING,
} from "../../../lib/balancing/file_checks/file_router.ts";
import { parseServer, type Server } from "../../../lib/balancing/list/server.ts";
import { POLICIES, POLICY_NAMES, type PolicyName } from "../../../lib/balancing/policies.ts";
import { asking, assertShares, candidatesOf } from "../../support/candidates.ts";
import { seededRandom } from "../../support/random.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;
const PICKS = 400;

/**
 * A router over the servers a to e, and what is known of `/f` at each: `+` has it, `-` lacks it, `~`
 * has another version (which is older), `?` unknown.
 */
class Trial {
  readonly servers: readonly Server[] = NAMES.map((name) => parseServer(`${name}.example:80`));
  readonly catalog = new FileCatalog({ expiryMs: 600_000, random: seededRandom(1) });
  /** `target name` of what was wanted, with `!` if that server is doubted. */
  readonly wanted: string[] = [];
  readonly found: string[] = [];
  readonly chooser: Chooser;
  readonly router: FileRouter;

  constructor(
    known: string,
    { policy = "rank", mode = "after", backups = "" }: {
      policy?: PolicyName;
      mode?: CheckMode;
      backups?: string;
    } = {},
  ) {
    this.chooser = new Chooser(POLICIES[policy]());
    const isBackup = ({ hostname }: Server) => backups.includes(hostname[0]!);
    const candidates = candidatesOf(this.servers, [1, 2, 3, 4, 5]).map((candidate) => {
      const { server } = candidate;
      return isBackup(server) ? { ...candidate, server: { ...server, priority: 1 } } : candidate;
    });
    this.chooser.update(candidates, 0);
    const ids = this.servers.map(({ id }) => id);
    this.catalog.setServers(ids, new Set(this.servers.filter(isBackup).map(({ id }) => id)));
    this.know("/f", known);
    const nameOf = (id: number) => NAMES[ids.indexOf(id)];
    const demand: FileDemand = {
      want: (target, first, isDoubted = false) =>
        void this.wanted.push(`${target} ${nameOf(first ?? -1) ?? 404}${isDoubted ? "!" : ""}`),
      find: (target, _, isThorough = false) => {
        this.found.push(`${target}${isThorough ? " all" : ""}`);
        return Promise.resolve();
      },
      isAwaited: () => false,
    };
    const { chooser, catalog } = this;
    const epochMs = () => 0;
    this.router = new FileRouter({ chooser, catalog, demand, mode, timeoutMs: 1000, epochMs });
  }

  know(target: string, known: string): void {
    const version = { bytes: 7, lastModified: 2000 };
    [...known].forEach((it, i) => {
      const { id } = this.servers[i]!;
      if (it === "+") this.catalog.learn(target, id, { kind: "has", version }, 0);
      if (it === "-") this.catalog.learn(target, id, { kind: "lacks" }, 0);
      if (it === "~") {
        const old = { bytes: 8, lastModified: 1000 };
        this.catalog.learn(target, id, { kind: "has", version: old }, 0);
      }
    });
  }

  /** How often each is picked, by name; `404` and `503` where none is. */
  picks(avoided = "", target = "/f"): Map<string, number> {
    const random = seededRandom(20_261_127);
    const counts = new Map<string, number>();
    for (let i = 0; i < PICKS; i++) {
      const request = asking({
        client: `client ${i}`,
        target,
        monotonicMs: i,
        random: random(),
        ...(avoided !== "" && {
          isExcluded: ({ hostname }: Server) => avoided.includes(hostname[0]!),
        }),
      });
      const server = this.router.pick(request, this.router.rowOf(target));
      const name = server === MISSING ? "404" : server?.hostname[0] ?? "503";
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /** The names of all that are picked. */
  picked(avoided = "", target = "/f"): string {
    return [...this.picks(avoided, target).keys()].sort().join("");
  }

  alternatives(target = "/f"): string {
    return [...this.router.alternatives("192.0.2.1", this.router.rowOf(target))]
      .map(({ hostname }) => hostname[0]).sort().join("");
  }
}

/** What is known of a file at the servers a to e, and which of them may then be picked. */
const KNOWN: readonly {
  readonly story: string;
  readonly known: string;
  readonly backups?: string;
  readonly avoided?: string;
  readonly picked: string;
  readonly alternatives: string;
}[] = [
  { story: "nothing is known", known: "?????", picked: "abcde", alternatives: "abcde" },
  { story: "all have it", known: "+++++", picked: "abcde", alternatives: "abcde" },
  { story: "some lack it", known: "+-+-+", picked: "ace", alternatives: "ace" },
  { story: "one has it", known: "--+--", picked: "c", alternatives: "c" },
  { story: "one has it, some are unknown", known: "?-+-?", picked: "c", alternatives: "c" },
  { story: "some lack it, some are unknown", known: "?---?", picked: "ae", alternatives: "ae" },
  { story: "all lack it", known: "-----", picked: "404", alternatives: "" },
  {
    story: "all but one lack it, which is unknown",
    known: "--?--",
    picked: "c",
    alternatives: "c",
  },
  { story: "some have another version", known: "+~+~+", picked: "ace", alternatives: "ace" },
  {
    story: "others have another version or lack it",
    known: "~~+-+",
    picked: "ce",
    alternatives: "ce",
  },
  {
    story: "the candidates have it, and a backup",
    known: "++++-",
    backups: "de",
    picked: "abc",
    alternatives: "abc",
  },
  {
    story: "all candidates lack it, a backup has it",
    known: "---+-",
    backups: "de",
    picked: "d",
    alternatives: "",
  },
  {
    story: "all candidates lack it, the backups are unknown",
    known: "---??",
    backups: "de",
    picked: "de",
    alternatives: "",
  },
  {
    story: "all candidates lack it, one backup has it and one is unknown",
    known: "---+?",
    backups: "de",
    picked: "d",
    alternatives: "",
  },
  {
    story: "a candidate is unknown, a backup has it",
    known: "--?+-",
    backups: "de",
    picked: "c",
    alternatives: "",
  },
  {
    story: "all candidates lack it, and all backups",
    known: "-----",
    backups: "de",
    picked: "404",
    alternatives: "",
  },
  {
    story: "a client avoids one of those that have it",
    known: "+-+--",
    avoided: "a",
    picked: "c",
    alternatives: "ac",
  },
  {
    story: "a client avoids the only one that has it: others may have it as well",
    known: "+-?-?",
    avoided: "a",
    picked: "ce",
    alternatives: "a",
  },
  {
    story: "a client avoids the only candidate that has it: a backup has it as well",
    known: "+--+-",
    backups: "de",
    avoided: "a",
    picked: "d",
    alternatives: "a",
  },
  {
    story: "a client avoids the only one that has it, and all others lack it",
    known: "+----",
    avoided: "a",
    picked: "a",
    alternatives: "a",
  },
  {
    story: "a client avoids all",
    known: "-?---",
    avoided: "abcde",
    picked: "b",
    alternatives: "b",
  },
];

for (const policy of POLICY_NAMES) {
  Deno.test(`FileRouter.pick() by ${policy} picks no server that lacks the file (${KNOWN.length} rows)`, () => {
    for (const { story, known, backups, avoided, picked, alternatives } of KNOWN) {
      const trial = new Trial(known, { policy, ...(backups !== undefined && { backups }) });
      const seen = trial.picked(avoided);
      // By path, all requests for one path go to one server.
      if (policy === "path" && picked !== "404") assert(picked.includes(seen), `${story}: ${seen}`);
      else assertEquals(seen, picked, story);
      assertEquals(trial.alternatives(), alternatives, story);
    }
  });
}

Deno.test("FileRouter.pick() goes by what is known of the request's target alone", () => {
  const trial = new Trial("-----");
  trial.know("/g", "+----");
  assertEquals([trial.picked(), trial.picked("", "/g"), trial.picked("", "/h")], [
    "404",
    "a",
    "abcde",
  ]);
});

Deno.test("FileRouter.pick() keeps shares in proportion among the servers that have the file", () => {
  for (const known of ["+-++-", "??--?"]) {
    const trial = new Trial(known);
    const left = [...known].flatMap((it, i) => it === "-" ? [] : [i]);
    const total = left.reduce((sum, i) => sum + i + 1, 0);
    const picks = trial.picks();
    assertShares(
      new Map(left.map((i) => [trial.servers[i], picks.get(NAMES[i]!) ?? 0])),
      new Map(left.map((i) => [trial.servers[i]!.id, (i + 1) / total])),
    );
  }
});

Deno.test("FileRouter.pick() sends clients to another version while no server of theirs is available", () => {
  const trial = new Trial("+++~-");
  const [a, b, c, d] = trial.servers as [Server, Server, Server, Server];
  for (const { id } of [a, b, c]) trial.chooser.left(id);
  assertEquals([trial.picked(), trial.alternatives()], [d.hostname[0], ""]);
  trial.chooser.left(d.id);
  assertEquals(trial.picked(), "404");
});

Deno.test("FileRouter.pick() finds none where none is available, whatever is known", () => {
  for (const known of ["?????", "-----", "+++++", "+-?~-"]) {
    const trial = new Trial(known);
    trial.chooser.update([], 0);
    trial.catalog.setServers([]);
    assertEquals(trial.picked(), "503", known);
  }
});

Deno.test("FileRouter.pick() wants what is not known yet, and counts what is", () => {
  const trial = new Trial("++++?");
  trial.router.pick(asking({ target: "/f" }), trial.router.rowOf("/f"));
  assertEquals(trial.wanted.map((it) => it.slice(0, 2)), ["/f"]);
  trial.know("/f", "++++-");
  const row = trial.router.rowOf("/f")!;
  const before = trial.catalog.wanted(row);
  for (let i = 0; i < 3; i++) trial.router.pick(asking({ target: "/f" }), row);
  assertEquals([trial.wanted.length, trial.catalog.wanted(row)], [1, before + 3]);
  trial.router.pick(asking({ target: "/g" }), undefined);
  assertEquals(trial.wanted.length, 2);
});

Deno.test("FileRouter.pick() doubts the server with the file that a client avoids", () => {
  const trial = new Trial("++-++");
  const pick = (avoided: string) => {
    trial.wanted.length = 0;
    const isExcluded = ({ hostname }: Server) => avoided.includes(hostname[0]!);
    trial.router.pick(asking({ target: "/f", isExcluded }), trial.router.rowOf("/f"));
    return trial.wanted;
  };
  assertEquals(pick("b"), ["/f b!"]);
  assertEquals(pick("c"), []); // It is known to lack the file anyway.
  assertEquals(pick("xyz"), []);
});

Deno.test("FileRouter that checks no files passes on their sizes alone", () => {
  for (const known of ["+-~-+", "-----"]) {
    const trial = new Trial(known, { mode: "off" });
    assertEquals([trial.picked("b"), trial.alternatives()], ["acde", "abcde"]);
    assertEquals(trial.router.isChecking, false);
  }
  const trial = new Trial("+----", { mode: "off" });
  const row = trial.router.rowOf("/f")!;
  assertEquals(trial.router.bytesOf(row), 7);
  trial.router.pick(asking({ target: "/f" }), row);
  assertEquals(trial.wanted, []); // One answer is enough.
  assertEquals(trial.router.ready("/g"), undefined);
});

Deno.test("FileRouter.ready() waits before the redirect only, and only while the file may be found", () => {
  const cases: readonly [known: string, backups: string, waits: boolean][] = [
    ["?????", "", true],
    ["?---?", "", true],
    ["+????", "", false],
    ["-----", "", false],
    ["--?+-", "de", true],
    ["---+?", "de", false],
  ];
  for (const [known, backups, waits] of cases) {
    const trial = new Trial(known, { mode: "before", backups });
    assertEquals(trial.router.ready("/f") !== undefined, waits, known);
    assertEquals(trial.found, waits ? ["/f"] : [], known);
    assertEquals(new Trial(known, { backups }).router.ready("/f"), undefined, known);
  }
});

Deno.test("FileRouter.locate() names all servers with the version, candidates first", async () => {
  const names = (trial: Trial) =>
    trial.router.locate("/f", "192.0.2.1")?.servers.map(({ hostname }) => hostname[0]).join("");
  assertEquals(names(new Trial("+~+-+", { backups: "a" })), "eca");
  assertEquals(new Trial("+~+-+").router.locate("/f", "192.0.2.1")?.version.bytes, 7);
  assertEquals([names(new Trial("-----")), names(new Trial("?????"))], [undefined, undefined]);
  const trial = new Trial("?????");
  await trial.router.askAll("/f");
  assertEquals(trial.found, ["/f all"]);
});
