import { assertEquals, assertInstanceOf } from "@std/assert";
import type { FieldLine } from "../../lib/http/fields.ts";
import { ProtocolError } from "../../lib/http/grammar.ts";
import type { HttpVersion } from "../../lib/http/message.ts";
import { expectsContinue, originForm, requestHeadReader } from "../../lib/http/request.ts";
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

/** What a PUT with these values of Expect waits for, or the status code that refuses it. */
function expectation(values: string[], httpVersion: HttpVersion): boolean | number {
  const fields = fieldsWith(values.map((value): FieldLine => ["Expect", value]));
  try {
    return expectsContinue({ method: "PUT", requestTarget: "/", httpVersion, fields });
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    return error.statusHint;
  }
}

Deno.test("expectsContinue() follows RFC 9110 §10.1.1", () => {
  const rows: [values: string[], expected: boolean | number, httpVersion?: HttpVersion][] = [
    [["100-continue"], true],
    [["100-Continue"], true],
    [["100-CONTINUE"], true],
    [["100-continue", "100-continue"], true],
    [[], false],
    [[""], false],
    [["100-continue"], false, "1.0"],
    [["x"], 417],
    [["100"], 417],
    [["200-ok"], 417],
    [["100-continued"], 417],
    [["100-continue, x"], 417],
    [["100-continue;q=1"], 417],
    [["100-continue\xa0"], 417],
    [["a=b"], 417],
    [['"100-continue"'], 417],
  ];
  for (const [values, expected, httpVersion = "1.1"] of rows) {
    assertEquals(expectation(values, httpVersion), expected, `${values} ${httpVersion}`);
  }
});
