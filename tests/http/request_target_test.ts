import { requestHeadReader } from "../../lib/http/head_reader.ts";
import { originForm } from "../../lib/http/request_target.ts";
import { REQUEST_TARGETS, type TargetValue } from "../cases/request_targets.ts";
import { type Read } from "../support/feed.ts";
import { checkRow, testRows } from "../support/rows.ts";

function newTargetRead(): Read<TargetValue> {
  const reader = requestHeadReader();
  return (octets) => {
    const read = reader.read(octets);
    if (read === undefined) return undefined;
    const { method, requestTarget } = read.head;
    return {
      value: { originForm: originForm(method, requestTarget) },
      consumed: read.consumed,
    };
  };
}

testRows("originForm() gives path and query byte for byte", REQUEST_TARGETS, (row) => {
  checkRow(row, newTargetRead);
});
