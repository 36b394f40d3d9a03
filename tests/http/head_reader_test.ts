import { assertEquals, assertThrows } from "@std/assert";
import { responseBodyFraming } from "../../lib/http/body.ts";
import { requestHeadReader, responseHeadReader } from "../../lib/http/head_reader.ts";
import { encodeOctets } from "../../lib/http/octets.ts";
import { ProtocolError } from "../../lib/http/protocol_error.ts";
import { HOSTS } from "../cases/hosts.ts";
import { REQUEST_FIELDS } from "../cases/request_fields.ts";
import { REQUEST_LINES, type RequestHeadValue } from "../cases/request_heads.ts";
import { REQUEST_LIMITS } from "../cases/request_limits.ts";
import { RESPONSE_HEADS, type ResponseHeadValue } from "../cases/response_heads.ts";
import { TOLERATED_HEADS } from "../cases/response_tolerances.ts";
import { type Read } from "../support/feed.ts";
import { checkRow, testRows } from "../support/rows.ts";

/** A new reader of request heads, whose values are those of the tables. */
function newRequestRead(): Read<RequestHeadValue & { host?: string }> {
  const reader = requestHeadReader();
  return (octets) => {
    const read = reader.read(octets);
    if (read === undefined) return undefined;
    const { fields, ...start } = read.head;
    const host = fields.get("host");
    const value = { ...start, fieldLines: [...fields], ...(host === undefined ? {} : { host }) };
    return { value, consumed: read.consumed };
  };
}

/** The same for response heads, with the framing of the body behind them. */
function newResponseRead(): Read<ResponseHeadValue> {
  const reader = responseHeadReader();
  return (octets) => {
    const read = reader.read(octets);
    if (read === undefined) return undefined;
    const { fields, ...start } = read.head;
    const framing = responseBodyFraming("GET", read.head);
    return { value: { ...start, fieldLines: [...fields], framing }, consumed: read.consumed };
  };
}

testRows("requestHeadReader() reads request lines as RFC 9112 has them", REQUEST_LINES, (row) => {
  checkRow(row, newRequestRead);
});

testRows("requestHeadReader() reads field lines as RFC 9112 has them", REQUEST_FIELDS, (row) => {
  checkRow(row, newRequestRead);
});

testRows("requestHeadReader() wants one Host, and a host in it", HOSTS, (row) => {
  checkRow(row, newRequestRead);
});

testRows("requestHeadReader() keeps its limits to the octet", REQUEST_LIMITS, (row) => {
  checkRow(row, newRequestRead);
});

testRows("responseHeadReader() reads what a server may send", RESPONSE_HEADS, (row) => {
  checkRow(row, newResponseRead);
});

testRows("responseHeadReader() bears what leaves no doubt", TOLERATED_HEADS, (row) => {
  checkRow(row, newResponseRead);
});

Deno.test("requestHeadReader() reads head after head, however they arrive", () => {
  const raw = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nHEAD /22 HTTP/1.0\r\n\r\n" +
    "GET /3 HTTP/1.1\r\nA: b\r\nHost: a\r\n\r\n";
  const octets = encodeOctets(raw);
  for (let size = 1; size <= octets.length; size++) {
    const reader = requestHeadReader();
    const targets: string[] = [];
    let start = 0;
    for (let end = size; start < octets.length; end += size) {
      const read = reader.read(octets.subarray(start, Math.min(end, octets.length)));
      if (read === undefined) continue;
      targets.push(read.head.requestTarget);
      start += read.consumed;
      end -= size; // What has arrived may hold the next one already.
    }
    assertEquals(targets, ["/1", "/22", "/3"], `${size} octets at a time`);
  }
});

Deno.test("requestHeadReader() gives each head its own fields", () => {
  const reader = requestHeadReader();
  const first = reader.read(encodeOctets("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n"));
  const second = reader.read(encodeOctets("GET / HTTP/1.1\r\nHost: b\r\n\r\n"));
  assertEquals([...first!.head.fields], [["Host", "a"], ["A", "1"]]);
  assertEquals([...second!.head.fields], [["Host", "b"]]);
});

Deno.test("requestHeadReader() refuses as soon as the octets cannot become a head", () => {
  for (const raw of ["GET / HTTP/1.1\n", "GET / HTTP/2.0\r\n", "GET / HTTP/1.1\r\n ", "\0"]) {
    const settled = raw.endsWith(" ") ? `${raw}A: b\r\n` : raw;
    assertThrows(() => requestHeadReader().read(encodeOctets(settled)), ProtocolError);
  }
});

Deno.test("requestHeadReader() quotes nothing of the input in its errors", () => {
  for (const row of [...REQUEST_LINES, ...REQUEST_FIELDS, ...HOSTS]) {
    if (row.verdict !== "refused") continue;
    const error = assertThrows(
      () => requestHeadReader().read(encodeOctets(row.raw)),
      ProtocolError,
    );
    assertEquals(/^[A-Z][\x20-\x7e]*\.$/.test(error.message), true, error.message);
  }
});
