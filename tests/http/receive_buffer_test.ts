import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeLatin1, ProtocolError } from "../../lib/http/grammar.ts";
import { LENIENT } from "../../lib/http/limits.ts";
import { RECEIVE_BYTES, ReceiveBuffer } from "../../lib/http/receive_buffer.ts";
import { feed, received, textOf } from "../support/feed.ts";
import { randomInteger, seededRandom } from "../support/random.ts";

const tooLong = () => new ProtocolError("Too long.", 414);

/** What comes of one line of at most eight bytes. */
function line(raw: string) {
  return feed(() => (buffer) => buffer.line(8, tooLong), raw);
}

/** Lets this text arrive, as far as one read takes it; how much of it did. */
function arriveAtOnce(buffer: ReceiveBuffer, text: string): number {
  const room = buffer.makeRoom();
  const arrived = encodeLatin1(text.slice(0, room.length));
  room.set(arrived);
  buffer.add(arrived.length);
  return arrived.length;
}

Deno.test("ReceiveBuffer.line() takes a line and its CRLF", () => {
  for (const value of ["", "a", " ", "\t", "\x80\xff", "\xc3\xa9", "12345678"]) {
    const outcome = { verdict: "accepted", value, consumed: value.length + 2 } as const;
    assertEquals(line(`${value}\r\n`), outcome, value);
  }
});

Deno.test("ReceiveBuffer.line() waits for the end of a line", () => {
  for (const raw of ["", "a", "12345678", "\r", "12345678\r"]) {
    assertEquals(line(raw), { verdict: "incomplete" }, raw);
  }
});

Deno.test("ReceiveBuffer.line() refuses every byte that no line may hold", () => {
  const message = "A line holds a control character.";
  for (let byte = 0; byte < 256; byte++) {
    const isControl = (byte < 0x20 && byte !== 0x09) || byte === 0x7f;
    if (byte === 0x0d) continue;
    const raw = `a${String.fromCharCode(byte)}\r\n`;
    const expected = byte === 0x0a ? "A line ends in a bare LF, where CR LF is needed." : message;
    const outcome = isControl
      ? { verdict: "refused", status: 400, message: expected } as const
      : { verdict: "accepted", value: raw.slice(0, 2), consumed: 4 } as const;
    assertEquals(line(raw), outcome, `${byte}`);
  }
});

Deno.test("ReceiveBuffer.line() refuses a CR without its LF", () => {
  for (const raw of ["\ra\r\n", "a\r\r\n", "a\r\0", "12345678\ra"]) {
    const outcome = line(raw);
    assertEquals(outcome.verdict === "refused" && outcome.status, 400, raw);
  }
});

Deno.test("ReceiveBuffer.line() refuses a line of one byte too many", () => {
  const outcome = { verdict: "refused", status: 414, message: "Too long." } as const;
  for (const raw of ["123456789", "123456789\r\n", "123456789\0"]) {
    assertEquals(line(raw), outcome, raw);
  }
});

Deno.test("ReceiveBuffer.line() takes in lenient reading what LF alone ends", () => {
  const lines = (raw: string) =>
    feed(() => {
      const taken: string[] = [];
      return (buffer) => {
        while (taken.length < 3) {
          const text = buffer.line(8, tooLong, LENIENT);
          if (text === undefined) return undefined;
          taken.push(text);
        }
        return taken;
      };
    }, raw);
  const value = ["a\x01", "", "b"];
  assertEquals(lines("a\x01\n\r\nb\n"), { verdict: "accepted", value, consumed: 7 });
  assertEquals(lines("a\nb\0\n").verdict, "refused");
});

Deno.test("ReceiveBuffer.line() and take() take lines and bytes in turn", () => {
  const random = seededRandom(12);
  for (let round = 0; round < 200; round++) {
    const buffer = new ReceiveBuffer(16);
    let raw = "";
    const expected: string[] = [];
    for (let i = 0; i < 10; i++) {
      const text = "line \xe9".repeat(randomInteger(random, 300));
      const bytes = "\0\r\n\xff".repeat(randomInteger(random, 2000));
      raw += `${text}\r\n${bytes}`;
      expected.push(text, bytes);
    }
    const taken: string[] = [];
    for (let at = 0; taken.length < expected.length;) {
      const next = expected[taken.length]!;
      const text = taken.length % 2 === 0
        ? buffer.line(10_000, tooLong)
        : buffer.length >= next.length
        ? textOf(buffer.take(next.length))
        : undefined;
      if (text === undefined) {
        at += arriveAtOnce(buffer, raw.slice(at, at + 1 + randomInteger(random, 5000)));
      } else taken.push(text);
    }
    assert(taken.every((text, i) => text === expected[i]), `round ${round}`);
  }
});

Deno.test("ReceiveBuffer.takeIf() takes a text only when all of it is at the front", () => {
  const long = "x".repeat(3000);
  const buffer = received(`a\r\n${long}b\r\nc`);
  assertEquals(buffer.takeIf("\r\n"), false);
  assertEquals(buffer.line(8, tooLong), "a");
  assertEquals([buffer.takeIf(`${long}c`), buffer.takeIf(long)], [false, true]);
  assertEquals([buffer.takeIf("b\r\ncd"), buffer.takenBytes], [false, 3003]);
  assertEquals([buffer.takeIf("b\r\nc"), buffer.length], [true, 0]);
  assertEquals([buffer.takeIf(""), buffer.takeIf("a")], [true, false]);
});

Deno.test("ReceiveBuffer.lastTaken() tells again what was taken until there is room for more", () => {
  const buffer = received("one\r\ntwo\r\nx");
  buffer.line(8, tooLong);
  buffer.line(8, tooLong);
  assertEquals([buffer.lastTaken(5), buffer.lastTaken(10)], ["two\r\n", "one\r\ntwo\r\n"]);
  buffer.makeRoom();
  assertEquals(buffer.lastTaken(5), "");
  // The text of what is short is at hand, and no more of it than was needed.
  const long = received(`${"x".repeat(1023)}\r\ny`);
  long.line(2000, tooLong);
  assertEquals([long.lastTaken(1025), long.lastTaken(1)], ["", ""]);
});

Deno.test("ReceiveBuffer gives what arrived, whatever is taken in between", () => {
  const random = seededRandom(11);
  const buffer = new ReceiveBuffer(16);
  let expected = "";
  let next = 0;
  for (let i = 0; i < 5000; i++) {
    const text = Array.from(
      { length: 1 + randomInteger(random, 40) },
      () => String.fromCharCode(0x21 + next++ % 90),
    ).join("");
    const count = arriveAtOnce(buffer, text);
    next -= text.length - count;
    expected += text.slice(0, count);
    assertEquals([textOf(buffer.bytes), buffer.length], [expected, expected.length]);
    const taken = randomInteger(random, expected.length + 1);
    assertEquals(textOf(buffer.take(taken)), expected.slice(0, taken));
    expected = expected.slice(taken);
  }
});

Deno.test("ReceiveBuffer grows for a message that needs it, and gives the memory back", () => {
  const buffer = new ReceiveBuffer();
  for (let left = 100_000; left > 0;) left -= arriveAtOnce(buffer, "x".repeat(left));
  assertEquals(buffer.length, 100_000);
  buffer.take(100_000);
  assertEquals(buffer.makeRoom().length, RECEIVE_BYTES);
});

Deno.test("ReceiveBuffer reads more at a time from a peer that fills it, within bounds", () => {
  const buffer = new ReceiveBuffer();
  const sizes: number[] = [];
  for (let i = 0; i < 6; i++) {
    const count = arriveAtOnce(buffer, "x".repeat(100_000));
    sizes.push(count);
    buffer.take(count);
  }
  assertEquals(sizes, [1024, 2048, 4096, 4096, 4096, 4096]);
  buffer.take(arriveAtOnce(buffer, "x"));
  assertEquals(buffer.makeRoom().length, 4096, "a peer that pipelines does so again");
});

Deno.test("ReceiveBuffer.release() lets others have the memory, and no one two of it", () => {
  const one = new ReceiveBuffer();
  const memory = one.makeRoom().buffer;
  one.release();
  assertEquals([one.length, one.bytes.length], [0, 0]);
  const others = Array.from({ length: 3 }, () => new ReceiveBuffer().makeRoom().buffer);
  assertEquals(others.filter((it) => it === memory).length, 1);
  const large = new ReceiveBuffer(4096);
  assertLessOrEqual(4096, large.makeRoom().length);
});
