import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { Connection } from "../../lib/net/connection.ts";
import { SEND_BYTES } from "../../lib/net/send_buffer.ts";
import { FakeSocket, SlowSocket } from "../support/fake_socket.ts";
import { textOf } from "../support/feed.ts";
import { randomInteger, seededRandom } from "../support/random.ts";

/** Uses a connection on a socket; gives what was written to it, after a last flush. */
async function written(
  use: (connection: Connection, socket: FakeSocket) => unknown,
  socket = new FakeSocket(),
): Promise<string[]> {
  const connection = new Connection(socket.conn);
  await use(connection, socket);
  await connection.flush();
  connection.close();
  return socket.writes;
}

Deno.test("Connection.write() leaves what is small to one write of flush()", async () => {
  const expected = Array.from({ length: 1000 }, (_, i) => `reply ${i}, `);
  const writes = await written(async (connection, socket) => {
    for (const text of expected) await connection.write(encodeLatin1(text));
    assertEquals(socket.writes, []);
    await connection.flush();
    assertEquals(socket.writes.length, 1);
  });
  assertEquals(writes, [expected.join("")]);
});

Deno.test("Connection.write() lets the caller use the memory again", async () => {
  const lengths = [10, 3000, 65_536, 70_000];
  const writes = await written(async (connection) => {
    for (const length of lengths) {
      const bytes = new Uint8Array(length).fill(97);
      await connection.write(bytes);
      bytes.fill(98);
    }
  });
  assertEquals(writes.join(""), lengths.map((length) => "a".repeat(length)).join(""));
});

Deno.test("Connection.flush() goes on after a write that took only a part", async () => {
  const text = encodeLatin1("0123456789abcdefghij");
  const writes = await written((connection) => connection.write(text), new FakeSocket(7));
  assertEquals(writes, ["0123456", "789abcd", "efghij"]);
});

Deno.test("Connection.write() puts text and bytes into one write, in their order", async () => {
  let expected = "";
  const writes = await written((connection, socket) => {
    for (let i = 0; i < 100; i++) {
      for (const data of [`head ${i}, `, encodeLatin1(`bytes ${i}\x80, `), `${i}, `, ""]) {
        assertEquals(connection.write(data), undefined);
      }
      expected += `head ${i}, bytes ${i}\x80, ${i}, `;
    }
    assertEquals(socket.writes, []);
  });
  assertEquals(writes, [expected]);
});

Deno.test("Connection.write() waits for nothing up to SEND_BYTES, in whatever form", async () => {
  const bytes = new Uint8Array(SEND_BYTES - 1).fill(97);
  for (const [first, second] of [["x", bytes], [bytes, "x"], [bytes, bytes.subarray(0, 1)]]) {
    const writes = await written(async (connection) => {
      assertEquals([connection.write(first!), connection.write(second!)], [undefined, undefined]);
      for (const more of ["y", encodeLatin1("y")]) {
        const writing = connection.write(more);
        assert(writing instanceof Promise);
        await writing;
        await connection.write("z".repeat(SEND_BYTES - 1));
      }
    });
    assertEquals(writes.map(({ length }) => length), Array(3).fill(SEND_BYTES));
  }
});

Deno.test("Connection.write() keeps the order, however much it is given", async () => {
  const random = seededRandom(31);
  for (const most of [Infinity, 1000]) {
    let expected = "";
    const writes = await written(async (connection) => {
      for (let i = 0; i < 300; i++) {
        const large = randomInteger(random, 10) === 0 ? 4 * SEND_BYTES : 2000;
        const text = `${i}:`.padEnd(randomInteger(random, large), "x");
        await connection.write(randomInteger(random, 2) === 0 ? text : encodeLatin1(text));
        expected += text;
      }
    }, new FakeSocket(most));
    assert(writes.join("") === expected, "something else was written");
  }
});

Deno.test("Connection.write() does not touch what is being sent, here or elsewhere", async () => {
  const sockets = ["a", "b", "c"].map((letter) => ({ letter, socket: new SlowSocket() }));
  const connections = sockets.map(({ letter, socket }) => {
    const connection = new Connection(socket.conn);
    connection.write(letter.repeat(100));
    const flushing = connection.flush();
    connection.write(encodeLatin1(letter.toUpperCase().repeat(200)));
    return { connection, flushing };
  });
  for (const { socket } of sockets) socket.open();
  for (const { connection, flushing } of connections) {
    await flushing;
    await connection.flush();
    connection.close();
  }
  for (const { letter, socket: { writes } } of sockets) {
    assertEquals(writes, [letter.repeat(100), letter.toUpperCase().repeat(200)]);
  }
});

Deno.test("Connection.flush() throws for text that is not ASCII, and sends none of it", async () => {
  const writes = await written(async (connection) => {
    connection.write("d\u00e9j\u00e0");
    await assertRejects(async () => await connection.flush(), TypeError, "not ASCII");
  });
  assertEquals(writes, []);
});

Deno.test("Connection.write() keeps nothing that is larger than SEND_BYTES", async () => {
  const text = "x".repeat(10 * SEND_BYTES);
  for (const data of [text, encodeLatin1(text)]) {
    const socket = new FakeSocket();
    const connection = new Connection(socket.conn);
    await connection.write(data);
    assert(socket.writes.join("") === text, "not all was sent");
    connection.close();
  }
});

/** What a connection writes of a head and content, the sizes of each write. */
async function writeSizes(socket: FakeSocket, head: string, content: Uint8Array) {
  const writes = await written(async (connection) => {
    await connection.write(head);
    await connection.write(content);
  }, socket);
  assert(writes.join("") === head + textOf(content), "something else was written");
  return writes.map(({ length }) => length);
}

Deno.test("Connection.write() sends no head alone where Nagle's algorithm stays on", async () => {
  const head = "h".repeat(300);
  const [some, all] = [SEND_BYTES - 300, SEND_BYTES];
  const rows: readonly [number, number[]][] = [
    [some, [all]],
    [some + 1, [all, 1]],
    [20_000, [all, 20_300 - all]],
    [100_000, [all, 100_300 - all]],
  ];
  for (const [length, sizes] of rows) {
    const content = new Uint8Array(length).fill(120);
    assertEquals(await writeSizes(new FakeSocket(), head, content), sizes);
  }
});

Deno.test("Connection.write() copies no large content where nothing waits for it", async () => {
  class NoDelaySocket extends FakeSocket {
    setNoDelay(): void {}
  }
  const content = new Uint8Array(100_000).fill(120);
  assertEquals(await writeSizes(new NoDelaySocket(), "head", content), [4, 100_000]);
  assertEquals(await writeSizes(new FakeSocket(), "", content), [100_000]);
});
