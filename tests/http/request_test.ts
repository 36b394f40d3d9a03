import { assertEquals, assertThrows } from "@std/assert";
import type { FieldLine } from "../../lib/http/fields.ts";
import { ProtocolError } from "../../lib/http/grammar.ts";
import type { HttpVersion } from "../../lib/http/message.ts";
import {
  expectsContinue,
  originForm,
  type RequestHead,
  requestHeadReader,
} from "../../lib/http/request.ts";
import { REQUEST_TARGETS, type TargetValue } from "../cases/request_targets.ts";
import type { Read } from "../support/feed.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { checkRow, testRows } from "../support/rows.ts";

function newTargetRead(): Read<TargetValue> {
  const reader = requestHeadReader();
  return (buffer) => {
    const head = reader.read(buffer);
    return head && { originForm: originForm(head.method, head.requestTarget) };
  };
}

testRows("originForm() gives path and query byte for byte", REQUEST_TARGETS, (row) => {
  checkRow(row, newTargetRead);
});

function head(values: string[], httpVersion: HttpVersion = "1.1"): RequestHead {
  const fields = fieldsWith(values.map((value): FieldLine => ["Expect", value]));
  return { method: "PUT", requestTarget: "/", httpVersion, fields };
}

Deno.test("expectsContinue() is true for 100-continue in any case", () => {
  for (const values of [["100-continue"], ["100-Continue"], ["100-CONTINUE"]]) {
    assertEquals(expectsContinue(head(values)), true, values[0]);
  }
  assertEquals(expectsContinue(head(["100-continue", "100-continue"])), true);
});

Deno.test("expectsContinue() is false when nothing is expected", () => {
  assertEquals(expectsContinue(head([])), false);
  assertEquals(expectsContinue(head([""])), false);
});

Deno.test("expectsContinue() passes over the expectation of HTTP/1.0 (RFC 9110 §10.1.1)", () => {
  assertEquals(expectsContinue(head(["100-continue"], "1.0")), false);
});

Deno.test("expectsContinue() refuses what no one here can meet with 417", () => {
  const others = ["x", "100", "200-ok", "100-continued", "100-continue, x", "100-continue;q=1"];
  for (const value of [...others, "100-continue\xa0", "a=b", '"100-continue"']) {
    const error = assertThrows(() => expectsContinue(head([value])), ProtocolError);
    assertEquals(error.statusHint, 417, value);
  }
});
