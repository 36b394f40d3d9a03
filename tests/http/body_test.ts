import { type BodyFraming, requestBodyFraming, responseBodyFraming } from "../../lib/http/body.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { requestHeadReader } from "../../lib/http/request.ts";
import { assertEquals } from "@std/assert";
import { REQUEST_FRAMING } from "../cases/request_framing.ts";
import type { Read } from "../support/feed.ts";
import { checkRow, testRows } from "../support/rows.ts";

function newFramingRead(): Read<{ framing: BodyFraming }> {
  const reader = requestHeadReader();
  return (buffer) => {
    const head = reader.read(buffer);
    return head && { framing: requestBodyFraming(head) };
  };
}

testRows("requestBodyFraming() never guesses", REQUEST_FRAMING, (row) => {
  if (row.verdict !== "accepted") return checkRow(row, newFramingRead);
  checkRow({ ...row, value: { framing: row.value.framing } }, newFramingRead);
});

Deno.test("responseBodyFraming() gives the answer to HEAD no body, whatever its fields say", () => {
  const sections = [
    [],
    [["Content-Length", "5"]],
    [["Transfer-Encoding", "chunked"]],
    [["Content-Length", "5"], ["Content-Length", "6"]],
  ] as const;
  for (const section of sections) {
    const head = {
      httpVersion: "1.1",
      statusCode: 200,
      reasonPhrase: "OK",
      fields: fieldsWith(section),
    } as const;
    assertEquals(responseBodyFraming("HEAD", head), { kind: "none" });
  }
});
