import type { FieldLine } from "../../lib/http/fields.ts";
import { responseBodyFraming } from "../../lib/http/body.ts";
import { fieldsWith } from "../support/field_lines.ts";
import type { ResponseHead } from "../../lib/http/response.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  OVERLAP_BYTES,
  rangeFields,
  type ResumeDecision,
  resumeDecisionOf,
  type ResumePoint,
  resumePointOf,
} from "../../lib/download/output/resume.ts";

/** Of this the bytes from 40 on are asked for again. */
const POINT: ResumePoint = {
  position: OVERLAP_BYTES + 40,
  entityTag: '"x"',
  length: OVERLAP_BYTES + 100,
};
const TOTAL = POINT.length;
const REST = TOTAL - 40;

function decisionFor(
  statusCode: number,
  fieldLines: readonly FieldLine[],
  point?: ResumePoint,
): ResumeDecision {
  const fields = fieldsWith(fieldLines);
  const head: ResponseHead = { httpVersion: "1.1", statusCode, reasonPhrase: "", fields };
  return resumeDecisionOf(head, responseBodyFraming("GET", head), point);
}

Deno.test("resumePointOf() keeps only what a strong ETag and a length tell the rest of", () => {
  const representation = { entityTag: '"x"', length: TOTAL };
  assertEquals(resumePointOf(representation, POINT.position), POINT);
  for (const position of [0, TOTAL]) {
    assertEquals(resumePointOf(representation, position), undefined);
  }
  assertEquals(resumePointOf({ ...representation, entityTag: undefined }, 40), undefined);
  assertEquals(resumePointOf({ ...representation, length: undefined }, 40), undefined);
  assertEquals(resumePointOf(undefined, 40), undefined);
});

Deno.test("rangeFields() asks for the rest, and what is before it, if it is the same", () => {
  assertEquals(rangeFields(POINT), [["Range", "bytes=40-"], ["If-Range", '"x"']]);
  assertEquals(rangeFields({ ...POINT, position: 1 })[0], ["Range", "bytes=0-"]);
});

Deno.test("resumeDecisionOf() takes a 200 for the whole, of what it says", () => {
  const whole = (fieldLines: readonly FieldLine[], point?: ResumePoint) =>
    decisionFor(200, fieldLines, point);
  const length: FieldLine = ["Content-Length", `${TOTAL}`];
  assertEquals(whole([length, ["ETag", '"x"']]), {
    kind: "whole",
    start: 0,
    known: 0,
    bytes: TOTAL,
    representation: { entityTag: '"x"', length: TOTAL },
  });
  for (const weak of ['W/"x"', "x", "", '"\xe9"']) {
    assertEquals(whole([length, ["ETag", weak]], POINT), {
      kind: "whole",
      start: 0,
      known: 0,
      bytes: TOTAL,
      representation: { entityTag: undefined, length: TOTAL },
    });
  }
  assertEquals(whole([length, ["ETag", '"x"'], ["ETag", '"y"']]).kind, "whole");
  assertEquals(whole([["ETag", '"x"'], ["Transfer-Encoding", "chunked"]], POINT), {
    kind: "whole",
    start: 0,
    known: 0,
    bytes: undefined,
    representation: { entityTag: '"x"', length: undefined },
  });
  assertEquals(whole([length, ["ETag", '"y"']], POINT).kind, "whole");
  assertEquals(whole([["Content-Length", `${TOTAL - 1}`], ["ETag", '"x"']], POINT).kind, "whole");
  assertEquals(whole([length, ["ETag", '"x"']], POINT), {
    kind: "again",
    start: 0,
    known: POINT.position,
    bytes: TOTAL,
  });
});

Deno.test("resumeDecisionOf() takes a 206 for the rest only when it is proved to be", () => {
  const part = (range: string, length = REST, tag = '"x"') =>
    decisionFor(
      206,
      [["Content-Range", range], ["Content-Length", `${length}`], ["ETag", tag]],
      POINT,
    );
  const rest = (fresh: number): ResumeDecision => {
    return { kind: "rest", start: 40, known: OVERLAP_BYTES, bytes: OVERLAP_BYTES + fresh };
  };
  const last = TOTAL - 1;
  assertEquals(part(`bytes 40-${last}/${TOTAL}`), rest(60));
  assertEquals(part(`bytes 40-${last - 40}/${TOTAL}`, REST - 40), rest(20));
  assertEquals(decisionFor(206, [["Content-Range", "bytes 0-8/9"]]), {
    kind: "whole",
    start: 0,
    known: 0,
    bytes: 9,
    representation: { entityTag: undefined, length: 9 },
  });
  const faulty: readonly [ResumeDecision, string][] = [
    [part(`bytes 41-${last}/${TOTAL}`, REST - 1), "begins at 41, but was asked for from 40"],
    [part(`bytes ${POINT.position}-${last}/${TOTAL}`, 60), "but was asked for from 40"],
    [part(`bytes 0-${last}/${TOTAL}`, TOTAL), "begins at 0"],
    [part(`bytes 0-${last - 1}/${TOTAL}`, TOTAL - 1), "begins at 0"],
    [part(`bytes 40-${last}/${TOTAL + 1}`), `but there were ${TOTAL}`],
    [part(`bytes 40-${TOTAL}/${TOTAL}`, REST + 1), `of ${TOTAL} bytes in all`],
    [part(`bytes 40-${last}/*`), "does not say which one"],
    [part(`bytes */${TOTAL}`), "does not say which one"],
    [part(`lines 40-${last}/${TOTAL}`), "does not say which one"],
    [part(`bytes 40-${last}/${TOTAL}`, REST - 1), "not as long as it says"],
    [part(`bytes 40-39/${TOTAL}`, 0), "not as long as it says"],
    [part(`bytes 40-${POINT.position - 1}/${TOTAL}`, OVERLAP_BYTES), "not as long as it says"],
    [part(`bytes 40-${last}/${TOTAL}`, REST, '"y"'), "another ETag"],
    [part(`bytes 40-${last}/${TOTAL}`, REST, 'W/"x"'), "another ETag"],
    [decisionFor(206, [["Content-Range", `bytes 40-${last}/${TOTAL}`]], POINT), "another ETag"],
    [decisionFor(206, [["ETag", '"x"']], POINT), "does not say which one"],
    [decisionFor(206, [["Content-Range", `bytes 40-${last}/${TOTAL}`]]), "nobody asked for"],
  ];
  for (const [decision, why] of faulty) {
    assertEquals(decision.kind, "faulty", why);
    assertStringIncludes((decision as { reason: string }).reason, why);
  }
});
