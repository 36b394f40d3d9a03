import { assertEquals } from "@std/assert";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { PROBE_BYTES, ProbeSize, probeWith } from "../../lib/balancing/probe_size.ts";
import type { Outcome } from "../../lib/balancing/health.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { failed } from "../support/servers.ts";

const MIB = 1024 * 1024;
const server = parseServer("a:1");

/** A server that sends so many bytes per ms, and how it takes a size that it is asked for. */
type Behaviour = (asked: number | undefined) => Outcome;

function transferred(bytes: number, bytesPerMs: number): Outcome {
  const sample = { bytes, elapsedMs: bytes / bytesPerMs, at: 0 };
  return { kind: "passed", sample, testFile: { bytes, entityTag: '"x"' } };
}

/** What one probe after the other asks such a server for, in MiB; 0 for no size. */
async function asked(behave: Behaviour, probes: number): Promise<number[][]> {
  let sizes: number[] = [];
  const size = new ProbeSize((_: Server, target: string) => {
    const bytes = /^\/test\.bin\?bytes=([0-9]+)$/.exec(target)?.[1];
    sizes.push(bytes === undefined ? 0 : Number(bytes) / MIB);
    return Promise.resolve(behave(bytes === undefined ? undefined : Number(bytes)));
  });
  const all: number[][] = [];
  for (let i = 0; i < probes; i++) {
    sizes = [];
    await size.probe(server, () => {});
    all.push(sizes);
  }
  return all;
}

Deno.test("ProbeSize asks a server with the built-in file for what takes some 100 ms", async () => {
  const builtIn = (mibPerSecond: number) => (bytes = MIB) =>
    transferred(bytes, mibPerSecond * MIB / 1000);
  assertEquals(await asked(builtIn(1), 2), [[0], [0]]);
  assertEquals(await asked(builtIn(11), 2), [[0], [0]]);
  assertEquals(await asked(builtIn(80), 2), [[0, 8], [8]]);
  assertEquals(await asked(builtIn(100_000), 2), [[0, 64], [64]]);
});

Deno.test("ProbeSize asks for more where a short transfer had made a server look slow", async () => {
  // Each transfer takes 20 ms more than its line needs.
  const slowToStart = (bytes = MIB) => {
    const elapsedMs = 20 + bytes / MIB * 5;
    return transferred(bytes, bytes / elapsedMs);
  };
  assertEquals(await asked(slowToStart, 2), [[0, 4, 8], [16]]);
});

Deno.test("ProbeSize takes a file of the server's own as it is", async () => {
  assertEquals(await asked(() => transferred(5 * MIB, 1e6), 2), [[0], [0]]);
  assertEquals(await asked(() => transferred(MIB, 1e6), 3), [[0, 64], [0], [0]]); // By chance.
  const strict = (bytes?: number) =>
    bytes === undefined ? transferred(MIB, 1e6) : failed("it answered 400");
  assertEquals(await asked(strict, 2), [[0, 64, 0], [0]]);
});

Deno.test("ProbeSize holds no size against a server that fails for another reason", async () => {
  let failure: Outcome | undefined;
  const behave = (bytes = MIB) => failure ?? transferred(bytes, 80 * MIB / 1000);
  const size = new ProbeSize((_: Server, target: string) => {
    return Promise.resolve(behave(Number(target.split("=")[1] ?? MIB)));
  });
  const probed = async () => (await size.probe(server, () => {})).kind;
  assertEquals(await probed(), "passed");
  for (const reason of ["refused", "it answered 503"]) {
    failure = failed(reason);
    assertEquals(await probed(), "failed");
    failure = undefined;
    const outcome = await size.probe(server, () => {});
    assertEquals(outcome.kind === "passed" && outcome.sample.bytes, 8 * MIB);
    assertEquals(outcome.kind === "passed" && outcome.testFile, undefined); // It was made to size.
  }
});

Deno.test("ProbeSize takes the plain file of a server that closes when it is asked for a size", async () => {
  for (const fault of ["answer", "time"] as const) {
    const picky = (bytes?: number) =>
      bytes === undefined ? transferred(MIB, 1e6) : failed("it was closed", 0, fault);
    assertEquals(await asked(picky, 3), [[0, 64, 0], [0], [0]]);
    assertEquals((await asked(picky, 21)).at(-1), [0, 64, 0]); // It may have learnt.
  }
});

Deno.test("ProbeSize repeats no transfer that has taken all of its time", async () => {
  const endless = (bytes = MIB): Outcome => {
    const sample = { bytes: 1e9, elapsedMs: 10_000, at: 0, isPartial: true };
    return bytes === MIB ? { kind: "passed", sample } : transferred(bytes, 1e5);
  };
  assertEquals(await asked(endless, 2), [[0], [0]]);
});

Deno.test("ProbeSize asks for less when a server has become slow", async () => {
  let perMs = 80 * MIB / 1000;
  const size = new ProbeSize((_: Server, target: string) => {
    const bytes = Number(target.split("=")[1] ?? MIB);
    const most = perMs * 10_000;
    if (bytes <= most) return Promise.resolve(transferred(bytes, perMs));
    const sample = { bytes: most, elapsedMs: 10_000, at: 0, isPartial: true };
    return Promise.resolve<Outcome>({ kind: "passed", sample });
  });
  const bytesOf = async () => {
    const outcome = await size.probe(server, () => {});
    return outcome.kind === "passed" && outcome.sample.bytes;
  };
  assertEquals(await bytesOf(), 8 * MIB);
  perMs = 100;
  assertEquals([await bytesOf(), await bytesOf()], [1_000_000, 1_000_000]);
  perMs = 1000;
  assertEquals([await bytesOf(), await bytesOf()], [MIB, MIB]);
});

Deno.test("probeWith() adds a size to the path, and none of its own to another file", async () => {
  await using fake = new FakeServer(answering("200 OK", "test"));
  const limits = { timeoutMs: 10_000, minSpeed: 0 };
  const probeOnce = async (path: string, bytes: number | "auto") => {
    await probeWith({ path, bytes, ...limits })(parseServer(fake.authority), () => {});
    return fake.requestHeads.at(-1)!.split(" ")[1];
  };
  assertEquals(await probeOnce("/test.bin", "auto"), "/test.bin");
  assertEquals(await probeOnce("/test.bin", 4096), "/test.bin?bytes=4096");
  assertEquals(await probeOnce("/other?x", "auto"), "/other?x");
});

Deno.test("PROBE_BYTES takes auto, or a size that the built-in file can have", () => {
  const values = ["auto", "1", "2M", "64M", "0", "65M", "Auto", ""].map(PROBE_BYTES.parse);
  assertEquals(values, ["auto", 1, 2 * MIB, 64 * MIB, undefined, undefined, undefined, undefined]);
});

Deno.test("ProbeSize remembers servers by their ids, those that were probed last", async () => {
  const targets: string[] = [];
  const size = new ProbeSize((_: Server, target: string) => {
    targets.push(target);
    const bytes = Number(/[0-9]+$/.exec(target)?.[0] ?? MIB);
    return Promise.resolve(transferred(bytes, 1e6));
  });
  const probe = async (id: number) => {
    targets.length = 0;
    await size.probe({ ...server, id }, () => {});
    return targets.length;
  };
  assertEquals([await probe(1), await probe(2), await probe(1)], [2, 2, 1]);
  for (let id = 3; id <= 100_001; id++) await probe(id);
  assertEquals([await probe(1), await probe(2)], [1, 2]);
});
