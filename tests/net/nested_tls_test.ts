import { assert, assertEquals, assertRejects } from "@std/assert";
import { Connection } from "../../lib/net/connection.ts";
import { NestedTls, RecordMeter } from "../../lib/net/nested_tls.ts";
import { AUTHORITY, SERVER } from "../support/tls.ts";

function record(type: number, length: number): number[] {
  return [type, 3, 3, length >> 8, length & 255, ...new Array<number>(length).fill(23)];
}

Deno.test("RecordMeter counts the content of records, however they are split", () => {
  const stream = [
    ...record(22, 300),
    ...record(23, 1024),
    ...record(20, 1),
    ...record(23, 24),
    ...record(23, 0),
    ...record(23, 16_408),
  ];
  for (const size of [1, 2, 3, 7, 1000, stream.length]) {
    const meter = new RecordMeter();
    for (let at = 0; at < stream.length; at += size) {
      meter.add(Uint8Array.from(stream.slice(at, at + size)));
    }
    assertEquals(meter.contentBytes, 1000 + 16_384, `${size}`);
  }
});

Deno.test("NestedTls reads no more than is taken", async () => {
  const [cert, key] = [SERVER.cert, SERVER.key].map((file) => Deno.readTextFileSync(file));
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: cert!, key: key! });
  const content = new Uint8Array(4 * 1024 * 1024);
  const serving = (async () => {
    using conn = await listener.accept();
    for (let sent = 0; sent < content.length;) sent += await conn.write(content.subarray(sent));
  })();
  const outer = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  let read = 0;
  const counting = {
    remoteAddr: outer.remoteAddr,
    async read(into: Uint8Array) {
      const count = await outer.read(into);
      read += count ?? 0;
      return count;
    },
    write: (bytes: Uint8Array) => outer.write(bytes),
    closeWrite: () => outer.closeWrite(),
    close: () => outer.close(),
  };
  const caCerts = [Deno.readTextFileSync(AUTHORITY)];
  const nested = new NestedTls(counting, "localhost", { caCerts });
  await nested.handshake();
  const into = new Uint8Array(64 * 1024);
  let received = 0;
  for (let count: number | null; (count = await nested.read(into)) !== null;) {
    received += count;
    // Node's stream is given time to read all that it may.
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert(read - received < 512 * 1024, `${read - received} bytes are kept`);
    if (received === content.length) break;
  }
  assertEquals(received, content.length);
  new Connection(nested).close();
  await serving;
});

for (const isCut of [false, true]) {
  const does = isCut ? "reports a connection that is cut below it" : "knows the end of its content";
  Deno.test(`NestedTls ${does}`, async () => {
    const [cert, key] = [SERVER.cert, SERVER.key].map((file) => Deno.readTextFileSync(file));
    using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: cert!, key: key! });
    for (const length of [0, 1000, 1024 * 1024]) {
      const ending = Promise.withResolvers<void>();
      const serving = (async () => {
        using conn = await listener.accept();
        const content = new Uint8Array(length);
        for (let sent = 0; sent < length;) sent += await conn.write(content.subarray(sent));
        if (isCut) await ending.promise;
        else await conn.closeWrite();
      })();
      const outer = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      const cutting = {
        remoteAddr: outer.remoteAddr,
        // What ends here without a word of the server's: all was read, and more never comes.
        read: (into: Uint8Array) =>
          Promise.race([outer.read(into), ending.promise.then(() => null)]),
        write: (bytes: Uint8Array) => outer.write(bytes),
        closeWrite: () => outer.closeWrite(),
        close: () => outer.close(),
      };
      const caCerts = [Deno.readTextFileSync(AUTHORITY)];
      const nested = new NestedTls(cutting, "localhost", { caCerts });
      await nested.handshake();
      const into = new Uint8Array(10_000);
      let received = 0;
      while (received < length) received += (await nested.read(into))!;
      if (isCut) {
        ending.resolve();
        await assertRejects(() => nested.read(into), Deno.errors.UnexpectedEof);
      } else assertEquals(await nested.read(into), null);
      ending.resolve();
      nested.close();
      await serving;
    }
  });
}
