import { fieldsWith } from "../support/field_lines.ts";
import { isWhole } from "../../lib/http/response.ts";
import { assertEquals } from "@std/assert";
import { WHOLE_ANSWERS } from "../cases/response_tolerances.ts";

Deno.test("isWhole() tells answers that bring the whole content", () => {
  for (const [statusCode, range, expected] of WHOLE_ANSWERS) {
    const fields = fieldsWith(range === undefined ? [] : [["Content-Range", range]]);
    const head = { httpVersion: "1.1", statusCode, reasonPhrase: "", fields } as const;
    assertEquals(isWhole(head), expected, `${statusCode} ${range}`);
  }
});
