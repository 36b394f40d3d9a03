import type { FieldLine } from "../../lib/http/fields.ts";
import { responseBodyFraming } from "../../lib/http/body.ts";
import { fieldsWith } from "../support/field_lines.ts";
import type { ResponseHead } from "../../lib/http/response.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Kept,
  keptOf,
  type Offer,
  offerOf,
  rangeFields,
} from "../../lib/download/representation.ts";

const KEPT: Kept = { position: 40, entityTag: '"x"', length: 100 };

function offered(statusCode: number, fieldLines: readonly FieldLine[], kept?: Kept): Offer {
  const fields = fieldsWith(fieldLines);
  const head: ResponseHead = { httpVersion: "1.1", statusCode, reasonPhrase: "", fields };
  return offerOf(head, responseBodyFraming("GET", head), kept);
}

Deno.test("keptOf() keeps only what a strong ETag and a length tell the rest of", () => {
  const representation = { entityTag: '"x"', length: 100 };
  assertEquals(keptOf(representation, 40), KEPT);
  for (const position of [0, 100]) assertEquals(keptOf(representation, position), undefined);
  assertEquals(keptOf({ ...representation, entityTag: undefined }, 40), undefined);
  assertEquals(keptOf({ ...representation, length: undefined }, 40), undefined);
  assertEquals(keptOf(undefined, 40), undefined);
});

Deno.test("rangeFields() asks for the rest, if it is the same", () => {
  assertEquals(rangeFields(KEPT), [["Range", "bytes=40-"], ["If-Range", '"x"']]);
});

Deno.test("offerOf() takes a 200 for the whole, of what it says", () => {
  const whole = (fieldLines: readonly FieldLine[], kept?: Kept) => offered(200, fieldLines, kept);
  const length: FieldLine = ["Content-Length", "100"];
  assertEquals(whole([length, ["ETag", '"x"']]), {
    kind: "whole",
    representation: { entityTag: '"x"', length: 100 },
  });
  for (const weak of ['W/"x"', "x", "", '"\xe9"']) {
    assertEquals(whole([length, ["ETag", weak]], KEPT), {
      kind: "whole",
      representation: { entityTag: undefined, length: 100 },
    });
  }
  assertEquals(whole([length, ["ETag", '"x"'], ["ETag", '"y"']]).kind, "whole");
  assertEquals(whole([["ETag", '"x"'], ["Transfer-Encoding", "chunked"]], KEPT), {
    kind: "whole",
    representation: { entityTag: '"x"', length: undefined },
  });
  assertEquals(whole([length, ["ETag", '"y"']], KEPT).kind, "whole");
  assertEquals(whole([["Content-Length", "99"], ["ETag", '"x"']], KEPT).kind, "whole");
  assertEquals(whole([length, ["ETag", '"x"']], KEPT), { kind: "again" });
});

Deno.test("offerOf() takes a 206 for the rest only when it is proved to be", () => {
  const part = (range: string, length = "60", tag = '"x"') =>
    offered(206, [["Content-Range", range], ["Content-Length", length], ["ETag", tag]], KEPT);
  assertEquals(part("bytes 40-99/100"), { kind: "rest", octets: 60 });
  assertEquals(part("bytes 40-59/100", "20"), { kind: "rest", octets: 20 });
  assertEquals(offered(206, [["Content-Range", "bytes 0-8/9"]]), {
    kind: "whole",
    representation: { entityTag: undefined, length: 9 },
  });
  const faulty: readonly [Offer, string][] = [
    [part("bytes 41-99/100", "59"), "begins at 41, but was asked for from 40"],
    [part("bytes 0-99/100", "100"), "begins at 0"],
    [part("bytes 0-98/100", "99"), "begins at 0"],
    [part("bytes 40-99/101"), "of 101 bytes in all, but there were 100"],
    [part("bytes 40-100/100", "61"), "of 100 bytes in all"],
    [part("bytes 40-99/*"), "does not say which one"],
    [part("bytes */100"), "does not say which one"],
    [part("lines 40-99/100"), "does not say which one"],
    [part("bytes 40-99/100", "59"), "not as long as it says"],
    [part("bytes 40-39/100", "0"), "not as long as it says"],
    [part("bytes 40-99/100", "60", '"y"'), "another ETag"],
    [part("bytes 40-99/100", "60", 'W/"x"'), "another ETag"],
    [offered(206, [["Content-Range", "bytes 40-99/100"]], KEPT), "another ETag"],
    [offered(206, [["ETag", '"x"']], KEPT), "does not say which one"],
    [offered(206, [["Content-Range", "bytes 40-99/100"]]), "nobody asked for"],
  ];
  for (const [offer, why] of faulty) {
    assertEquals(offer.kind, "faulty", why);
    assertStringIncludes((offer as { reason: string }).reason, why);
  }
});
