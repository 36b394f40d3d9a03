import { originForm, requestHeadReader } from "../../lib/http/request.ts";
import { REQUEST_TARGETS, type TargetValue } from "../cases/request_targets.ts";
import { type Read } from "../support/feed.ts";
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
