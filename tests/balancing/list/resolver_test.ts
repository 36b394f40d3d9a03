import { assert, assertEquals } from "@std/assert";
import { DnsResolver, type LookUp, NAME_SERVER } from "../../../lib/balancing/list/resolver.ts";
import { NONE, records, srv } from "./fake_resolver.ts";

/** What a lookup is asked for, and by what signal it ends. */
type Reply = (question: string, signal: AbortSignal) => unknown;

/** Answers with what `reply` returns or throws. */
function lookUpBy(reply: Reply): LookUp {
  const lookUp = async (name: string, kind: string, options: Deno.ResolveDnsOptions) =>
    await reply(`${kind} ${name}`, options.signal!);
  return lookUp as unknown as LookUp;
}

const HERE = { ipAddr: "127.0.0.1", port: 5353 };

function resolverOf(reply: Reply, deadlineMs = 5000): DnsResolver {
  return new DnsResolver(HERE, lookUpBy(reply), deadlineMs);
}

/** Ends when the signal fires, as a lookup of Deno. */
function untilAborted(_: string, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

Deno.test("DnsResolver asks for each kind of record", async () => {
  const resolver = resolverOf((question) => [question]);
  assertEquals(await resolver.a("a"), records("A a"));
  assertEquals(await resolver.aaaa("a."), records("AAAA a."));
  const service = srv("a.");
  assertEquals(await resolverOf(() => [service]).srv("_x._tcp.y"), records(service));
});

Deno.test("DnsResolver asks the name server it is given, or those of the system", async () => {
  const asked: unknown[] = [];
  const lookUp = ((_name: string, _kind: string, options: Deno.ResolveDnsOptions) => {
    asked.push(options.nameServer);
    return Promise.resolve(["192.0.2.1"]);
  }) as unknown as LookUp;
  await new DnsResolver(HERE, lookUp).a("a");
  await new DnsResolver(undefined, lookUp).a("a");
  assertEquals(asked, [HERE, undefined]);
});

/** What Deno throws, and the reason that people are told. */
const FAILURES: readonly [Error, string][] = [
  [new Deno.errors.TimedOut("proto error"), "gave no answer within 5 s"],
  [new Deno.errors.NotConnected("no connections available"), "could not be asked"],
  [new Error("proto error: io error: Connection refused (os error 111)"), "could not be asked"],
  [new TypeError("x"), "could not be asked"],
];

Deno.test("DnsResolver gives failures a reason without words of the system", async () => {
  for (const [error, reason] of FAILURES) {
    const fail = () => {
      throw error;
    };
    const answer = { kind: "failed", reason: `the name server 127.0.0.1:5353 ${reason}` } as const;
    const resolver = resolverOf(fail);
    assertEquals(
      [await resolver.a("a"), await resolver.aaaa("a"), await resolver.srv("a")],
      [answer, answer, answer],
    );
  }
});

Deno.test({
  name: "DnsResolver says which permission is missing",
  permissions: { net: false },
  async fn() {
    const at = { ipAddr: "::1", port: 53 };
    const reason = "there is no permission to ask the name server [::1]:53: add --allow-net";
    assertEquals(await new DnsResolver(at).a("a"), { kind: "failed", reason });
  },
});

Deno.test("DnsResolver takes no record and no name for one", async () => {
  const fail = () => {
    throw new Deno.errors.NotFound("no records found");
  };
  for (const resolver of [resolverOf(() => []), resolverOf(fail)]) {
    assertEquals(
      [await resolver.a("a"), await resolver.aaaa("a"), await resolver.srv("a")],
      [NONE, NONE, NONE],
    );
  }
});

Deno.test("DnsResolver gives up at its deadline", async () => {
  const reason = "the name server 127.0.0.1:5353 gave no answer within 0.01 s";
  assertEquals(await resolverOf(untilAborted, 10).a("a"), { kind: "failed", reason });
  assertEquals(await resolverOf(untilAborted, 10).srv("a"), { kind: "failed", reason });
  const system = new DnsResolver(undefined, lookUpBy(untilAborted), 10);
  const unnamed = "the name server gave no answer within 0.01 s";
  assertEquals(await system.a("a"), { kind: "failed", reason: unnamed });
});

Deno.test("DnsResolver asks again when nobody answers, but not for ever", async () => {
  let attempts = 0;
  const answersAt = (attempt: number) =>
    resolverOf(() => {
      if (++attempts === attempt) return ["192.0.2.1"];
      throw new Deno.errors.TimedOut("request timed out");
    });
  assertEquals(await answersAt(3).a("a"), records("192.0.2.1"));
  attempts = 0;
  assertEquals((await answersAt(100).a("a")).kind, "failed");
  assertEquals(attempts, 3);
});

Deno.test("DnsResolver follows aliases of a service", async () => {
  const answers: Record<string, unknown[]> = {
    "CNAME _a._tcp.x": ["_b._tcp.x."],
    "CNAME _b._tcp.x.": ["_c._tcp.x."],
    "SRV _c._tcp.x.": [srv("web.")],
    "CNAME _round._tcp.x": ["_round._tcp.x"],
  };
  let asked = 0;
  const resolver = resolverOf((question) => {
    asked++;
    if (answers[question]) return answers[question];
    throw new Deno.errors.NotFound("no records found");
  });
  assertEquals(await resolver.srv("_a._tcp.x"), records(srv("web.")));
  asked = 0;
  assertEquals(await resolver.srv("_round._tcp.x"), NONE);
  assert(asked < 20, `${asked} questions`);
});

/** Text, then what it means. */
const NAME_SERVERS: readonly [string, string | undefined, number?][] = [
  ["192.0.2.53", "192.0.2.53", 53],
  ["192.0.2.53:5353", "192.0.2.53", 5353],
  ["[2001:DB8::53]", "2001:db8::53", 53],
  ["[::1]:5353", "::1", 5353],
  ["", undefined],
  ["ns.example", undefined],
  ["ns.example:53", undefined],
  ["::1", undefined],
  ["192.0.2", undefined],
  ["192.0.2.53:", undefined],
  ["192.0.2.53:0", undefined],
  ["192.0.2.53:65536", undefined],
  ["[::1%lo]:53", undefined],
  ["192.0.2.53,192.0.2.54", undefined],
];

Deno.test("NAME_SERVER takes an address and maybe a port", () => {
  for (const [text, ipAddr, port] of NAME_SERVERS) {
    const expected = ipAddr === undefined ? undefined : { ipAddr, port };
    assertEquals<unknown>(NAME_SERVER.parse(text), expected, text);
  }
});
